// The kernels for processors with tiles.
//
// Included by one file for the instructions and one for their emulation, which sets
// ENGINE_EMULATES_TILES and ENGINE_WITHOUT_VECTORS.
#pragma once

#define LANES 16
#include "bf16.h"
#include "tile_product.h"

namespace {

inline const float* floats(const std::byte* bytes) { return reinterpret_cast<const float*>(bytes); }
inline float* floats(std::byte* bytes) { return reinterpret_cast<float*>(bytes); }

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
inline Values rectified(const Values& v) { return {rectified(v.low), rectified(v.high)}; }
inline Values widened(Halves halves) { return {low_of(halves), high_of(halves)}; }
inline Halves rounded_to_bf16(const Values& v) { return rounded_to_bf16(v.low, v.high); }

// Into a ring, whose pixel is [its channels][what rounding took from them, if there are two parts].
template <int parts>
void write_ring(std::byte* ring, int channels, const Values& v) {
    const Halves first = rounded_to_bf16(v);
    write_halves(ring, first);
    if constexpr (parts == 2)
        write_halves(ring + channels * sizeof(std::uint16_t), rounded_to_bf16(v - widened(first)));
}

// fp32's pictures.
struct Exact {
    static constexpr int parts = 2;
    static constexpr int stored_bytes = sizeof(float);

    static Values read(const std::byte* arena) { return read_values(floats(arena)); }
    static void write(std::byte* arena, const Values& v) { write_values(floats(arena), v); }
};

// bf16 throughout, but for sums, and for inputs of sensitive filters.
struct Fast {
    static constexpr int parts = 1;
    static constexpr int stored_bytes = sizeof(std::uint16_t);

    static Values read(const std::byte* arena) { return widened(read_halves(arena)); }
    static void write(std::byte* arena, const Values& v) {
        write_halves(arena, rounded_to_bf16(v));
    }
};

// What becomes of `count` outputs of a group: the epilogue of `Kernel::convolve`.
template <class Format>
struct Epilogue {
    const Output& output;
    int channels;

    void operator()(int group_index, int first, int count, const float* sums) const {
        const int channel = group_index * group;
        if (output.kind == Output::normalize && output.is_for_sensitive)
            return normalize<2>(channel, first, count, sums);
        if (output.kind == Output::normalize)
            return normalize<Format::parts>(channel, first, count, sums);
        measure(channel, first == 0, count, sums);
        if (output.kind == Output::measure_and_store) store(channel, first, count, sums);
    }

private:
    void measure(int channel, bool is_first, int count, const float* sums) const {
        RowSums& row = *output.sums;
        if (is_first && !row.has_pivot) write_values(row.pivot + channel, read_values(sums));
        const Values origin = read_values(row.pivot + channel);
        Values sum = read_values(row.sum + channel), square = read_values(row.square + channel);
        for (int i = 0; i < count; i++) {
            const Values value = read_values(sums + i * group) - origin;
            sum = sum + value;
            square = square + value * value;
        }
        write_values(row.sum + channel, sum);
        write_values(row.square + channel, square);
    }

    void store(int channel, int first, int count, const float* sums) const {
        const std::ptrdiff_t step = (std::ptrdiff_t)output.step * channels * Format::stored_bytes;
        std::byte* target = output.target + first * step + channel * Format::stored_bytes;
        for (int i = 0; i < count; i++)
            Format::write(target + i * step, read_values(sums + i * group));
    }

    template <int parts>
    void normalize(int channel, int first, int count, const float* sums) const {
        const std::ptrdiff_t bytes = (std::ptrdiff_t)sizeof(std::uint16_t);
        const std::ptrdiff_t step = output.step * channels * parts * bytes;
        std::byte* target = output.target + first * step + channel * bytes;
        const Values scale = read_values(output.affine.scale + channel);
        const Values shift = read_values(output.affine.shift + channel);
        for (int i = 0; i < count; i++) {
            const Values value = read_values(sums + i * group);
            write_ring<parts>(target + i * step, channels, rectified(value * scale + shift));
        }
    }
};

// Sums of groups of pixels, [][16], to `count` RGB pixels; `bias` has 16 values, too. False if one
// of them was not finite.
inline bool paint(const float* sums, int count, const float* bias, std::uint8_t* pixels) {
    constexpr int values = pixels_together * picture_channels;
    const Vector biases = read(bias);
    Vector differences{};
    for (int left = count * picture_channels; left > 0; left -= values) {
        const Vector value = read(sums) + biases;
        differences += value - value;  // zero, or NaN
        std::uint8_t bytes[LANES];
        write_bytes(bytes, value);
        if (left >= values)
            std::memcpy(pixels, bytes, values);
        else
            std::memcpy(pixels, bytes, left);
        sums += LANES;
        pixels += values;
    }
    return total(differences) == 0;
}

// The weights under one tap of a row of the filter.
struct TapWeights {
    const Geometry& geometry;
    const float* weights;  // [rows][columns][inputs][outputs]
    int row, tap;

    // Of an input and an output as tiles have them; see `Layout`.
    float at(int input, int output) const {
        const Geometry& g = geometry;
        if (Layout::reads_picture(g))
            return input < g.columns * g.inputs ? weight(0, input, output) : 0;
        if (!Layout::paints_picture(g)) return weight(tap, input, output);
        const int pixel = output / picture_channels, column = tap - pixel;
        if (pixel >= pixels_together || column < 0 || column >= g.columns) return 0;
        return weight(column, input, output % picture_channels);
    }

private:
    float weight(int column, int input, int output) const {
        const std::ptrdiff_t tap = (std::ptrdiff_t)row * geometry.columns + column;
        return weights[(tap * geometry.inputs + input) * geometry.outputs + output];
    }
};

// A tile of weights: [16 pairs of inputs][16 outputs][2].
inline void pack_tile(const TapWeights& weights, int input, int output, int part,
                      std::byte* packed) {
    std::uint16_t* next = reinterpret_cast<std::uint16_t*>(packed);
    for (int pair = 0; pair < tiles::rows; pair++)
        for (int column = 0; column < tiles::rows; column++)
            for (int i = 0; i < 2; i++) {
                const float weight = weights.at(input + 2 * pair + i, output + column);
                const std::uint16_t first = rounded_to_bf16(weight);
                *next++ = part == 0 ? first : rounded_to_bf16(weight - widened(first));
            }
}

template <class Format>
class TileKernel : public Kernel {
public:
    constexpr explicit TileKernel(const char* name) : name_(name) {}

    const char* name() const override { return name_; }
    int channel_multiple() const override { return group; }
    int stored_bytes() const override { return Format::stored_bytes; }
    int pixel_bytes(const Geometry& g) const override {
        // The picture's values have few enough digits for one bf16.
        const int parts = Layout::reads_picture(g) ? 1 : g.is_sensitive ? 2 : Format::parts;
        return g.inputs * parts * (int)sizeof(std::uint16_t);
    }
    // Tiles have 16 outputs, whether they are wanted or not. In the worst case these are groups of
    // pixels, and but one pixel of one group is wanted.
    int slack() const override { return tiles::rows * pixels_together; }
    std::size_t scratch_bytes(const Geometry& g, int count) const override {
        return Layout::paints_picture(g) ? PictureProduct::memory_bytes(groups_of(count))
                                         : RingProduct<Format::parts>::memory_bytes(count);
    }
    void begin_thread() const override { tiles::configure(); }
    void end_thread() const override { tiles::release(); }

    std::size_t packed_bytes(const Geometry& g) const override {
        const Layout layout(g);
        return (std::size_t)layout.groups * layout.units() * layout.taps * Format::parts *
               layout.tile_columns * tiles::bytes;
    }

    // In the order in which `RowProduct` goes through them: for each group, unit and tap the first
    // parts of its tiles, then their second parts.
    void pack(const Geometry& g, const float* weights, std::byte* packed) const override {
        const Layout layout(g);
        for (int index = 0; index < layout.groups; index++)
            for (int unit = 0; unit < layout.units(); unit++)
                layout.each_tap([&](int tap) {
                    for (int part = 0; part < Format::parts; part++)
                        for (int tile = 0; tile < layout.tile_columns; tile++) {
                            const int output = index * group + tile * tiles::rows;
                            const int input = unit % layout.chunks * chunk;
                            pack_tile({g, weights, unit / layout.chunks, tap}, input, output, part,
                                      packed);
                            packed += tiles::bytes;
                        }
                });
    }

    void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const override {
        std::uint16_t* to = reinterpret_cast<std::uint16_t*>(ring);
        const int values = count * picture_channels;
        for (int i = 0; i < values; i++)  // these need no rounding
            to[i] = static_cast<std::uint16_t>(bits_of(pixels[i]) >> 16);
        // What is multiplied with weights of zero, behind the row's last pixel or its reflection,
        // has to be finite. The ring's memory may have been another one's.
        constexpr int behind = 8 * picture_channels;
        for (int i = 0; i < behind; i++) to[values + i] = 0;
    }

    void load(const Input& input, int channels, int count, std::byte* ring) const override {
        const Input in = input;  // a local variable: the compiler keeps it in registers
        const std::ptrdiff_t pixel = (std::ptrdiff_t)channels * Format::stored_bytes;
        const std::ptrdiff_t ring_pixel =
            (std::ptrdiff_t)channels * Format::parts * (std::ptrdiff_t)sizeof(std::uint16_t);
        for (int i = 0; i < count; i++)
            for (int channel = 0; channel < channels; channel += group) {
                const std::ptrdiff_t at = i * pixel + channel * Format::stored_bytes;
                Values v = Format::read(in.values + at) * read_values(in.affine.scale + channel) +
                           read_values(in.affine.shift + channel);
                if (in.rectify) v = rectified(v);
                if (in.addend) v = v + Format::read(in.addend + at);
                std::byte* target = ring + i * ring_pixel + channel * sizeof(std::uint16_t);
                write_ring<Format::parts>(target, channels, v);
                if (in.copy) Format::write(in.copy + at, v);
            }
    }

    int rows_at_once(const Geometry&) const override { return 1; }
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

    // The last group of pixels may reach beyond the row. What is there is multiplied with weights
    // of zero, or thrown away; it is finite, as the ring's row goes on to the next multiple of 4.
    bool convolve_to_picture(const Filter& filter, const float* bias, const std::byte* const* rows,
                             int count, std::uint8_t* pixels, std::byte* scratch) const override {
        float biases[LANES] = {};
        for (int i = 0; i < pixels_together * picture_channels; i++)
            biases[i] = bias[i % picture_channels];
        bool is_finite = true;
        const auto finish = [&](int, int first_group, int groups, const float* sums) {
            const int first = first_group * pixels_together, left = count - first;
            const int found = groups * pixels_together;
            is_finite &= paint(sums, found < left ? found : left, biases,
                               pixels + (std::ptrdiff_t)first * picture_channels);
        };
        PictureProduct(filter, pixel_bytes(filter.geometry), rows, groups_of(count),
                       floats(scratch))
            .run(finish);
        return is_finite;
    }

private:
    template <int input_parts>
    using RingProduct = RowProduct<group / tiles::rows, input_parts, Format::parts>;
    using PictureProduct = RowProduct<1, Format::parts, Format::parts>;

    static int groups_of(int count) { return (count + pixels_together - 1) / pixels_together; }

    const char* name_;
};

}  // namespace
