// Memory aligned for vectors and tiles.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace engine {

constexpr std::size_t alignment = 64;  // bytes: a cache line, the widest vector, a tile's row

template <class T>
struct Aligned {
    using value_type = T;
    Aligned() = default;
    template <class U>
    Aligned(const Aligned<U>&) {}
    T* allocate(std::size_t count) {
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(alignment)));
    }
    void deallocate(T* pointer, std::size_t) {
        ::operator delete(pointer, std::align_val_t(alignment));
    }
    bool operator==(const Aligned&) const { return true; }
    bool operator!=(const Aligned&) const { return false; }
};

template <class T>
using AlignedVector = std::vector<T, Aligned<T>>;
using Bytes = AlignedVector<std::byte>;

// A thread's working memory. Every unit of work takes the same pieces in the same order, so each
// piece stays from unit to unit. Pieces are allocations of their own: AddressSanitizer sees
// whoever reads beyond one.
class Scratch {
public:
    // Zeros at first; later what was there before.
    std::byte* take(std::size_t bytes) {
        if (next_ == pieces_.size()) pieces_.emplace_back();
        Bytes& piece = pieces_[next_++];
        if (piece.size() < bytes) piece.assign(bytes, std::byte{});
        return piece.data();
    }
    template <class T>
    T* take(std::size_t count) {
        return reinterpret_cast<T*>(take(count * sizeof(T)));
    }
    void reset() { next_ = 0; }

private:
    std::vector<Bytes> pieces_;
    std::size_t next_ = 0;
};

}  // namespace engine
