// Sums of products, and what is done with them.
#pragma once

#include "kernel.h"
#include "vector.h"

namespace {

using namespace engine;

constexpr int group = 2 * LANES;  // channels that are computed at once
constexpr int picture_channels = 3;

inline const float* floats(const std::byte* bytes) { return reinterpret_cast<const float*>(bytes); }
inline float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }

// The sums of `P` outputs and one group of channels.
template <int P>
struct Block {
    Vector low[P], high[P];

    void clear() {
        ENGINE_UNROLL
        for (int p = 0; p < P; p++) low[p] = high[p] = Vector{};
    }
    void read_from(const float* sums) {
        for (int p = 0; p < P; p++) {
            low[p] = read(sums + p * group);
            high[p] = read(sums + p * group + LANES);
        }
    }
    void write_to(float* sums) const {
        for (int p = 0; p < P; p++) {
            write(sums + p * group, low[p]);
            write(sums + p * group + LANES, high[p]);
        }
    }
    // Adds `length` inputs times their weights; an output's inputs are contiguous.
    void multiply(const float* inputs, std::ptrdiff_t stride, int length, const float* weights) {
        Block sums = *this;  // a local variable: the compiler keeps it in registers
        for (int k = 0; k < length; k++) {
            const Vector a = read(weights + k * group), b = read(weights + k * group + LANES);
            for (int p = 0; p < P; p++) {
                const float input = inputs[p * stride + k];
                sums.low[p] += input * a;
                sums.high[p] += input * b;
            }
        }
        *this = sums;
    }
};

// Adds `P` outputs to the sums of their row.
template <int P>
void measure(const Block<P>& block, RowSums& sums, int channel, bool is_pivot) {
    float* pivot = sums.pivot + channel;
    if (is_pivot) {
        write(pivot, block.low[0]);
        write(pivot + LANES, block.high[0]);
    }
    for (int half = 0; half < 2; half++) {
        const Vector* values = half ? block.high : block.low;
        const int offset = half * LANES;
        const Vector origin = read(pivot + offset);
        Vector sum = read(sums.sum + channel + offset);
        Vector square = read(sums.square + channel + offset);
        for (int p = 0; p < P; p++) {
            const Vector value = values[p] - origin;
            sum += value;
            square += value * value;
        }
        write(sums.sum + channel + offset, sum);
        write(sums.square + channel + offset, square);
    }
}

template <int P>
void store(const Block<P>& block, float* target, std::ptrdiff_t step) {
    for (int p = 0; p < P; p++) {
        write(target + p * step, block.low[p]);
        write(target + p * step + LANES, block.high[p]);
    }
}

template <int P>
void normalize(Block<P>& block, const Affine& affine, int channel) {
    for (int half = 0; half < 2; half++) {
        Vector* values = half ? block.high : block.low;
        const Vector scale = read(affine.scale + channel + half * LANES);
        const Vector shift = read(affine.shift + channel + half * LANES);
        for (int p = 0; p < P; p++) values[p] = rectified(values[p] * scale + shift);
    }
}

// Some outputs of a row are finished, for one group of channels.
template <int P>
void finish(Block<P>& block, const Output& output, int channels, int channel, int first,
            bool is_first) {
    const std::ptrdiff_t step = (std::ptrdiff_t)output.step * channels;
    if (output.kind == Output::normalize)
        normalize(block, output.affine, channel);
    else
        measure(block, *output.sums, channel, is_first && !output.sums->has_pivot);
    if (output.kind != Output::measure)
        store(block, floats(output.target) + first * step + channel, step);
}

}  // namespace
