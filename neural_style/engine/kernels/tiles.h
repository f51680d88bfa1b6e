// Tiles: eight registers of 16 rows of 64 bytes, and their product.
//
// A tile of inputs has a row for each of 16 pixels, with 32 channels as bf16. A tile of weights has
// a row for each pair of channels, with 16 outputs, two weights each. Their product is added to a
// tile of sums: a row for each pixel, with 16 outputs as fp32.
//
// Two implementations: the instructions of AMX, and, with ENGINE_EMULATES_TILES, the same in plain
// C++, for tests on processors that do not have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(ENGINE_EMULATES_TILES)
#include <stdlib.h>
#endif

namespace {
namespace tiles {

constexpr int count = 8;
constexpr int rows = 16;
constexpr int row_bytes = 64;
constexpr int bytes = rows * row_bytes;

#if !defined(ENGINE_EMULATES_TILES)

// What LDTILECFG reads.
struct alignas(64) Configuration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64, "the instruction reads so many bytes");

// Assembly rather than intrinsics: those of GCC are macros that need the number of a tile spelled
// out, and do not tell the compiler that they read and write memory.

// A thread's tiles are there from here on, until it releases them.
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

// `step` bytes from one row to the next.
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

constexpr int row_values = row_bytes / (int)sizeof(std::uint16_t);

struct Registers {
    bool are_configured;
    unsigned char bytes[count][tiles::bytes];
};

thread_local Registers registers;

// To use a tile of a thread that has none is an error of the processor's, too.
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

// Arithmetic among registers, which no sanitizer has to watch: it would take ten times as long.
#if defined(__GNUC__)
#define ENGINE_UNWATCHED __attribute__((no_sanitize("address", "undefined")))
#else
#define ENGINE_UNWATCHED
#endif

// Numbers so small that they have fewer digits count as zero, whatever the thread's mode.
ENGINE_UNWATCHED inline float without_denormal(float value) {
    const float smallest = 1.17549435e-38f;
    return value > -smallest && value < smallest ? 0 : value;
}

ENGINE_UNWATCHED inline void widen(int tile, float* values) {
    std::uint16_t halves[rows * row_values];
    std::memcpy(halves, bytes_of(tile), bytes);
    for (int i = 0; i < rows * row_values; i++) {
        const std::uint32_t bits = std::uint32_t(halves[i]) << 16;
        std::memcpy(values + i, &bits, sizeof bits);
        values[i] = without_denormal(values[i]);
    }
}

// As TDPBF16PS does it: the products with the even channels are added up, those with the odd ones,
// then both sums, and then this to what was there. All is rounded to nearest.
template <int sums, int inputs, int weights>
ENGINE_UNWATCHED inline void multiply() {
    float a[rows * row_values], b[rows * row_values], c[rows][row_values / 2];
    widen(inputs, a);
    widen(weights, b);
    std::memcpy(c, bytes_of(sums), bytes);
    for (int row = 0; row < rows; row++) {
        float products[row_values] = {};
        for (int pair = 0; pair < rows; pair++) {
            const float* input = a + row * row_values + 2 * pair;
            const float* weight = b + pair * row_values;
            // A product of two bf16 is exact in fp32: so this is a fused multiply-add.
            for (int i = 0; i < row_values; i++)
                products[i] = without_denormal(products[i] + input[i % 2] * weight[i]);
        }
        for (int i = 0; i < row_values / 2; i++) {
            const float both = without_denormal(products[2 * i] + products[2 * i + 1]);
            c[row][i] = without_denormal(without_denormal(c[row][i]) + both);
        }
    }
    std::memcpy(bytes_of(sums), c, bytes);
}

#endif

}  // namespace tiles
}  // namespace
