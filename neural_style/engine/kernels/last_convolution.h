// The convolution of the last layer, which has three outputs.
#pragma once

#include <cstddef>

#include "kernel.h"
#include "vector.h"

namespace {

using namespace engine;

// Vectors run along the inputs of a filter's row, and their lanes are added up. The last vector of
// a row ends with its last input: its first weights are zero, where the vector before it has the
// same inputs.
struct LastConvolution {
    static std::size_t packed_floats(const Geometry& g) {
        return std::size_t(g.rows) * picture_channels * vectors_of(g) * LANES;
    }

    // Weights are packed as [rows][3][vectors][LANES].
    static void pack(const Geometry& g, const float* weights, float* packed) {
        const int length = g.columns * g.inputs;
        for (int y = 0; y < g.rows; y++)
            for (int c = 0; c < picture_channels; c++)
                for (int k = 0; k < vectors_of(g) * LANES; k++) {
                    const int first = k / LANES * LANES;
                    const int input = begin_of(first, length) + k - first;
                    *packed++ = input < first ? 0 : weights[(y * length + input) * g.outputs + c];
                }
    }

    // Compute `P` pixels.
    template <int P>
    static void compute(const Filter& filter, const std::byte* const* rows, int first,
                        float* colors) {
        const Geometry& g = filter.geometry;
        const int length = g.columns * g.inputs;
        Vector sums[P][picture_channels];
        ENGINE_UNROLL
        for (int p = 0; p < P; p++)
            for (int c = 0; c < picture_channels; c++) sums[p][c] = Vector{};
        const int packed = vectors_of(g) * LANES;
        for (int y = 0; y < g.rows; y++) {
            const float* inputs = floats(rows[y]) + std::ptrdiff_t(first) * g.inputs;
            const float* weights =
                floats(filter.weights) + std::ptrdiff_t(y) * picture_channels * packed;
            for (int k = 0; k < packed; k += LANES) {
                const float* from = inputs + begin_of(k, length);
                Vector weight[picture_channels];
                for (int c = 0; c < picture_channels; c++)
                    weight[c] = read(weights + c * packed + k);
                for (int p = 0; p < P; p++) {
                    const Vector input = read(from + p * g.inputs);
                    for (int c = 0; c < picture_channels; c++) sums[p][c] += input * weight[c];
                }
            }
        }
        colors += first * picture_channels;
        // Adding up takes more of the time where there are few products.
        const bool is_narrow = g.inputs <= LANES;
        for (int p = 0; p < P; p++)
            for (int c = 0; c < picture_channels; c++)
                *colors++ = is_narrow ? total_by_halves(sums[p][c]) : total(sums[p][c]);
    }

private:
    static int vectors_of(const Geometry& g) { return (g.columns * g.inputs + LANES - 1) / LANES; }
    // The first input of the vector whose weights are at `k`.
    static int begin_of(int k, int length) { return k + LANES <= length ? k : length - LANES; }
};

}  // namespace
