// Vectors of LANES floats, for the file that includes this.
//
// GCC and Clang have them in the language, for every processor; for other compilers the same
// operations are loops, which they make vectors of where they can.
#pragma once

#include <cstring>

// For a function with an inner loop, whose pointers do not fit into the registers beside those of a
// larger function around it.
#if defined(_MSC_VER)
#define ENGINE_NOT_INLINE __declspec(noinline)
#else
#define ENGINE_NOT_INLINE __attribute__((noinline))
#endif

// For a loop over vectors that are in registers: GCC would clear them in memory first.
#if defined(__GNUC__)
#define ENGINE_UNROLL _Pragma("GCC unroll 16")
#else
#define ENGINE_UNROLL
#endif

namespace {

#if defined(__GNUC__) && !defined(ENGINE_WITHOUT_VECTORS)

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));

// Not max(v, 0), which would make a number of NaN.
inline Vector rectified(Vector v) {
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
inline Vector rectified(Vector v) { ENGINE_EACH_LANE(v.lane[i] < 0 ? 0 : v.lane[i]); }
inline Vector& operator+=(Vector& a, Vector b) { return a = a + b; }

#undef ENGINE_EACH_LANE

#endif

inline Vector read(const float* from) {
    Vector v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

inline void write(float* to, Vector v) { std::memcpy(to, &v, sizeof v); }

inline float total(Vector v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

}  // namespace
