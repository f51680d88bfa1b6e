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
#include "plane_convolution.h"
#include "row_convolution.h"

namespace {

// Compute `P` pixels of the last layer. There are few outputs, so vectors run along the inputs and
// their lanes are added up.
template <int P>
void compute_colors(const Filter& filter, const std::byte* const* rows, int first, float* colors) {
    const Geometry& g = filter.geometry;
    const int length = g.columns * g.inputs;
    Vector sums[P][picture_channels];
    ENGINE_UNROLL
    for (int p = 0; p < P; p++)
        for (int c = 0; c < picture_channels; c++) sums[p][c] = Vector{};
    for (int y = 0; y < g.rows; y++) {
        const float* inputs = floats(rows[y]) + std::ptrdiff_t(first) * g.inputs;
        const float* weights =
            floats(filter.weights) + std::ptrdiff_t(y) * picture_channels * length;
        for (int k = 0; k < length; k += LANES)
            for (int c = 0; c < picture_channels; c++) {
                const Vector weight = read(weights + c * length + k);
                for (int p = 0; p < P; p++) sums[p][c] += read(inputs + p * g.inputs + k) * weight;
            }
    }
    for (int p = 0; p < P; p++)
        for (int c = 0; c < picture_channels; c++)
            colors[(first + p) * picture_channels + c] = total(sums[p][c]);
}

// Pack the last layer's weights as [rows][3][columns][inputs].
void pack_last(const Geometry& g, const float* weights, float* packed) {
    const int length = g.columns * g.inputs;
    for (int y = 0; y < g.rows; y++)
        for (int c = 0; c < picture_channels; c++)
            for (int k = 0; k < length; k++) *packed++ = weights[(y * length + k) * g.outputs + c];
}

class VectorKernel : public Kernel {
public:
    const char* name() const override { return NAME; }
    int channel_multiple() const override { return group_size; }
    int stored_bytes() const override { return sizeof(float); }
    int pixel_bytes(const Geometry& reader) const override {
        return reader.inputs * int(sizeof(float));
    }
    int slack() const override { return 0; }
    // More would cost three percent of the time in few threads.
    int preferred_units() const override { return 8; }
    std::size_t scratch_bytes(const Geometry& g, int count) const override {
        return sizeof(float) * scratch_floats(g, count);
    }
    int rows_at_once(const Geometry& g) const override {
        return PlaneConvolution::suits(g) ? PlaneConvolution::tile : 1;
    }
    void begin_thread() const override {}
    void end_thread() const override {}

    std::size_t packed_bytes(const Geometry& g) const override {
        return sizeof(float) * packed_floats(g);
    }

    void pack(const Geometry& g, const float* weights, std::byte* packed) const override {
        if (g.outputs == picture_channels)
            pack_last(g, weights, floats(packed));
        else if (PlaneConvolution::suits(g))
            PlaneConvolution::pack(g, weights, floats(packed));
        else if (RowConvolution::suits(g))
            RowConvolution::pack(g, weights, floats(packed));
        else
            DirectConvolution::pack(g, weights, floats(packed));
    }

    void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const override {
        for (int i = 0; i < count * picture_channels; i++) floats(ring)[i] = pixels[i];
    }

    void load(const Input& input, int channels, int count, std::byte* ring) const override {
        const std::ptrdiff_t step = input.step / std::ptrdiff_t(sizeof(float));
        for (int channel = 0; channel < channels; channel += LANES) {
            const Vector scale = read(input.affine.scale + channel);
            const Vector shift = read(input.affine.shift + channel);
            const float *values = floats(input.values) + channel, *addend = floats(input.addend);
            float *target = floats(ring) + channel, *copy = floats(input.copy);
            if (addend) addend += channel;
            if (copy) copy += channel;
            for (std::ptrdiff_t i = 0; i < count; i++, target += channels) {
                Vector value = read(values + i * step) * scale + shift;
                if (input.rectify) value = relu(value);
                if (addend) value = value + read(addend + i * step);
                write(target, value);
                if (copy) write(copy + i * step, value);
            }
        }
    }

    void convolve(const Filter& filter, const std::byte* const* rows, int count,
                  const Output& output, std::byte* scratch) const override {
        float* memory = floats(scratch);
        const Geometry& g = filter.geometry;
        if (PlaneConvolution::suits(g))
            PlaneConvolution(filter, rows, count, output, memory).run();
        else if (RowConvolution::suits(g))
            RowConvolution(filter, rows, count, output, memory).run();
        else
            DirectConvolution{filter, rows, count, output, memory}.run();
        if (output.sums) output.sums->has_pivot = true;
    }

    void convolve_to_colors(const Filter& filter, const std::byte* const* rows, int count,
                            float* colors, std::byte* /*scratch*/) const override {
        constexpr int at_once = PIXELS * 2 / picture_channels;
        int first = 0;
        for (; first + at_once <= count; first += at_once)
            compute_colors<at_once>(filter, rows, first, colors);
        for (; first < count; first++) compute_colors<1>(filter, rows, first, colors);
    }

private:
    static std::size_t scratch_floats(const Geometry& g, int count) {
        if (PlaneConvolution::suits(g)) return PlaneConvolution::scratch_floats(g);
        if (RowConvolution::suits(g)) return RowConvolution::scratch_floats(g);
        return DirectConvolution::scratch_floats(count);
    }
    static std::size_t packed_floats(const Geometry& g) {
        if (PlaneConvolution::suits(g)) return PlaneConvolution::packed_floats(g);
        if (RowConvolution::suits(g)) return RowConvolution::packed_floats(g);
        return DirectConvolution::packed_floats(g);
    }
};

const VectorKernel kernel;

}  // namespace
