#include "network.h"

#include <algorithm>
#include <utility>

namespace engine {

namespace {

// The channels of a layer: those of the state dict, and those that the kernel computes.
struct Channels {
    int count, padded;
    Channels times(int factor) const { return {factor * count, factor * padded}; }
};

constexpr Channels picture{picture_channels, picture_channels};

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

std::string residual_name(int layer, const char* kind) {
    return "res" + std::to_string(layer / 2 + 1) + "." + kind + std::to_string(layer % 2 + 1);
}

std::size_t weight_count(const Geometry& g) {
    return std::size_t(g.rows) * g.columns * g.inputs * g.outputs;
}

std::size_t weight_index(const Geometry& g, int y, int x, int input, int output) {
    return ((std::size_t(y) * g.columns + x) * g.inputs + input) * g.outputs + output;
}

}  // namespace

// Converts the state dict's tensors: weights from PyTorch's order [outputs][inputs][size][size] to
// [rows][columns][inputs][outputs], with channels padded with zeros.
class Network::Builder {
public:
    const Kernel& kernel;
    const Tensors& tensors;
    const Channels full, half, quarter;

    Builder(const Kernel& kernel, int base_width, const Tensors& tensors)
        : kernel(kernel),
          tensors(tensors),
          full{base_width, round_up(base_width, kernel.channel_multiple())},
          half(full.times(2)),
          quarter(full.times(4)) {}

    PackedFilter convolution(const std::string& layer, Channels inputs, Channels outputs, int size,
                             int stride = 1, bool is_sensitive = false) const {
        const Geometry padded{size, size, inputs.padded, outputs.padded, stride, is_sensitive};
        std::vector<float> weights(weight_count(padded));
        for_each_weight(layer, inputs, outputs, size,
                        [&](int y, int x, int input, int output, float weight) {
                            weights[weight_index(padded, y, x, input, output)] = weight;
                        });
        return {kernel, padded, weights.data()};
    }

    // Upsampling copies each pixel to 2 x 2 places, where several weights of a 3 x 3 filter meet
    // it. Adding these weights up leaves 2 x 2 weights, different ones for each parity.
    UpsampleFilters upsampling(const std::string& layer, Channels inputs, Channels outputs) const {
        UpsampleFilters filters;
        const Geometry padded{2, 2, inputs.padded, outputs.padded, 1};
        for (int row_parity = 0; row_parity < 2; row_parity++)
            for (int column_parity = 0; column_parity < 2; column_parity++) {
                std::vector<double> sums(weight_count(padded));
                for_each_weight(layer, inputs, outputs, small_filter,
                                [&](int y, int x, int input, int output, float weight) {
                                    const int row = (row_parity + y + 1) / 2 - row_parity;
                                    const int column = (column_parity + x + 1) / 2 - column_parity;
                                    sums[weight_index(padded, row, column, input, output)] +=
                                        weight;
                                });
                const std::vector<float> weights(sums.begin(), sums.end());
                filters.emplace_back(kernel, padded, weights.data());
            }
        return filters;
    }

    Norm norm(const std::string& layer, Channels channels) const {
        return {padded(layer + ".weight", channels), padded(layer + ".bias", channels)};
    }

private:
    template <class Visit>
    void for_each_weight(const std::string& layer, Channels inputs, Channels outputs, int size,
                         Visit visit) const {
        const std::size_t count = std::size_t(outputs.count) * inputs.count * size * size;
        const float* weight = tensors(layer + ".conv2d.weight", count);
        for (int output = 0; output < outputs.count; output++)
            for (int input = 0; input < inputs.count; input++)
                for (int y = 0; y < size; y++)
                    for (int x = 0; x < size; x++) visit(y, x, input, output, *weight++);
    }

    AlignedVector<float> padded(const std::string& name, Channels channels) const {
        const float* values = tensors(name, channels.count);
        AlignedVector<float> result(values, values + channels.count);
        result.resize(channels.padded);
        return result;
    }
};

PackedFilter::PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights)
    : PackedFilter(kernel, geometry, weights, Bytes(kernel.packed_bytes(geometry))) {}

PackedFilter::PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights,
                           Bytes memory)
    : Filter{geometry, memory.data()}, memory_(std::move(memory)) {
    kernel.pack(geometry, weights, memory_.data());
}

Network::Network(const Kernel& kernel, int base_width, const Tensors& tensors)
    : Network(Builder(kernel, base_width, tensors)) {}

Network::Network(const Builder& build)
    : kernel(build.kernel),
      full_channels(build.full.padded),
      half_channels(build.half.padded),
      quarter_channels(build.quarter.padded),
      conv1(build.convolution("conv1", picture, build.full, large_filter)),
      // Sensitive: in a smooth picture, it tells apart neighbors that are nearly equal.
      conv2(build.convolution("conv2", build.full, build.half, small_filter, 2, true)),
      conv3(build.convolution("conv3", build.half, build.quarter, small_filter, 2)),
      in1(build.norm("in1", build.full)),
      in2(build.norm("in2", build.half)),
      in3(build.norm("in3", build.quarter)),
      deconv1(build.upsampling("deconv1", build.quarter, build.half)),
      deconv2(build.upsampling("deconv2", build.half, build.full)),
      in4(build.norm("in4", build.half)),
      in5(build.norm("in5", build.full)),
      deconv3(build.convolution("deconv3", build.full, picture, large_filter)) {
    for (int layer = 0; layer < residual_layers; layer++) {
        residual.push_back(build.convolution(residual_name(layer, "conv"), build.quarter,
                                             build.quarter, small_filter));
        residual_norm.push_back(build.norm(residual_name(layer, "in"), build.quarter));
    }
    const float* values = build.tensors("deconv3.conv2d.bias", picture.count);
    std::copy(values, values + picture.count, bias.begin());
}

}  // namespace engine
