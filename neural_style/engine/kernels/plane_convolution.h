// A 3 x 3 convolution of stride 1 by Winograd transforms along rows and columns.
//
// 6 x 6 inputs give 4 x 4 outputs with 36 products per channel, instead of 144. So four rows of
// outputs are computed at once.
#pragma once

#include <cstddef>

#include "winograd.h"

namespace {

// Weights are packed as [groups][points][points][inputs][group_size].
template <int V>
struct PlaneConvolution {
    static constexpr int group_size = V * LANES;
    static constexpr int columns = 3;
    static constexpr int tile = outputs_of(columns);
    static constexpr int point_count = points * points;
    // A multiple of PIXELS, and small enough for their inputs to stay in the second-level cache.
    static constexpr int tiles_at_once = (18 + PIXELS - 1) / PIXELS * PIXELS;

    const Filter& filter;
    const std::byte* const* rows;
    const int count;
    const Output& output;
    const PointProducts<V> products;

    static bool suits(const Geometry& g) {
        return g.rows == columns && g.columns == columns && g.stride == 1 && g.pixels == 1 &&
               g.inputs % LANES == 0;
    }

    PlaneConvolution(const Filter& filter, const std::byte* const* rows, int count,
                     const Output& output, float* scratch)
        : filter(filter),
          rows(rows),
          count(count),
          output(output),
          products(point_count, filter.geometry.inputs, tiles_at_once, scratch) {}

    static std::size_t packed_floats(const Geometry& g) {
        return std::size_t(point_count) * g.inputs * g.outputs;
    }
    static std::size_t scratch_floats(const Geometry& g) {
        return PointProducts<V>::scratch_floats(point_count, g.inputs, tiles_at_once);
    }

    static void pack(const Geometry& g, const float* weights, float* packed) {
        const std::ptrdiff_t point_floats = std::ptrdiff_t(g.inputs) * group_size;
        for (int channel = 0; channel < g.outputs;
             channel += group_size, packed += point_count * point_floats)
            for (int input = 0; input < g.inputs; input++) {
                double along[columns][points][group_size], at[points][group_size];
                for (int y = 0; y < columns; y++)
                    weights_to_points<columns>(
                        [&](int x, int lane) {
                            return weights[((y * columns + x) * g.inputs + input) * g.outputs +
                                           channel + lane];
                        },
                        along[y]);
                for (int p = 0; p < points; p++) {
                    weights_to_points<columns>([&](int y, int lane) { return along[y][p][lane]; },
                                               at);
                    for (int q = 0; q < points; q++)
                        for (int lane = 0; lane < group_size; lane++)
                            packed[(q * points + p) * point_floats + input * group_size + lane] =
                                static_cast<float>(at[q][lane]);
                }
            }
    }

    void run() const {
        const Geometry& g = filter.geometry;
        const std::ptrdiff_t group_floats =
            std::ptrdiff_t(point_count) * products.length * group_size;
        const int tiles = (count + tile - 1) / tile;
        for (int first = 0; first < tiles; first += tiles_at_once) {
            const int some = tiles - first < tiles_at_once ? tiles - first : tiles_at_once;
            for (int t = 0; t < some; t++) transform((first + t) * tile, t);
            for (int channel = 0; channel < g.outputs; channel += group_size) {
                products.multiply(some,
                                  floats(filter.weights) + channel / group_size * group_floats);
                for (int t = 0; t < some; t++) finish_tile((first + t) * tile, t, channel);
            }
        }
    }

private:
    void transform(int first, int t) const {
        const int channels = filter.geometry.inputs;
        const int available = count + columns - 1 - first;  // inputs; those behind count as 0
        for (int c = 0; c < channels; c += LANES) {
            Vector along[points][points];  // [row of the tile][point of the row]
            for (int y = 0; y < points; y++) {
                const float* from = floats(rows[y]) + std::ptrdiff_t(first) * channels + c;
                Vector in[points];
                for (int x = 0; x < points; x++)
                    in[x] = x < available ? read(from + x * channels) : Vector{};
                to_points(in, along[y]);
            }
            for (int p = 0; p < points; p++) {
                Vector in[points], at[points];
                for (int y = 0; y < points; y++) in[y] = along[y][p];
                to_points(in, at);
                for (int q = 0; q < points; q++)
                    write(products.input(q * points + p, t) + c, at[q]);
            }
        }
    }

    void finish_tile(int first, int t, int channel) const {
        Vector outputs[V][tile][tile];
        for (int v = 0; v < V; v++) transform_back(t, v * LANES, outputs[v]);
        for (int y = 0; y < output.rows; y++) finish_row<tile>(outputs, y, first, channel);
    }

    // The last tile of a row may have fewer outputs.
    template <int P>
    void finish_row(const Vector (&tiles)[V][tile][tile], int y, int first, int channel) const {
        if constexpr (P > 1)
            if (count - first < P) return finish_row<P - 1>(tiles, y, first, channel);
        Accumulators<P, V> outputs;
        for (int v = 0; v < V; v++)
            for (int i = 0; i < P; i++) outputs.at[v][i] = tiles[v][y][i];
        Output row = output;
        row.target += y * output.row_bytes;
        finish(outputs, row, channel, first, first == 0 && y == 0);
    }

    void transform_back(int t, int lane, Vector (&outputs)[tile][tile]) const {
        Vector along[tile][points];  // [row of the outputs][point of the row]
        for (int p = 0; p < points; p++) {
            Vector at[points], out[tile];
            for (int q = 0; q < points; q++) at[q] = read(products.sum(q * points + p, t) + lane);
            from_points<tile>(at, out);
            for (int y = 0; y < tile; y++) along[y][p] = out[y];
        }
        for (int y = 0; y < tile; y++) from_points<tile>(along[y], outputs[y]);
    }
};

}  // namespace
