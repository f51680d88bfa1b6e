// A 2 x 2 convolution of stride 1 by Winograd transforms along its rows.
#pragma once

#include <cstddef>

#include "winograd.h"

namespace {

// Computes one row of outputs. The products at a point are those of both rows' inputs. Weights are
// packed as [groups][points][rows][inputs][group_size].
template <int V>
struct RowConvolution {
    static constexpr int group_size = V * LANES;
    static constexpr int columns = 2;
    static constexpr int tile = outputs_of(columns);
    static constexpr int tiles_at_once = 24;  // their inputs stay in the cache

    const Filter& filter;
    const std::byte* const* rows;
    const int count;
    const Output& output;
    const PointProducts<V> products;

    static bool suits(const Geometry& g) {
        return g.columns == columns && g.stride == 1 && g.pixels == 1 && g.inputs % LANES == 0;
    }

    RowConvolution(const Filter& filter, const std::byte* const* rows, int count,
                   const Output& output, float* scratch)
        : filter(filter),
          rows(rows),
          count(count),
          output(output),
          products(points, length(filter.geometry), tiles_at_once, scratch) {}

    static std::size_t packed_floats(const Geometry& g) {
        return std::size_t(points) * length(g) * g.outputs;
    }
    static std::size_t scratch_floats(const Geometry& g) {
        return PointProducts<V>::scratch_floats(points, length(g), tiles_at_once);
    }

    static void pack(const Geometry& g, const float* weights, float* packed) {
        const std::ptrdiff_t point_floats = std::ptrdiff_t(length(g)) * group_size;
        for (int channel = 0; channel < g.outputs;
             channel += group_size, packed += points * point_floats)
            for (int y = 0; y < g.rows; y++)
                for (int input = 0; input < g.inputs; input++) {
                    double at[points][group_size];
                    weights_to_points<columns>(
                        [&](int x, int lane) {
                            return weights[((y * columns + x) * g.inputs + input) * g.outputs +
                                           channel + lane];
                        },
                        at);
                    float* target = packed + (y * g.inputs + input) * group_size;
                    for (int p = 0; p < points; p++)
                        for (int lane = 0; lane < group_size; lane++)
                            target[p * point_floats + lane] = static_cast<float>(at[p][lane]);
                }
    }

    void run() const {
        const Geometry& g = filter.geometry;
        const std::ptrdiff_t group_floats = std::ptrdiff_t(points) * products.length * group_size;
        const int tiles = (count + tile - 1) / tile;
        for (int first = 0; first < tiles; first += tiles_at_once) {
            const int some = tiles - first < tiles_at_once ? tiles - first : tiles_at_once;
            for (int y = 0; y < g.rows; y++)
                for (int t = 0; t < some; t++) transform(y, (first + t) * tile, t);
            for (int channel = 0; channel < g.outputs; channel += group_size) {
                products.multiply(some,
                                  floats(filter.weights) + channel / group_size * group_floats);
                for (int t = 0; t < some; t++) finish_tile<tile>((first + t) * tile, t, channel);
            }
        }
    }

private:
    static int length(const Geometry& g) { return g.rows * g.inputs; }

    void transform(int y, int first, int t) const {
        const int channels = filter.geometry.inputs;
        const int available = count + columns - 1 - first;  // inputs; those behind count as 0
        const float* from = floats(rows[y]) + std::ptrdiff_t(first) * channels;
        for (int c = 0; c < channels; c += LANES) {
            Vector in[points], at[points];
            for (int x = 0; x < points; x++)
                in[x] = x < available ? read(from + x * channels + c) : Vector{};
            to_points(in, at);
            for (int p = 0; p < points; p++) write(products.input(p, t) + y * channels + c, at[p]);
        }
    }

    // The last tile of a row may have fewer outputs.
    template <int P>
    void finish_tile(int first, int t, int channel) const {
        if constexpr (P > 1)
            if (count - first < P) return finish_tile<P - 1>(first, t, channel);
        Accumulators<P, V> outputs;
        for (int v = 0; v < V; v++) transform_back(t, v * LANES, outputs.at[v], P);
        finish(outputs, output, channel, first, first == 0);
    }

    void transform_back(int t, int lane, Vector* outputs, int needed) const {
        Vector at[points], out[tile];
        for (int p = 0; p < points; p++) at[p] = read(products.sum(p, t) + lane);
        from_points<tile>(at, out);
        for (int i = 0; i < needed; i++) outputs[i] = out[i];
    }
};

}  // namespace
