// The product of a row of inputs and a filter, tile by tile.
//
// A processor multiplies two tiles in 16 cycles and loads one in 8, if it is in the first-level
// cache. So what decides is how often a tile is used again: in tiles, and in that cache.
//
// - Four tiles of sums at once, of 32 outputs and 32 channels: each tile of inputs and each one of
//   weights is used twice, which leaves one load to a product, and two to three where numbers have
//   two parts. Four sums also hide that a product takes 52 cycles until its sum can be added to.
// - The filter is divided into sections whose weights stay in the first-level cache, along with the
//   inputs of four tiles of sums, while the whole row is multiplied with them. The sums wait in
//   memory for the next section.
//
// For example a filter of 3 x 3 with 128 inputs: the weights of 32 outputs are 72 KiB (with two
// parts 144), too many for that cache, and would come from the second level once for every four
// tiles of sums: 24 KiB for each row of the filter, in the 768 cycles of its 48 products. In three
// sections (six) it is 8.5 KiB of inputs instead, and 4 KiB of sums there and back.
#pragma once

#include "kernel.h"
#include "tiles.h"

namespace {

using namespace engine;

constexpr int chunk = 32;  // inputs that one product takes in
constexpr int group = 32;  // outputs that are computed at once
constexpr int picture_channels = 3;
constexpr int pixels_together = 4;  // of the picture that is painted: 12 of a tile's 16 columns
constexpr int first_level_bytes = 40 * 1024;  // of 48 KiB; the sums take up to 8 more
constexpr int sum_tiles = 4;

// How a filter is cut into tiles.
//
// The picture's three channels would fill little of a tile. A pixel of the picture that is read
// takes three values in the ring, not 32: the 27 under a row of the filter are one chunk, and the
// weights of the 5 behind them are zero. Of the picture that is painted four adjacent pixels are
// one row of a tile; each has its weights at 9 of the 12 pixels that they look at together.
struct Layout {
    int rows;          // of the filter
    int chunks;        // of a pixel's channels
    int taps;          // pixels in a row that an output looks at
    int pixel_step;    // from one output to the next
    int tile_columns;  // tiles of outputs that are computed at once
    int groups;        // of so many

    explicit Layout(const Geometry& g)
        : rows(g.rows),
          chunks(reads_picture(g) ? 1 : g.inputs / chunk),
          taps(reads_picture(g)    ? 1
               : paints_picture(g) ? g.columns + pixels_together - 1
                                   : g.columns),
          pixel_step(paints_picture(g) ? pixels_together : g.stride),
          tile_columns(paints_picture(g) ? 1 : group / tiles::rows),
          groups(paints_picture(g) ? 1 : g.outputs / group) {}

    static bool reads_picture(const Geometry& g) { return g.inputs == picture_channels; }
    static bool paints_picture(const Geometry& g) { return g.outputs == picture_channels; }

    int units() const { return rows * chunks; }  // of weights: a chunk of a row of the filter

    // Taps that are as far apart as outputs see the same pixels, but for one: they follow each
    // other, so that the pixels are still in the cache.
    template <class Visit>
    void each_tap(Visit visit) const {
        for (int phase = 0; phase < pixel_step; phase++)
            for (int tap = phase; tap < taps; tap += pixel_step) visit(tap);
    }
};

// 16 * M outputs by 16 * N channels. Tiles 0 to 3 are their sums, 4 and 5 inputs, 6 and 7 weights.
template <int M, int N>
struct Block {
    static_assert(M * N <= sum_tiles && N <= 2, "there are eight tiles");
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

    // With inputs that are `step` bytes apart. Without loading, they are those of the last time, if
    // there are not too many for their tiles.
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
        return (tile / N * tiles::rows * N + tile % N) * (tiles::row_bytes / (int)sizeof(float));
    }
};

// Numbers are one or two bf16: in two, the second is what rounding took from the first. Of the four
// products of such numbers the smallest, of both seconds, is below what fp32 would show.
template <int N, int input_parts, int weight_parts>
class RowProduct {
public:
    static constexpr int outputs_at_once = sum_tiles / N * tiles::rows;
    static constexpr int tap_bytes = N * weight_parts * tiles::bytes;

    // Of `count` outputs: pixels, or `pixels_together` of them.
    RowProduct(const Filter& filter, int pixel_bytes, const std::byte* const* rows, int count,
               float* memory)
        : layout_(filter.geometry),
          weights_(filter.weights),
          rows_(rows),
          count_(count),
          pixel_bytes_(pixel_bytes),
          step_((std::ptrdiff_t)layout_.pixel_step * pixel_bytes),
          finished_(memory),
          unfinished_(memory + 2 * sums_at_once) {}

    static std::size_t memory_bytes(int count) {
        const int blocks = (count + outputs_at_once - 1) / outputs_at_once;
        return (std::size_t)(2 + blocks) * sums_at_once * sizeof(float);
    }

    // `finish(group, first, count, sums)` gets the sums of some outputs at a time, [count][16 * N].
    // It gets them while the next ones are multiplied: they are still on their way from the tiles
    // before that.
    template <class Finish>
    void run(Finish finish) const {
        const int units = layout_.units(), at_once = units_at_once();
        for (int g = 0; g < layout_.groups; g++)
            for (int begin = 0; begin < units; begin += at_once) {
                const int end = begin + at_once < units ? begin + at_once : units;
                for (int first = 0; first < count_ + outputs_at_once; first += outputs_at_once) {
                    if (first < count_)
                        add_units<sum_tiles / N>({g, begin, end}, first, count_ - first);
                    const int last = first - outputs_at_once, left = count_ - last;
                    const int found = left < outputs_at_once ? left : outputs_at_once;
                    if (end == units && last >= 0) finish(g, last, found, finished(last));
                }
            }
    }

private:
    static constexpr int sums_of_output = N * tiles::rows;
    static constexpr int sums_at_once = outputs_at_once * sums_of_output;

    struct Section {
        int group, begin, end;  // units of the group
    };

    int units_at_once() const {
        // Of the painted picture, sums there and back are nearly as much as the weights saved.
        if (N == 1) return layout_.units();
        const int pixels = (outputs_at_once - 1) * layout_.pixel_step + layout_.taps;
        const int chunk_bytes = input_parts * tiles::row_bytes;
        const int unit_bytes = layout_.taps * tap_bytes +
                               pixels * (pixel_bytes_ < chunk_bytes ? pixel_bytes_ : chunk_bytes);
        const int most = unit_bytes < first_level_bytes ? first_level_bytes / unit_bytes : 1;
        const int sections = (layout_.units() + most - 1) / most;
        return (layout_.units() + sections - 1) / sections;
    }

    // With no more tiles than there are outputs left.
    template <int M>
    void add_units(const Section& section, int first, int left) const {
        if constexpr (M > 1)
            if (left <= (M - 1) * tiles::rows) return add_units<M - 1>(section, first, left);
        using Sums = Block<M, N>;
        float* unfinished = unfinished_ + (std::ptrdiff_t)first * sums_of_output;
        if (section.begin == 0)
            Sums::clear();
        else
            Sums::read_from(unfinished);
        multiply<M>(section, first);
        Sums::write_to(section.end == layout_.units() ? finished(first) : unfinished);
    }

    float* finished(int first) const {
        return finished_ + first / outputs_at_once % 2 * sums_at_once;
    }

    template <int M>
    void multiply(const Section& section, int first) const {
        const Layout layout = layout_;  // local variables: the compiler keeps them in registers
        const std::ptrdiff_t pixel_bytes = pixel_bytes_, step = step_;
        const std::byte* weights =
            weights_ + ((std::ptrdiff_t)section.group * layout.units() + section.begin) *
                           layout.taps * tap_bytes;
        for (int unit = section.begin; unit < section.end; unit++) {
            const std::byte* inputs = rows_[unit / layout.chunks] + first * step +
                                      (std::ptrdiff_t)(unit % layout.chunks) * tiles::row_bytes;
            layout.each_tap([&](int tap) {
                multiply_tap<M>(inputs + tap * pixel_bytes, step, pixel_bytes / 2, weights);
                weights += tap_bytes;
            });
        }
    }

    // With second parts `second` bytes behind the first ones.
    template <int M>
    static void multiply_tap(const std::byte* inputs, std::ptrdiff_t step, std::ptrdiff_t second,
                             const std::byte* weights) {
        using Sums = Block<M, N>;
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
    std::ptrdiff_t step_;            // bytes from one output's inputs to the next one's
    float *finished_, *unfinished_;  // of two blocks in turn, and of all in the row
};

}  // namespace
