// Memory aligned for vectors and tiles.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace engine {

constexpr std::size_t alignment = 64;  // bytes: a cache line, the widest vector, a tile's row

// A standard allocator of aligned memory.
template <class T>
struct Aligned {
    using value_type = T;
    Aligned() = default;
    template <class U>
    Aligned(const Aligned<U>& /*other*/) {}  // NOLINT(misc-explicit-constructor): as std requires
    T* allocate(std::size_t count) {
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(alignment)));
    }
    void deallocate(T* pointer, std::size_t /*count*/) {
        ::operator delete(pointer, std::align_val_t(alignment));
    }
    bool operator==(const Aligned& /*other*/) const { return true; }
    bool operator!=(const Aligned& /*other*/) const { return false; }
};

template <class T>
using AlignedVector = std::vector<T, Aligned<T>>;
using Bytes = AlignedVector<std::byte>;

// A thread's working memory, reused from unit to unit.
//
// Every unit of a pass takes the same pieces in the same order. Each piece is an allocation of its
// own, so AddressSanitizer detects reads beyond its end.
class Scratch {
public:
    // Take the next piece. It holds zeros when new, else whatever its last user left.
    std::byte* take(std::size_t bytes) {
        if (next_ == pieces_.size()) pieces_.emplace_back();
        Bytes& piece = pieces_[next_++];
        if (piece.size() < bytes) piece.assign(bytes, std::byte{});
        return piece.data();
    }
    // Make all pieces available again.
    void reset() { next_ = 0; }

private:
    std::vector<Bytes> pieces_;
    std::size_t next_ = 0;
};

}  // namespace engine
