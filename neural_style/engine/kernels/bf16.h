// From fp32 to bf16, which is the upper half of its bits, and back, and to a picture's bytes.
//
// Of vectors for those who include this after they have set LANES to 16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vector.h"

#if defined(__AVX512BF16__) && !defined(ENGINE_WITHOUT_VECTORS)
#include <immintrin.h>
#endif

namespace {

static_assert(LANES == 16, "two vectors are rounded to 32 values");

inline std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// Rounded to nearest, a tie to even. As the instruction has it, numbers so small that they have
// fewer digits become zero, and NaN stays NaN.
inline std::uint16_t rounded_to_bf16(float value) {
    const std::uint32_t bits = bits_of(value);
    const std::uint32_t size = bits & 0x7fffffff, infinity = 0x7f800000, smallest = 0x00800000;
    const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const std::uint32_t not_a_number = bits >> 16 | 0x40;
    const std::uint32_t zero = bits >> 16 & 0x8000;
    return static_cast<std::uint16_t>(size < smallest   ? zero
                                      : size > infinity ? not_a_number
                                                        : rounded);
}

inline float widened(std::uint16_t half) {
    const std::uint32_t bits = std::uint32_t(half) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

#if defined(__AVX512BF16__) && !defined(ENGINE_WITHOUT_VECTORS)

typedef std::uint16_t Halves __attribute__((vector_size(2 * LANES * sizeof(std::uint16_t))));
typedef std::uint16_t HalfLanes __attribute__((vector_size(LANES * sizeof(std::uint16_t))));
typedef std::uint8_t Bytes __attribute__((vector_size(LANES)));
typedef std::int32_t Integers __attribute__((vector_size(LANES * sizeof(std::int32_t))));

inline Halves rounded_to_bf16(Vector low, Vector high) {
    return (Halves)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
}

// GCC 12 makes six instructions of a conversion in the language here.
inline Vector widened(HalfLanes lanes) {
    return (Vector)((Integers)_mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)lanes) << 16);
}

// Masked, as above: GCC 11 has no shuffles in the language, and GCC 12 warns of its own headers.
inline Vector low_of(Halves h) {
    return widened((HalfLanes)_mm512_maskz_extracti64x4_epi64(0xf, (__m512i)h, 0));
}
inline Vector high_of(Halves h) {
    return widened((HalfLanes)_mm512_maskz_extracti64x4_epi64(0xf, (__m512i)h, 1));
}

// Clamped to 0..255, then their fractions cut off; NaN becomes 0.
inline void write_bytes(std::uint8_t* to, Vector values) {
    const Vector least{}, most = least + 255;
    values = values > least ? values : least;
    values = values < most ? values : most;
    const Bytes bytes = __builtin_convertvector(__builtin_convertvector(values, Integers), Bytes);
    std::memcpy(to, &bytes, sizeof bytes);
}

#else

struct Halves {
    std::uint16_t lane[2 * LANES];
};

inline Halves rounded_to_bf16(Vector low, Vector high) {
    Halves halves;
    for (int i = 0; i < LANES; i++) {
        halves.lane[i] = rounded_to_bf16(low[i]);
        halves.lane[LANES + i] = rounded_to_bf16(high[i]);
    }
    return halves;
}

inline Vector widened_lanes(const std::uint16_t* lanes) {
    float values[LANES];
    for (int i = 0; i < LANES; i++) values[i] = widened(lanes[i]);
    return read(values);
}

inline Vector low_of(Halves halves) { return widened_lanes(halves.lane); }
inline Vector high_of(Halves halves) { return widened_lanes(halves.lane + LANES); }

inline void write_bytes(std::uint8_t* to, Vector values) {
    for (int i = 0; i < LANES; i++) {
        const float above = values[i] > 0 ? values[i] : 0;
        to[i] = static_cast<std::uint8_t>(above < 255 ? above : 255);
    }
}

#endif

inline Halves read_halves(const std::byte* from) {
    Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    return halves;
}

inline void write_halves(std::byte* to, Halves halves) { std::memcpy(to, &halves, sizeof halves); }

}  // namespace
