// The product of a row of inputs and a filter, tile by tile.
//
// A processor multiplies two tiles in 16 cycles, and loads one in 8 from the first-level cache, in
// some 20 from the second level. To keep it multiplying:
//
// - Four tiles of sums are computed at once, 32 outputs by 32 channels. Each tile of inputs and
//   each tile of weights is used twice: one load per product, or two to three where numbers have
//   two parts. Four sums also hide the latency of a product, 52 cycles.
// - Vectors finish the outputs of these sums a few at a time, after each slice of the filter, while
//   the next sums are multiplied.
// - A tile is stored now and then, even if nobody needs it. After about 130 products without a
//   store, the next one takes 300 ns longer (measured; Intel's manuals do not mention it).
#pragma once

#include <cstddef>

#include "kernel.h"
#include "tiles.h"

namespace {

using namespace engine;

constexpr int chunk_size = 32;     // input channels of one product
constexpr int group_size = 32;     // output channels that are computed at once
constexpr int pixels_at_once = 4;  // of the painted picture: 12 of a tile's 16 columns
constexpr int painting_taps = 9 + pixels_at_once - 1;  // of a row of deconv3's filter
constexpr int sum_tiles = 4;
constexpr int products_per_store = 48;

// The division of a filter into tiles.
//
// The picture's three channels would leave most of a tile empty. Where a filter reads the picture,
// the 27 values under one row of the filter form one chunk, and the weights of the 5 values behind
// them are zero. Where it paints the picture, a row of a tile holds four adjacent pixels: together
// they look at 12 pixels, and each has non-zero weights for 9 of them.
struct Layout {
    int rows;          // of the filter
    int chunks;        // per pixel
    int taps;          // pixels of a row that an output looks at
    int pixel_step;    // from one output to the next
    int tile_columns;  // tiles of output channels that are computed at once
    int groups;        // of output channels

    explicit Layout(const Geometry& g)
        : rows(g.rows),
          chunks(reads_picture(g) ? 1 : g.inputs / chunk_size),
          taps(reads_picture(g)    ? 1
               : paints_picture(g) ? painting_taps
                                   : g.columns),
          pixel_step(paints_picture(g) ? pixels_at_once : g.stride),
          tile_columns(paints_picture(g) ? 1 : group_size / tiles::rows),
          groups(paints_picture(g) ? 1 : g.outputs / group_size) {}

    static bool reads_picture(const Geometry& g) { return g.inputs == picture_channels; }
    static bool paints_picture(const Geometry& g) { return g.outputs == picture_channels; }

    // The number of slices: a slice is one chunk of one row of the filter.
    int slices() const { return rows * chunks; }

    // The tap to visit after `tap`, or `taps` after the last one. Taps that are one output apart
    // look at the same pixels except one, so they are visited one after the other, while these
    // pixels are cached.
    static constexpr int next_tap(int tap, int taps, int pixel_step) {
        if (tap + pixel_step < taps) return tap + pixel_step;
        const int next_phase = tap % pixel_step + 1;
        return next_phase < pixel_step ? next_phase : taps;
    }
    template <class Visit>
    void for_each_tap(Visit visit) const {
        for (int tap = 0; tap < taps; tap = next_tap(tap, taps, pixel_step)) visit(tap);
    }
};

// The sums of 16 * M outputs by 16 * N channels. Tiles 0 to 3 hold sums, tiles 4 and 5 inputs,
// tiles 6 and 7 weights.
template <int M, int N>
struct TileAccumulators {
    static_assert(M * N <= sum_tiles && N <= 2, "AMX has eight tiles");
    static constexpr int first_inputs = 4, first_weights = 6;
    static constexpr std::ptrdiff_t sum_bytes = N * tiles::row_bytes;  // of one output

    template <int tile = 0>
    static void clear() {
        tiles::zero<tile>();
        if constexpr (tile + 1 < M * N) clear<tile + 1>();
    }
    template <int tile = 0>
    static void write_to(float* sums) {
        tiles::store<tile>(sums + offset(tile), sum_bytes);
        if constexpr (tile + 1 < M * N) write_to<tile + 1>(sums);
    }

    static void write_inputs_to(float* unused) {
        tiles::store<first_inputs>(unused, tiles::row_bytes);
    }

    template <int n = 0>
    static void load_weights(const std::byte* weights) {
        tiles::load<first_weights + n>(weights + n * tiles::bytes, tiles::row_bytes);
        if constexpr (n + 1 < N) load_weights<n + 1>(weights);
    }

    // Add the products with inputs that are `step` bytes apart. With `is_loading` false, reuse the
    // inputs of the previous call if the tiles still hold them.
    template <bool is_loading, int m = 0>
    static void multiply(const std::byte* inputs, std::ptrdiff_t step) {
        constexpr int tile = first_inputs + m % 2;
        if constexpr (is_loading || M > 2) tiles::load<tile>(inputs + m * tiles::rows * step, step);
        tiles::multiply<m * N, tile, first_weights>();
        if constexpr (N > 1) tiles::multiply<m * N + 1, tile, first_weights + 1>();
        if constexpr (m + 1 < M) multiply<is_loading, m + 1>(inputs, step);
    }

private:
    static constexpr int offset(int tile) {
        return (tile / N * tiles::rows * N + tile % N) * (tiles::row_bytes / int(sizeof(float)));
    }
};

// Convolves one row. A number has one or two parts in bf16; the second is the remainder of rounding
// to the first. Of the four products of two parts each, the product of both remainders is omitted:
// it is below the precision of fp32.
template <int N, int input_parts, int weight_parts>
class TileProduct {
public:
    static constexpr int outputs_at_once = sum_tiles / N * tiles::rows;
    static constexpr int tap_bytes = N * weight_parts * tiles::bytes;

    // `count` counts outputs: pixels, or groups of `pixels_at_once` pixels.
    TileProduct(const Filter& filter, int pixel_bytes, const std::byte* const* rows, int count,
                float* memory)
        : layout_(filter.geometry),
          weights_(filter.weights),
          rows_(rows),
          count_(count),
          pixel_bytes_(pixel_bytes),
          sums_(memory),
          unused_(memory + 2 * sums_at_once) {}

    static constexpr std::size_t memory_bytes() {
        return 2 * sums_at_once * sizeof(float) + tiles::bytes;
    }

    // Call `finish(group, first, count, sums)` for a few outputs at a time; the sums are
    // [count][16 * N].
    template <class Finish>
    void run(Finish finish) const {
        const int at_once = (outputs_at_once - 1) / layout_.slices() + 1;
        Block previous{};  // of no outputs
        int blocks = 0;
        for (int group = 0; group < layout_.groups; group++)
            for (int first = 0; first < count_; first += outputs_at_once) {
                const int left = count_ - first;
                const Block block{group, first, left < outputs_at_once ? left : outputs_at_once,
                                  sums_ + blocks++ % 2 * sums_at_once};
                multiply(block, [&] { finish_some(previous, at_once, finish); });
                previous = block;
            }
        finish_some(previous, outputs_at_once, finish);
    }

private:
    static constexpr int sums_of_output = N * tiles::rows;
    static constexpr int sums_at_once = outputs_at_once * sums_of_output;

    // Adjacent outputs of a group.
    struct Block {
        int group, first, count;
        float* sums;
    };

    // Finish the first of the block's outputs, at most `most`, and remove them from the block.
    template <class Finish>
    static void finish_some(Block& block, int most, Finish& finish) {
        const int count = block.count < most ? block.count : most;
        if (count == 0) return;
        finish(block.group, block.first, count, block.sums);
        block.first += count;
        block.count -= count;
        block.sums += std::ptrdiff_t(count) * sums_of_output;
    }

    // Compute the block's sums, and call `meanwhile()` after each slice. Layers have no other
    // shapes of slices than these.
    template <class Meanwhile>
    void multiply(const Block& block, Meanwhile meanwhile) const {
        if constexpr (N == 1)
            multiply_shape<painting_taps, pixels_at_once>(block, meanwhile);
        else if (layout_.taps == 1)
            multiply_shape<1, 1>(block, meanwhile);
        else if (layout_.taps == 2)
            multiply_shape<2, 1>(block, meanwhile);
        else if (layout_.pixel_step == 1)
            multiply_shape<3, 1>(block, meanwhile);
        else
            multiply_shape<3, 2>(block, meanwhile);
    }

    // Each shape of slices has a loop of its own, whose taps are unrolled. Use no more tiles than
    // the outputs need.
    template <int taps, int pixel_step, int M = sum_tiles / N, class Meanwhile>
    void multiply_shape(const Block& block, Meanwhile meanwhile) const {
        if constexpr (M > 1)
            if (block.count <= (M - 1) * tiles::rows)
                return multiply_shape<taps, pixel_step, M - 1>(block, meanwhile);
        using Sums = TileAccumulators<M, N>;
        const Layout layout = layout_;  // the compiler keeps local variables in registers
        const std::ptrdiff_t pixel_bytes = pixel_bytes_;
        const std::ptrdiff_t first = block.first * pixel_step * pixel_bytes;
        const std::byte* weights =
            weights_ + std::ptrdiff_t(block.group) * layout.slices() * taps * tap_bytes;
        int products = 0;  // since the last store
        Sums::clear();
        for (int slice = 0; slice < layout.slices(); slice++) {
            const std::byte* inputs = rows_[slice / layout.chunks] + first +
                                      std::ptrdiff_t(slice % layout.chunks) * tiles::row_bytes;
            multiply_taps<taps, pixel_step, M>(inputs, pixel_bytes, weights);
            weights += taps * tap_bytes;
            products += taps * M * N * (input_parts + weight_parts - 1);
            if (products >= products_per_store) {
                Sums::write_inputs_to(unused_);
                products = 0;
            }
            meanwhile();
        }
        Sums::write_to(block.sums);
    }

    template <int taps, int pixel_step, int M, int tap = 0>
    static void multiply_taps(const std::byte* inputs, std::ptrdiff_t pixel_bytes,
                              const std::byte* weights) {
        multiply_tap<M>(inputs + tap * pixel_bytes, pixel_step * pixel_bytes, pixel_bytes / 2,
                        weights);
        constexpr int next = Layout::next_tap(tap, taps, pixel_step);
        if constexpr (next < taps)
            multiply_taps<taps, pixel_step, M, next>(inputs, pixel_bytes, weights + tap_bytes);
    }

    // Second parts lie `second` bytes behind first parts.
    template <int M>
    static void multiply_tap(const std::byte* inputs, std::ptrdiff_t step, std::ptrdiff_t second,
                             const std::byte* weights) {
        using Sums = TileAccumulators<M, N>;
        Sums::load_weights(weights);
        if constexpr (input_parts == 2) Sums::template multiply<true>(inputs + second, step);
        Sums::template multiply<true>(inputs, step);
        if constexpr (weight_parts == 2) {
            Sums::load_weights(weights + N * tiles::bytes);
            Sums::template multiply<false>(inputs, step);
        }
    }

    const Layout layout_;
    const std::byte* weights_;
    const std::byte* const* rows_;
    int count_, pixel_bytes_;
    float* sums_;    // of two blocks
    float* unused_;  // a tile
};

}  // namespace
