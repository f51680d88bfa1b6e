// Tiles: eight registers of 16 rows of 64 bytes, and their product.
//
// A tile of inputs has one row per pixel, with 32 channels in bf16. A tile of weights has one row
// per pair of channels, with two weights for each of 16 outputs. Their product is added to a tile
// of sums, which has one row per pixel, with 16 outputs in fp32.
//
// There are two implementations: AMX instructions and, with ENGINE_EMULATES_TILES, plain C++ that
// computes the same bits, for tests on processors without AMX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef ENGINE_EMULATES_TILES
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): <cstdlib> declares inline functions
#endif

namespace {
namespace tiles {

constexpr int count = 8;
constexpr int rows = 16;
constexpr int row_bytes = 64;
constexpr int bytes = rows * row_bytes;

#ifndef ENGINE_EMULATES_TILES

// The operand of LDTILECFG.
struct alignas(64) Configuration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64, "LDTILECFG reads 64 bytes");

// Assembly instead of intrinsics: GCC's are macros that need a tile's number as a literal, and they
// do not tell the compiler that they access memory.

// Make the tiles available to this thread until it releases them.
inline void configure() {
    Configuration configuration;
    for (int tile = 0; tile < count; tile++) {
        configuration.row_bytes[tile] = row_bytes;
        configuration.rows[tile] = rows;
    }
    asm volatile("ldtilecfg %0" ::"m"(configuration));
}

inline void release() { asm volatile("tilerelease"); }

template <int tile>
inline void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(tile));
}

// Rows are `step` bytes apart.
template <int tile>
inline void load(const void* from, std::ptrdiff_t step) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(step), "i"(tile) : "memory");
}

template <int tile>
inline void store(void* to, std::ptrdiff_t step) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(step), "i"(tile) : "memory");
}

template <int sums, int inputs, int weights>
inline void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(inputs), "i"(weights));
}

#else

constexpr int row_values = row_bytes / int(sizeof(std::uint16_t));

struct Registers {
    bool are_configured;
    unsigned char bytes[count][tiles::bytes];
};

thread_local Registers registers;

// Like the processor, refuse to use tiles that are not configured.
inline unsigned char* bytes_of(int tile) {
    if (!registers.are_configured) abort();
    return registers.bytes[tile];
}

inline void configure() {
    registers = Registers{};
    registers.are_configured = true;
}

inline void release() { registers.are_configured = false; }

template <int tile>
inline void zero() {
    std::memset(bytes_of(tile), 0, bytes);
}

template <int tile>
inline void load(const void* from, std::ptrdiff_t step) {
    unsigned char* to = bytes_of(tile);
    for (int row = 0; row < rows; row++)
        std::memcpy(to + row * row_bytes, static_cast<const char*>(from) + row * step, row_bytes);
}

template <int tile>
inline void store(void* to, std::ptrdiff_t step) {
    const unsigned char* from = bytes_of(tile);
    for (int row = 0; row < rows; row++)
        std::memcpy(static_cast<char*>(to) + row * step, from + row * row_bytes, row_bytes);
}

// Arithmetic on registers needs no sanitizer, which would make it ten times slower.
#ifdef __GNUC__
#define ENGINE_UNSANITIZED __attribute__((no_sanitize("address", "undefined")))
#else
#define ENGINE_UNSANITIZED
#endif

// Replace denormal numbers by zero, as AMX does regardless of the thread's MXCSR.
ENGINE_UNSANITIZED inline float flush_denormal(float value) {
    const float smallest = 1.17549435e-38F;
    return value > -smallest && value < smallest ? 0 : value;
}

ENGINE_UNSANITIZED inline void read_bf16(int tile, float* values) {
    std::uint16_t halves[rows * row_values];
    std::memcpy(halves, bytes_of(tile), bytes);
    for (int i = 0; i < rows * row_values; i++) {
        const std::uint32_t bits = std::uint32_t(halves[i]) << 16;
        std::memcpy(values + i, &bits, sizeof bits);
        values[i] = flush_denormal(values[i]);
    }
}

// Compute what TDPBF16PS does: the sum of the products with even channels plus the sum of those
// with odd channels, added to the previous value. Every step rounds to nearest.
template <int sums, int inputs, int weights>
ENGINE_UNSANITIZED inline void multiply() {
    float a[rows * row_values], b[rows * row_values], c[rows][row_values / 2];
    read_bf16(inputs, a);
    read_bf16(weights, b);
    std::memcpy(c, bytes_of(sums), bytes);
    for (int row = 0; row < rows; row++) {
        float products[row_values] = {};
        for (int pair = 0; pair < rows; pair++) {
            const float* input = a + row * row_values + 2 * pair;
            const float* weight = b + pair * row_values;
            // The product of two bf16 is exact in fp32, so this equals a fused multiply-add.
            for (int i = 0; i < row_values; i++)
                products[i] = flush_denormal(products[i] + input[i % 2] * weight[i]);
        }
        for (int i = 0; i < row_values / 2; i++) {
            const float both = flush_denormal(products[2 * i] + products[2 * i + 1]);
            c[row][i] = flush_denormal(flush_denormal(c[row][i]) + both);
        }
    }
    std::memcpy(bytes_of(sums), c, bytes);
}

#endif

}  // namespace tiles
}  // namespace
