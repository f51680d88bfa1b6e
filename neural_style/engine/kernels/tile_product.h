// The product of a row of inputs and a filter, tile by tile.
//
// A processor multiplies two tiles in 16 cycles and loads one from the first-level cache in 8. So
// the reuse of tiles, in registers and in that cache, determines the speed.
//
// - Four tiles of sums are computed at once, 32 outputs by 32 channels. Each tile of inputs and
//   each tile of weights is used twice: one load per product, or two to three where numbers have
//   two parts. Four sums also hide the latency of a product, 52 cycles.
// - The filter is divided into sections. A section's weights stay in the first-level cache, along
//   with the inputs of four tiles of sums, while the whole row is multiplied with them. The sums
//   wait in memory for the next section.
//
// Example: in a 3 x 3 filter of 128 inputs, the weights of 32 outputs take 72 KiB (144 KiB with two
// parts). They do not fit into the first-level cache and would be loaded from the second level once
// for every four tiles of sums: 24 KiB per row of the filter, in the 768 cycles of its 48 products.
// Three sections (six) load 8.5 KiB of inputs instead, and load and store 4 KiB of sums.
#pragma once

#include <cstddef>

#include "kernel.h"
#include "tiles.h"

namespace {

using namespace engine;

constexpr int chunk_size = 32;                // input channels of one product
constexpr int group_size = 32;                // output channels that are computed at once
constexpr int pixels_at_once = 4;             // of the painted picture: 12 of a tile's 16 columns
constexpr int first_level_bytes = 40 * 1024;  // of 48 KiB; the sums take up to 8 KiB
constexpr int sum_tiles = 4;

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
               : paints_picture(g) ? g.columns + pixels_at_once - 1
                                   : g.columns),
          pixel_step(paints_picture(g) ? pixels_at_once : g.stride),
          tile_columns(paints_picture(g) ? 1 : group_size / tiles::rows),
          groups(paints_picture(g) ? 1 : g.outputs / group_size) {}

    static bool reads_picture(const Geometry& g) { return g.inputs == picture_channels; }
    static bool paints_picture(const Geometry& g) { return g.outputs == picture_channels; }

    // The number of slices: a slice is one chunk of one row of the filter.
    int slices() const { return rows * chunks; }

    // Visit all taps. Taps that are one output apart look at the same pixels except one, so they
    // are visited one after the other, while these pixels are cached.
    template <class Visit>
    void for_each_tap(Visit visit) const {
        for (int phase = 0; phase < pixel_step; phase++)
            for (int tap = phase; tap < taps; tap += pixel_step) visit(tap);
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
    static void read_from(const float* sums) {
        tiles::load<tile>(sums + offset(tile), sum_bytes);
        if constexpr (tile + 1 < M * N) read_from<tile + 1>(sums);
    }
    template <int tile = 0>
    static void write_to(float* sums) {
        tiles::store<tile>(sums + offset(tile), sum_bytes);
        if constexpr (tile + 1 < M * N) write_to<tile + 1>(sums);
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
          step_(std::ptrdiff_t(layout_.pixel_step) * pixel_bytes),
          finished_(memory),
          unfinished_(memory + 2 * sums_at_once) {}

    static std::size_t memory_bytes(int count) {
        const int blocks = (count + outputs_at_once - 1) / outputs_at_once;
        return std::size_t(2 + blocks) * sums_at_once * sizeof(float);
    }

    // Call `finish(group, first, count, sums)` for a few outputs at a time; the sums are
    // [count][16 * N]. The calls lag one step behind the products, because sums take a while to
    // arrive in memory.
    template <class Finish>
    void run(Finish finish) const {
        const int slices = layout_.slices();
        const int at_once = slices_at_once();
        for (int g = 0; g < layout_.groups; g++)
            for (int begin = 0; begin < slices; begin += at_once) {
                const int end = begin + at_once < slices ? begin + at_once : slices;
                for (int first = 0; first < count_ + outputs_at_once; first += outputs_at_once) {
                    if (first < count_)
                        add_section<sum_tiles / N>({g, begin, end}, first, count_ - first);
                    const int last = first - outputs_at_once;
                    const int left = count_ - last;
                    const int found = left < outputs_at_once ? left : outputs_at_once;
                    if (end == slices && last >= 0) finish(g, last, found, finished(last));
                }
            }
    }

private:
    static constexpr int sums_of_output = N * tiles::rows;
    static constexpr int sums_at_once = outputs_at_once * sums_of_output;

    struct Section {
        int group;
        int begin, end;  // slices
    };

    int slices_at_once() const {
        // For the painted picture, storing sums costs nearly as much as reloading weights.
        if (N == 1) return layout_.slices();
        const int pixels = (outputs_at_once - 1) * layout_.pixel_step + layout_.taps;
        const int chunk_bytes = input_parts * tiles::row_bytes;
        const int slice_bytes = layout_.taps * tap_bytes +
                                pixels * (pixel_bytes_ < chunk_bytes ? pixel_bytes_ : chunk_bytes);
        const int most = slice_bytes < first_level_bytes ? first_level_bytes / slice_bytes : 1;
        const int sections = (layout_.slices() + most - 1) / most;
        return (layout_.slices() + sections - 1) / sections;
    }

    // Use no more tiles than the remaining outputs need.
    template <int M>
    void add_section(const Section& section, int first, int left) const {
        if constexpr (M > 1)
            if (left <= (M - 1) * tiles::rows) return add_section<M - 1>(section, first, left);
        using Sums = TileAccumulators<M, N>;
        float* unfinished = unfinished_ + std::ptrdiff_t(first) * sums_of_output;
        if (section.begin == 0)
            Sums::clear();
        else
            Sums::read_from(unfinished);
        multiply<M>(section, first);
        Sums::write_to(section.end == layout_.slices() ? finished(first) : unfinished);
    }

    float* finished(int first) const {
        return finished_ + first / outputs_at_once % 2 * sums_at_once;
    }

    template <int M>
    void multiply(const Section& section, int first) const {
        const Layout layout = layout_;  // the compiler keeps local variables in registers
        const std::ptrdiff_t pixel_bytes = pixel_bytes_, step = step_;
        const std::byte* weights =
            weights_ + (std::ptrdiff_t(section.group) * layout.slices() + section.begin) *
                           layout.taps * tap_bytes;
        for (int slice = section.begin; slice < section.end; slice++) {
            const std::byte* inputs = rows_[slice / layout.chunks] + first * step +
                                      std::ptrdiff_t(slice % layout.chunks) * tiles::row_bytes;
            layout.for_each_tap([&](int tap) {
                multiply_tap<M>(inputs + tap * pixel_bytes, step, pixel_bytes / 2, weights);
                weights += tap_bytes;
            });
        }
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
    std::ptrdiff_t step_;            // bytes from one output's inputs to the next output's
    float *finished_, *unfinished_;  // of two blocks in turn; of the whole row
};

}  // namespace
