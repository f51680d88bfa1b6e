// Sums of products in registers, and what becomes of them.
#pragma once

#include <cstddef>

#include "kernel.h"
#include "vector.h"

namespace {

using namespace engine;

// Outputs are computed in groups of channels of `V` vectors, two where there are enough channels.
constexpr int max_group_vectors = 2;

// Layers have this many channels, twice as many and so on up to a vector, or whole groups.
constexpr int min_channels = 4;

// The outputs of all pixels at a position.
inline int lanes_of(const Geometry& g) { return g.pixels * g.outputs; }

// The sums of `P` positions for one group of channels.
template <int P, int V>
struct Accumulators {
    static constexpr int group_size = V * LANES;
    Vector at[V][P];

    void clear() {
        ENGINE_UNROLL
        for (int p = 0; p < P; p++)
            for (int v = 0; v < V; v++) at[v][p] = Vector{};
    }
    void read_from(const float* sums) {
        for (int p = 0; p < P; p++)
            for (int v = 0; v < V; v++) at[v][p] = read(sums + p * group_size + v * LANES);
    }
    void write_to(float* sums) const {
        for (int p = 0; p < P; p++)
            for (int v = 0; v < V; v++) write(sums + p * group_size + v * LANES, at[v][p]);
    }
    // Add the products of `length` inputs and their weights. A position's inputs are contiguous;
    // those of the next position begin `stride` floats further.
    void multiply(const float* inputs, std::ptrdiff_t stride, int length, const float* weights) {
        Accumulators sums = *this;  // the compiler keeps a local variable in registers
        for (int k = 0; k < length; k++) {
            Vector weight[V];
            for (int v = 0; v < V; v++) weight[v] = read(weights + k * group_size + v * LANES);
            for (int p = 0; p < P; p++) {
                const float input = inputs[p * stride + k];
                for (int v = 0; v < V; v++) sums.at[v][p] += input * weight[v];
            }
        }
        *this = sums;
    }
};

// Add the outputs to the sums of their row.
template <int P, int V>
void measure(const Accumulators<P, V>& outputs, const RowSums& sums, int channel, bool is_pivot) {
    for (int v = 0; v < V; v++, channel += LANES) {
        if (is_pivot) write(sums.pivot + channel, outputs.at[v][0]);
        const Vector origin = read(sums.pivot + channel);
        Vector sum = read(sums.sum + channel);
        Vector square = read(sums.square + channel);
        for (int p = 0; p < P; p++) {
            const Vector value = outputs.at[v][p] - origin;
            sum += value;
            square += value * value;
        }
        write(sums.sum + channel, sum);
        write(sums.square + channel, square);
    }
}

template <int P, int V>
void store(const Accumulators<P, V>& outputs, float* target, std::ptrdiff_t step) {
    for (int p = 0; p < P; p++)
        for (int v = 0; v < V; v++) write(target + p * step + v * LANES, outputs.at[v][p]);
}

template <int P, int V>
void normalize(Accumulators<P, V>& outputs, const Affine& affine, int channel) {
    for (int v = 0; v < V; v++, channel += LANES) {
        const Vector scale = read(affine.scale + channel);
        const Vector shift = read(affine.shift + channel);
        for (int p = 0; p < P; p++) outputs.at[v][p] = relu(outputs.at[v][p] * scale + shift);
    }
}

inline std::ptrdiff_t step_of(const Output& output) {
    return output.step / std::ptrdiff_t(sizeof(float));
}

// Process finished outputs from number `first` of their row on, one pixel at each position.
// `is_first` marks the first outputs of all rows that are computed at once.
template <int P, int V>
void finish(Accumulators<P, V>& outputs, const Output& output, int channel, int first,
            bool is_first) {
    if (output.kind == Output::normalize)
        normalize(outputs, output.affine, channel);
    else if (output.sums)
        measure(outputs, *output.sums, channel, is_first && !output.sums->has_pivot);
    if (output.kind != Output::measure)
        store(outputs, floats(output.target) + first * step_of(output) + channel, step_of(output));
}

}  // namespace
