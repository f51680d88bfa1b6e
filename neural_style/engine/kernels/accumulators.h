// Sums of products in registers, and what becomes of them.
#pragma once

#include <cstddef>

#include "kernel.h"
#include "vector.h"

namespace {

using namespace engine;

constexpr int group_size = 2 * LANES;  // channels that are computed at once

// The sums of `P` outputs for one group of channels.
template <int P>
struct Accumulators {
    Vector low[P], high[P];

    void clear() {
        ENGINE_UNROLL
        for (int p = 0; p < P; p++) low[p] = high[p] = Vector{};
    }
    void read_from(const float* sums) {
        for (int p = 0; p < P; p++) {
            low[p] = read(sums + p * group_size);
            high[p] = read(sums + p * group_size + LANES);
        }
    }
    void write_to(float* sums) const {
        for (int p = 0; p < P; p++) {
            write(sums + p * group_size, low[p]);
            write(sums + p * group_size + LANES, high[p]);
        }
    }
    // Add the products of `length` inputs and their weights. An output's inputs are contiguous;
    // those of the next output begin `stride` floats further.
    void multiply(const float* inputs, std::ptrdiff_t stride, int length, const float* weights) {
        Accumulators sums = *this;  // the compiler keeps a local variable in registers
        for (int k = 0; k < length; k++) {
            const Vector a = read(weights + k * group_size);
            const Vector b = read(weights + k * group_size + LANES);
            for (int p = 0; p < P; p++) {
                const float input = inputs[p * stride + k];
                sums.low[p] += input * a;
                sums.high[p] += input * b;
            }
        }
        *this = sums;
    }
};

// Add the outputs to the sums of their row.
template <int P>
void measure(const Accumulators<P>& outputs, const RowSums& sums, int channel, bool is_pivot) {
    float* pivot = sums.pivot + channel;
    if (is_pivot) {
        write(pivot, outputs.low[0]);
        write(pivot + LANES, outputs.high[0]);
    }
    for (int offset = 0; offset < group_size; offset += LANES) {
        const Vector* values = offset == 0 ? outputs.low : outputs.high;
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
void store(const Accumulators<P>& outputs, float* target, std::ptrdiff_t step) {
    for (int p = 0; p < P; p++) {
        write(target + p * step, outputs.low[p]);
        write(target + p * step + LANES, outputs.high[p]);
    }
}

template <int P>
void normalize(Accumulators<P>& outputs, const Affine& affine, int channel) {
    for (int offset = 0; offset < group_size; offset += LANES) {
        Vector* values = offset == 0 ? outputs.low : outputs.high;
        const Vector scale = read(affine.scale + channel + offset);
        const Vector shift = read(affine.shift + channel + offset);
        for (int p = 0; p < P; p++) values[p] = relu(values[p] * scale + shift);
    }
}

// Process finished outputs from number `first` of their row on. `is_first` marks the first outputs
// of all rows that are computed at once.
template <int P>
void finish(Accumulators<P>& outputs, const Output& output, int channel, int first, bool is_first) {
    if (output.kind == Output::normalize)
        normalize(outputs, output.affine, channel);
    else if (output.sums)
        measure(outputs, *output.sums, channel, is_first && !output.sums->has_pivot);
    if (output.kind != Output::measure) {
        const std::ptrdiff_t step = output.step / std::ptrdiff_t(sizeof(float));
        store(outputs, floats(output.target) + first * step + channel, step);
    }
}

}  // namespace
