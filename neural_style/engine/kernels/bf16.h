// Conversions from fp32 to bf16, the upper half of its bits, and back.
//
// The including file sets LANES to 16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vector.h"

#if defined(__AVX512BF16__) && !defined(ENGINE_WITHOUT_VECTORS)
#include <immintrin.h>
#endif

namespace {

static_assert(LANES == 16, "AVX-512 converts two vectors of 16 floats at once");

inline std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Round to nearest, ties to even. Like VCVTNE2PS2BF16, replace denormal numbers by zero, and keep
// NaN.
inline std::uint16_t to_bf16(float value) {
    const std::uint32_t bits = bits_of(value);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    const std::uint32_t infinity = 0x7f800000, smallest_normal = 0x00800000;
    const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const std::uint32_t nan = bits >> 16 | 0x40;
    const std::uint32_t zero = bits >> 16 & 0x8000;
    return static_cast<std::uint16_t>(magnitude < smallest_normal ? zero
                                      : magnitude > infinity      ? nan
                                                                  : rounded);
}

inline float to_fp32(std::uint16_t bf16) {
    const std::uint32_t bits = std::uint32_t(bf16) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

#if defined(__AVX512BF16__) && !defined(ENGINE_WITHOUT_VECTORS)

// 32 values, and half of them.
using Bf16s __attribute__((vector_size(2 * LANES * sizeof(std::uint16_t)))) = std::uint16_t;
using HalfOfBf16s __attribute__((vector_size(LANES * sizeof(std::uint16_t)))) = std::uint16_t;
using Integers __attribute__((vector_size(LANES * sizeof(std::int32_t)))) = std::int32_t;

inline Bf16s to_bf16(Vector low, Vector high) {
    return Bf16s(_mm512_cvtne2ps_pbh(__m512(high), __m512(low)));
}

// GCC 12 compiles the equivalent __builtin_convertvector to six instructions.
inline Vector to_fp32(HalfOfBf16s half) {
    return Vector(Integers(_mm512_maskz_cvtepu16_epi32(0xffff, __m256i(half))) << 16);
}

// Masked, as above: GCC 11 lacks __builtin_shufflevector, and GCC 12 warns about its own headers
// for the unmasked intrinsics.
inline Vector low_half(Bf16s values) {
    return to_fp32(HalfOfBf16s(_mm512_maskz_extracti64x4_epi64(0xf, __m512i(values), 0)));
}
inline Vector high_half(Bf16s values) {
    return to_fp32(HalfOfBf16s(_mm512_maskz_extracti64x4_epi64(0xf, __m512i(values), 1)));
}

#else

struct Bf16s {
    std::uint16_t lane[2 * LANES];
};

inline Bf16s to_bf16(Vector low, Vector high) {
    Bf16s values;
    for (int i = 0; i < LANES; i++) {
        values.lane[i] = to_bf16(low[i]);
        values.lane[LANES + i] = to_bf16(high[i]);
    }
    return values;
}

inline Vector to_fp32(const std::uint16_t* lanes) {
    float values[LANES];
    for (int i = 0; i < LANES; i++) values[i] = to_fp32(lanes[i]);
    return read(values);
}

inline Vector low_half(const Bf16s& values) { return to_fp32(values.lane); }
inline Vector high_half(const Bf16s& values) { return to_fp32(values.lane + LANES); }

#endif

inline Bf16s read_bf16s(const std::byte* from) {
    Bf16s values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

inline void write_bf16s(std::byte* to, Bf16s values) { std::memcpy(to, &values, sizeof values); }

}  // namespace
