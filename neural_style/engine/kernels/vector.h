// Vectors of LANES floats; the including file sets LANES.
//
// GCC and Clang support vectors of any length on every processor. For other compilers the same
// operations are loops, which they may vectorize.
#pragma once

#include <cstddef>
#include <cstring>

// For functions with an inner loop: inlined into a larger function, its pointers would not stay in
// registers.
#ifdef _MSC_VER
#define ENGINE_NOT_INLINE __declspec(noinline)
#else
#define ENGINE_NOT_INLINE __attribute__((noinline))
#endif

// For loops that clear vectors: without it, GCC clears them in memory before it loads them.
#ifdef __GNUC__
#define ENGINE_UNROLL _Pragma("GCC unroll 16")
#else
#define ENGINE_UNROLL
#endif

namespace {

#if defined(__GNUC__) && !defined(ENGINE_WITHOUT_VECTORS)

using Vector __attribute__((vector_size(LANES * sizeof(float)))) = float;

// Keeps NaN, which max(v, 0) would replace by 0.
inline Vector relu(Vector v) {
    const Vector zero{};
    return v < zero ? zero : v;
}

#else

struct Vector {
    float lane[LANES];
    float operator[](int i) const { return lane[i]; }
};

#define ENGINE_EACH_LANE(expression)                             \
    Vector result;                                               \
    for (int i = 0; i < LANES; i++) result.lane[i] = expression; \
    return result

inline Vector operator+(Vector a, Vector b) { ENGINE_EACH_LANE(a.lane[i] + b.lane[i]); }
inline Vector operator-(Vector a, Vector b) { ENGINE_EACH_LANE(a.lane[i] - b.lane[i]); }
inline Vector operator*(Vector a, Vector b) { ENGINE_EACH_LANE(a.lane[i] * b.lane[i]); }
inline Vector operator*(float a, Vector b) { ENGINE_EACH_LANE(a * b.lane[i]); }
inline Vector relu(Vector v) { ENGINE_EACH_LANE(v.lane[i] < 0 ? 0 : v.lane[i]); }
inline Vector& operator+=(Vector& a, Vector b) { return a = a + b; }

#undef ENGINE_EACH_LANE

#endif

inline Vector read(const float* from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

inline void write(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }

// The sum of all lanes, from the first to the last.
inline float total(Vector v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

#if defined(__GNUC__) && !defined(ENGINE_WITHOUT_VECTORS)

template <int lanes>
struct VectorOf {
    using type __attribute__((vector_size(lanes * sizeof(float)))) = float;
};

// The sum of all lanes by halves: faster, and rounded differently.
template <int lanes = LANES>
float total_by_halves(typename VectorOf<lanes>::type v) {
    if constexpr (lanes == 1) {
        return v[0];
    } else {
        typename VectorOf<lanes / 2>::type halves[2];
        std::memcpy(halves, &v, sizeof v);
        return total_by_halves<lanes / 2>(halves[0] + halves[1]);
    }
}

#else

inline float total_by_halves(Vector v) { return total(v); }

#endif

inline const float* floats(const std::byte* bytes) { return reinterpret_cast<const float*>(bytes); }
inline float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }

}  // namespace
