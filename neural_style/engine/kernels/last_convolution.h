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
                for (int v = 0; v < vectors_of(g); v++)
                    for (int lane = 0; lane < LANES; lane++) {
                        const int k = begin_of(v, length) + lane;
                        const bool is_repeated = k < v * LANES;
                        *packed++ = is_repeated ? 0 : weights[(y * length + k) * g.outputs + c];
                    }
    }

    // Compute `P` pixels.
    template <int P>
    static void compute(const Filter& filter, const std::byte* const* rows, int first,
                        float* colors) {
        const Geometry& g = filter.geometry;
        const int length = g.columns * g.inputs, vectors = vectors_of(g);
        Vector sums[P][picture_channels];
        ENGINE_UNROLL
        for (int p = 0; p < P; p++)
            for (int c = 0; c < picture_channels; c++) sums[p][c] = Vector{};
        const float* weights = floats(filter.weights);
        for (int y = 0; y < g.rows; y++, weights += picture_channels * vectors * LANES) {
            const float* inputs = floats(rows[y]) + std::ptrdiff_t(first) * g.inputs;
            for (int v = 0; v < vectors; v++)
                for (int c = 0; c < picture_channels; c++) {
                    const Vector weight = read(weights + (c * vectors + v) * LANES);
                    const float* from = inputs + begin_of(v, length);
                    for (int p = 0; p < P; p++) sums[p][c] += read(from + p * g.inputs) * weight;
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
    static int begin_of(int vector, int length) {
        const int begin = vector * LANES;
        return begin + LANES <= length ? begin : length - LANES;
    }
};

}  // namespace
