// The kernel for processors with vectors: fp32 throughout.
//
// Each file that includes this compiles it for one kind of processor and sets
//   NAME   the kernel's name
//   LANES  floats in a vector
//   PIXELS outputs that are computed at once: their sums, 2 * PIXELS vectors, and a few more must
//          fit into the registers
#pragma once

#include <cstddef>
#include <cstdint>

#include "direct_convolution.h"
#include "last_convolution.h"
#include "plane_convolution.h"
#include "row_convolution.h"

namespace {

// All other layers, in groups of `V` vectors of outputs, by the kind of convolution that suits
// them.
template <int V>
struct Convolution {
    using Direct = DirectConvolution<V>;
    using Row = RowConvolution<V>;
    using Plane = PlaneConvolution<V>;

    static std::size_t packed_floats(const Geometry& g) {
        if (Plane::suits(g)) return Plane::packed_floats(g);
        if (Row::suits(g)) return Row::packed_floats(g);
        return Direct::packed_floats(g);
    }
    static std::size_t scratch_floats(const Geometry& g, int count) {
        if (Plane::suits(g)) return Plane::scratch_floats(g);
        if (Row::suits(g)) return Row::scratch_floats(g);
        return Direct::scratch_floats(g, count);
    }
    static void pack(const Geometry& g, const float* weights, float* packed) {
        if (Plane::suits(g)) return Plane::pack(g, weights, packed);
        if (Row::suits(g)) return Row::pack(g, weights, packed);
        Direct::pack(g, weights, packed);
    }
    static void run(const Filter& filter, const std::byte* const* rows, int count,
                    const Output& output, float* scratch) {
        if (Plane::suits(filter.geometry))
            Plane(filter, rows, count, output, scratch).run();
        else if (Row::suits(filter.geometry))
            Row(filter, rows, count, output, scratch).run();
        else
            Direct{filter, rows, count, output, scratch}.run();
    }
};

inline bool fills_one_vector(const Geometry& g) { return lanes_of(g) == LANES; }

class VectorKernel : public Kernel {
public:
    const char* name() const override { return NAME; }
    int padded_channels(int count) const override {
        if (count > LANES) return round_up(count, max_group_vectors * LANES);
        int padded = min_channels;
        while (padded < count) padded *= 2;
        return padded;
    }
    int pixels_per_position(int outputs) const override {
        return outputs < LANES ? LANES / outputs : 1;
    }
    int stored_bytes() const override { return sizeof(float); }
    int pixel_bytes(const Geometry& reader) const override {
        return reader.inputs * int(sizeof(float));
    }
    // At the last position of a row, not all pixels may be needed.
    int slack(const Geometry& reader) const override { return reader.pixels * reader.stride; }
    // More would cost three percent of the time in few threads.
    int preferred_units() const override { return 8; }
    std::size_t scratch_bytes(const Geometry& g, int count) const override {
        return sizeof(float) * (fills_one_vector(g) ? Convolution<1>::scratch_floats(g, count)
                                                    : Convolution<2>::scratch_floats(g, count));
    }
    void begin_thread() const override {}
    void end_thread() const override {}

    std::size_t packed_bytes(const Geometry& g) const override {
        if (g.outputs == picture_channels) return sizeof(float) * LastConvolution::packed_floats(g);
        return sizeof(float) * (fills_one_vector(g) ? Convolution<1>::packed_floats(g)
                                                    : Convolution<2>::packed_floats(g));
    }
    void pack(const Geometry& g, const float* weights, std::byte* packed) const override {
        if (g.outputs == picture_channels)
            LastConvolution::pack(g, weights, floats(packed));
        else if (fills_one_vector(g))
            Convolution<1>::pack(g, weights, floats(packed));
        else
            Convolution<2>::pack(g, weights, floats(packed));
    }

    void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const override {
        for (int i = 0; i < count * picture_channels; i++) floats(ring)[i] = pixels[i];
    }

    void load(const Input& input, int channels, int count, std::byte* ring) const override {
        const std::ptrdiff_t step = input.step / std::ptrdiff_t(sizeof(float));
        const float *values = floats(input.values), *addend = floats(input.addend);
        float *target = floats(ring), *copy = floats(input.copy);
        if (channels < LANES) {
            for (int i = 0; i < count; i++, values += step, target += channels) {
                load_narrow(input, channels, values, addend, target, copy);
                if (addend) addend += step;
                if (copy) copy += step;
            }
            return;
        }
        for (int channel = 0; channel < channels; channel += LANES) {
            const Vector scale = read(input.affine.scale + channel);
            const Vector shift = read(input.affine.shift + channel);
            for (std::ptrdiff_t i = 0; i < count; i++) {
                const std::ptrdiff_t at = i * step + channel;
                Vector value = read(values + at) * scale + shift;
                if (input.rectify) value = relu(value);
                if (addend) value = value + read(addend + at);
                write(target + i * channels + channel, value);
                if (copy) write(copy + at, value);
            }
        }
    }

    int rows_at_once(const Geometry& g) const override {
        return PlaneConvolution<1>::suits(g) ? PlaneConvolution<1>::tile : 1;
    }

    void convolve(const Filter& filter, const std::byte* const* rows, int count,
                  const Output& output, std::byte* scratch) const override {
        if (fills_one_vector(filter.geometry))
            Convolution<1>::run(filter, rows, count, output, floats(scratch));
        else
            Convolution<2>::run(filter, rows, count, output, floats(scratch));
        if (output.sums) output.sums->has_pivot = true;
    }

    void convolve_to_colors(const Filter& filter, const std::byte* const* rows, int count,
                            float* colors, std::byte* /*scratch*/) const override {
        constexpr int at_once = PIXELS * max_group_vectors / picture_channels;
        int first = 0;
        for (; first + at_once <= count; first += at_once)
            LastConvolution::compute<at_once>(filter, rows, first, colors);
        for (; first < count; first++) LastConvolution::compute<1>(filter, rows, first, colors);
    }

private:
    static int round_up(int value, int multiple) {
        return (value + multiple - 1) / multiple * multiple;
    }

    // Load a pixel of fewer channels than a vector has lanes.
    static void load_narrow(const Input& input, int channels, const float* values,
                            const float* addend, float* target, float* copy) {
        for (int c = 0; c < channels; c++) {
            float value = values[c] * input.affine.scale[c] + input.affine.shift[c];
            if (input.rectify) value = value < 0 ? 0 : value;  // NaN stays NaN
            if (addend) value += addend[c];
            target[c] = value;
            if (copy) copy[c] = value;
        }
    }
};

const VectorKernel kernel;

}  // namespace
