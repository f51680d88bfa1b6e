#include "levels.h"

#include <algorithm>
#include <cstring>

namespace engine {

namespace {

std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_of(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// NaN becomes 0.
float clamp(float value, float lowest, float highest) {
    const float above = value > lowest ? value : lowest;
    return above < highest ? above : highest;
}

// Compute e to the power of x for -87 < x < 87, within 2 ulp. Unlike std::exp, it has no branches,
// so compilers vectorize loops of it.
//
// e^x is 2^n e^r with a whole number n and |r| <= ln(2) / 2. The series of e^r ends where the next
// term is below the precision of fp32.
float exponential(float x) {
    constexpr float log2_of_e = 1.44269504F;
    constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;  // n * ln2_high is exact
    constexpr float rounder = 12582912;  // 1.5 * 2^23: adding it rounds to whole numbers
    constexpr std::uint32_t exponent_bias = 127, fraction_bits = 23;
    const float rounded = x * log2_of_e + rounder;
    const float n = rounded - rounder;
    const float r = (x - n * ln2_high) - n * ln2_low;
    float series =
        r * (1.F / 5040) + 1.F / 720;  // no loop: compilers would not vectorize around it
    series = series * r + 1.F / 120;
    series = series * r + 1.F / 24;
    series = series * r + 1.F / 6;
    series = series * r + 1.F / 2;
    series = series * r + 1;
    series = series * r + 1;
    const std::uint32_t exponent = bits_of(rounded) - bits_of(rounder) + exponent_bias;
    return series * float_of(exponent << fraction_bits);
}

}  // namespace

bool to_levels(const float* colors, int pixels, const Affine& affine, bool has_sigmoid,
               std::uint8_t* levels) {
    constexpr float highest = 255;
    constexpr float largest_power = 80;  // sigmoid(80) is 1 in fp32
    constexpr std::uint32_t infinity = 0x7f800000;
    constexpr int at_once = 16 * picture_channels;  // whole vectors
    float scale[at_once], shift[at_once];
    for (int i = 0; i < at_once; i++) {
        scale[i] = affine.scale[i % picture_channels];
        shift[i] = affine.shift[i % picture_channels];
    }
    std::uint32_t is_broken = 0;
    for (int left = pixels * picture_channels; left > 0; left -= at_once) {
        const int found = std::min(left, at_once);
        float values[at_once] = {};
        std::memcpy(values, colors, found * sizeof(float));
        for (int i = 0; i < at_once; i++) {
            values[i] = values[i] * scale[i] + shift[i];
            is_broken |= std::uint32_t((bits_of(values[i]) & infinity) == infinity);
        }
        if (has_sigmoid) {  // two loops, each of which compilers vectorize
            for (float& value : values) value = clamp(-value, -largest_power, largest_power);
            for (float& value : values) value = highest / (1 + exponential(value)) + 0.5F;
        }
        std::uint8_t bytes[at_once];
        for (int i = 0; i < at_once; i++)
            bytes[i] = static_cast<std::uint8_t>(static_cast<int>(clamp(values[i], 0, highest)));
        std::memcpy(levels, bytes, found);
        colors += at_once;
        levels += at_once;
    }
    return is_broken == 0;
}

}  // namespace engine
