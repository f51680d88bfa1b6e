// Direct convolution: each output is a sum of products.
#pragma once

#include <cstddef>

#include "narrow_outputs.h"

namespace {

constexpr int first_level_bytes = 25 * 1024;  // of the first-level cache, for weights

// Computes one row of outputs. Weights are packed as [groups][rows][columns][inputs][group_size].
template <int V>
struct DirectConvolution {
    static constexpr int group_size = V * LANES;

    const Filter& filter;
    const std::byte* const* rows;
    int count;  // of pixels
    const Output& output;
    float* sums;  // of one group of channels: [positions][group_size]

    static std::size_t packed_floats(const Geometry& g) {
        return std::size_t(g.rows) * g.columns * g.inputs * lanes_of(g);
    }
    static std::size_t scratch_floats(const Geometry& g, int count) {
        return std::size_t(positions_of(g, count)) * group_size;
    }

    static void pack(const Geometry& g, const float* weights, float* packed) {
        for (int first = 0; first < lanes_of(g); first += group_size)
            for (int k = 0; k < g.rows * g.columns * g.inputs; k++)
                for (int lane = 0; lane < group_size; lane++)
                    *packed++ = weights[std::ptrdiff_t(k) * lanes_of(g) + first + lane];
    }

    void run() const {
        const Geometry& g = filter.geometry;
        const int row_bytes = g.columns * g.inputs * group_size * int(sizeof(float));
        const int rows_at_once = row_bytes < first_level_bytes ? first_level_bytes / row_bytes : 1;
        for (int channel = 0; channel < lanes_of(g); channel += group_size)
            for (int row = 0; row < g.rows; row += rows_at_once)
                add_rows(channel, row, row + rows_at_once < g.rows ? row + rows_at_once : g.rows);
    }

private:
    static int positions_of(const Geometry& g, int count) {
        return (count + g.pixels - 1) / g.pixels;
    }

    // Add the filter's rows from `row` up to `end` to all outputs, while their weights are cached.
    void add_rows(int channel, int row, int end) const {
        const int all = positions_of(filter.geometry, count);
        int first = 0;
        for (; first + PIXELS <= all; first += PIXELS) add_to<PIXELS>(first, channel, row, end);
        add_rest<PIXELS - 1>(all, first, channel, row, end);
    }

    template <int P>
    void add_rest(int all, int first, int channel, int row, int end) const {
        if (all - first == P)
            add_to<P>(first, channel, row, end);
        else if constexpr (P > 1)
            add_rest<P - 1>(all, first, channel, row, end);
    }

    template <int P>
    ENGINE_NOT_INLINE void add_to(int first, int channel, int row, int end) const {
        const Geometry& g = filter.geometry;
        const int length = g.columns * g.inputs;
        const std::ptrdiff_t stride = std::ptrdiff_t(g.stride) * g.inputs;
        const float* weights =
            floats(filter.weights) + (std::ptrdiff_t(channel) * g.rows + row * group_size) * length;
        float* unfinished = sums + first * group_size;
        Accumulators<P, V> accumulators;
        if (row == 0)
            accumulators.clear();
        else
            accumulators.read_from(unfinished);
        for (int y = row; y < end; y++, weights += length * group_size)
            accumulators.multiply(floats(rows[y]) + first * stride, stride, length, weights);
        if (end < g.rows) return accumulators.write_to(unfinished);
        if constexpr (V == 1)
            if (g.pixels > 1)
                return NarrowOutputs(output, g.outputs, count).finish(accumulators, first);
        finish(accumulators, output, channel, first, first == 0);
    }
};

}  // namespace
