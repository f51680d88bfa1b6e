// The kernels for processors with tiles (AMX), exact and fast.
//
// One file compiles them with the instructions, another one, which sets ENGINE_EMULATES_TILES and
// ENGINE_WITHOUT_VECTORS, with their emulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#define LANES 16
#include "bf16.h"
#include "tile_product.h"

namespace {

// 32 channels of a pixel.
struct Values {
    Vector low, high;
};

inline Values read_values(const float* from) { return {read(from), read(from + LANES)}; }
inline void write_values(float* to, const Values& values) {
    write(to, values.low);
    write(to + LANES, values.high);
}
inline Values operator+(const Values& a, const Values& b) {
    return {a.low + b.low, a.high + b.high};
}
inline Values operator-(const Values& a, const Values& b) {
    return {a.low - b.low, a.high - b.high};
}
inline Values operator*(const Values& a, const Values& b) {
    return {a.low * b.low, a.high * b.high};
}
inline Values relu(const Values& v) { return {relu(v.low), relu(v.high)}; }
inline Values to_fp32(Bf16s values) { return {low_half(values), high_half(values)}; }
inline Bf16s to_bf16(const Values& v) { return to_bf16(v.low, v.high); }

// Write to a ring, whose pixels are [parts][channels]: a second part holds what rounding to the
// first part removed.
template <int parts>
void write_ring(std::byte* ring, int channels, const Values& v) {
    const Bf16s first = to_bf16(v);
    write_bf16s(ring, first);
    if constexpr (parts == 2)
        write_bf16s(ring + channels * sizeof(std::uint16_t), to_bf16(v - to_fp32(first)));
}

// Exact painting: two bf16 for each number, fp32 in the arena.
struct Exact {
    static constexpr int parts = 2;
    static constexpr int stored_bytes = sizeof(float);

    static Values read(const std::byte* arena) { return read_values(floats(arena)); }
    static void write(std::byte* arena, const Values& v) { write_values(floats(arena), v); }
};

// Fast painting: one bf16 for each number, except sums and the inputs of sensitive filters.
struct Fast {
    static constexpr int parts = 1;
    static constexpr int stored_bytes = sizeof(std::uint16_t);

    static Values read(const std::byte* arena) { return to_fp32(read_bf16s(arena)); }
    static void write(std::byte* arena, const Values& v) { write_bf16s(arena, to_bf16(v)); }
};

// Processes the finished outputs of `Kernel::convolve`.
template <class Format>
struct Epilogue {
    const Output& output;
    int channels;

    void operator()(int group_index, int first, int count, const float* sums) const {
        const int channel = group_index * group_size;
        if (output.kind == Output::normalize && output.is_reader_sensitive)
            return normalize<2>(channel, first, count, sums);
        if (output.kind == Output::normalize)
            return normalize<Format::parts>(channel, first, count, sums);
        if (output.sums) measure(channel, first == 0, count, sums);
        if (output.kind == Output::store) store(channel, first, count, sums);
    }

private:
    void measure(int channel, bool is_first, int count, const float* sums) const {
        const RowSums& row = *output.sums;
        if (is_first && !row.has_pivot) write_values(row.pivot + channel, read_values(sums));
        const Values origin = read_values(row.pivot + channel);
        Values sum = read_values(row.sum + channel), square = read_values(row.square + channel);
        for (int i = 0; i < count; i++) {
            const Values value = read_values(sums + i * group_size) - origin;
            sum = sum + value;
            square = square + value * value;
        }
        write_values(row.sum + channel, sum);
        write_values(row.square + channel, square);
    }

    void store(int channel, int first, int count, const float* sums) const {
        std::byte* target = output.target + first * output.step + channel * Format::stored_bytes;
        for (int i = 0; i < count; i++)
            Format::write(target + i * output.step, read_values(sums + i * group_size));
    }

    template <int parts>
    void normalize(int channel, int first, int count, const float* sums) const {
        const std::ptrdiff_t step = output.step;
        std::byte* target =
            output.target + first * step + channel * std::ptrdiff_t(sizeof(std::uint16_t));
        const Values scale = read_values(output.affine.scale + channel);
        const Values shift = read_values(output.affine.shift + channel);
        for (int i = 0; i < count; i++) {
            const Values value = read_values(sums + i * group_size);
            write_ring<parts>(target + i * step, channels, relu(value * scale + shift));
        }
    }
};

// Copy the values of `count` pixels from the sums of groups of pixels, [][16].
inline void copy_colors(const float* sums, int count, float* colors) {
    constexpr int values = pixels_at_once * picture_channels;
    for (int left = count * picture_channels; left > 0; left -= values) {
        std::memcpy(colors, sums, (left < values ? left : values) * sizeof(float));
        sums += LANES;
        colors += values;
    }
}

// The weights of one tap of one row of the filter.
struct TapWeights {
    const Geometry& geometry;
    const float* weights;  // [rows][columns][inputs][outputs]
    int row, tap;

    // The weight at a tile's input and output; see `Layout`.
    float at(int input, int output) const {
        const Geometry& g = geometry;
        if (Layout::reads_picture(g))
            return input < g.columns * g.inputs ? weight(0, input, output) : 0;
        if (!Layout::paints_picture(g)) return weight(tap, input, output);
        const int pixel = output / picture_channels;
        const int column = tap - pixel;
        if (pixel >= pixels_at_once || column < 0 || column >= g.columns) return 0;
        return weight(column, input, output % picture_channels);
    }

private:
    float weight(int column, int input, int output) const {
        const std::ptrdiff_t tap = std::ptrdiff_t(row) * geometry.columns + column;
        return weights[(tap * geometry.inputs + input) * geometry.outputs + output];
    }
};

// Pack a tile of weights: [16 pairs of inputs][16 outputs][2].
inline void pack_tile(const TapWeights& weights, int input, int output, int part,
                      std::byte* packed) {
    auto* next = reinterpret_cast<std::uint16_t*>(packed);
    for (int pair = 0; pair < tiles::rows; pair++)
        for (int column = 0; column < tiles::rows; column++)
            for (int i = 0; i < 2; i++) {
                const float weight = weights.at(input + 2 * pair + i, output + column);
                const std::uint16_t first = to_bf16(weight);
                *next++ = part == 0 ? first : to_bf16(weight - to_fp32(first));
            }
}

template <class Format>
class TileKernel : public Kernel {
public:
    constexpr explicit TileKernel(const char* name) noexcept : name_(name) {}

    const char* name() const override { return name_; }
    int padded_channels(int count) const override {
        return (count + group_size - 1) / group_size * group_size;
    }
    int pixels_per_position(int /*outputs*/) const override { return 1; }
    int stored_bytes() const override { return Format::stored_bytes; }
    int pixel_bytes(const Geometry& g) const override {
        // The picture's 8-bit values fit into one bf16.
        const int parts = Layout::reads_picture(g) ? 1 : g.is_sensitive ? 2 : Format::parts;
        return g.inputs * parts * int(sizeof(std::uint16_t));
    }
    // A tile always computes 16 outputs. In the worst case they are groups of pixels of which only
    // one pixel is needed.
    int slack(const Geometry& /*reader*/) const override { return tiles::rows * pixels_at_once; }
    // Processors with tiles have many cores. Measured with 16: half the time of 8 units.
    int preferred_units() const override { return 32; }
    std::size_t scratch_bytes(const Geometry& g, int /*count*/) const override {
        return Layout::paints_picture(g) ? PictureProduct::memory_bytes()
                                         : RingProduct<Format::parts>::memory_bytes();
    }
    void begin_thread() const override { tiles::configure(); }
    void end_thread() const override { tiles::release(); }

    std::size_t packed_bytes(const Geometry& g) const override {
        const Layout layout(g);
        return std::size_t(layout.groups) * layout.slices() * layout.taps * Format::parts *
               layout.tile_columns * tiles::bytes;
    }

    // The order is that of `TileProduct`: for each group, slice and tap the tiles' first parts,
    // then their second parts.
    void pack(const Geometry& g, const float* weights, std::byte* packed) const override {
        const Layout layout(g);
        for (int group = 0; group < layout.groups; group++)
            for (int slice = 0; slice < layout.slices(); slice++)
                layout.for_each_tap([&](int tap) {
                    for (int part = 0; part < Format::parts; part++)
                        for (int tile = 0; tile < layout.tile_columns; tile++) {
                            const int output = group * group_size + tile * tiles::rows;
                            const int input = slice % layout.chunks * chunk_size;
                            pack_tile({g, weights, slice / layout.chunks, tap}, input, output, part,
                                      packed);
                            packed += tiles::bytes;
                        }
                });
    }

    void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const override {
        auto* to = reinterpret_cast<std::uint16_t*>(ring);
        const int values = count * picture_channels;
        for (int i = 0; i < values; i++)  // 8-bit values need no rounding
            to[i] = static_cast<std::uint16_t>(bits_of(pixels[i]) >> 16);
        // Behind the row's last pixel or its padding, weights are zero, but the values must be
        // finite: the ring's memory may hold anything.
        constexpr int behind = 8 * picture_channels;
        for (int i = 0; i < behind; i++) to[values + i] = 0;
    }

    void load(const Input& input, int channels, int count, std::byte* ring) const override {
        const Input in = input;  // the compiler keeps a local variable in registers
        const std::ptrdiff_t ring_pixel =
            std::ptrdiff_t(channels) * Format::parts * std::ptrdiff_t(sizeof(std::uint16_t));
        for (int i = 0; i < count; i++)
            for (int channel = 0; channel < channels; channel += group_size) {
                const std::ptrdiff_t at = i * in.step + channel * Format::stored_bytes;
                Values v = Format::read(in.values + at) * read_values(in.affine.scale + channel) +
                           read_values(in.affine.shift + channel);
                if (in.rectify) v = relu(v);
                if (in.addend) v = v + Format::read(in.addend + at);
                std::byte* target = ring + i * ring_pixel + channel * sizeof(std::uint16_t);
                write_ring<Format::parts>(target, channels, v);
                if (in.copy) Format::write(in.copy + at, v);
            }
    }

    int rows_at_once(const Geometry& /*geometry*/) const override { return 1; }
    void convolve(const Filter& filter, const std::byte* const* rows, int count,
                  const Output& output, std::byte* scratch) const override {
        const Geometry& g = filter.geometry;
        const int bytes = pixel_bytes(g);
        float* memory = floats(scratch);
        const Epilogue<Format> epilogue{output, g.outputs};
        if (Layout::reads_picture(g))
            RingProduct<1>(filter, bytes, rows, count, memory).run(epilogue);
        else if (g.is_sensitive)
            RingProduct<2>(filter, bytes, rows, count, memory).run(epilogue);
        else
            RingProduct<Format::parts>(filter, bytes, rows, count, memory).run(epilogue);
        if (output.sums) output.sums->has_pivot = true;
    }

    // The last group of pixels may reach beyond the row. The values there are multiplied with zeros
    // or discarded. They are finite, as the ring's row extends to the next multiple of 4.
    void convolve_to_colors(const Filter& filter, const std::byte* const* rows, int count,
                            float* colors, std::byte* scratch) const override {
        const auto finish = [&](int /*group*/, int first_group, int groups, const float* sums) {
            const int first = first_group * pixels_at_once;
            const int left = count - first;
            const int found = groups * pixels_at_once;
            copy_colors(sums, found < left ? found : left,
                        colors + std::ptrdiff_t(first) * picture_channels);
        };
        PictureProduct(filter, pixel_bytes(filter.geometry), rows, groups_of(count),
                       floats(scratch))
            .run(finish);
    }

private:
    template <int input_parts>
    using RingProduct = TileProduct<group_size / tiles::rows, input_parts, Format::parts>;
    using PictureProduct = TileProduct<1, Format::parts, Format::parts>;

    static int groups_of(int count) { return (count + pixels_at_once - 1) / pixels_at_once; }

    const char* name_;
};

}  // namespace
