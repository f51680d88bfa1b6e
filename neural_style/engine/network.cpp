#include "network.h"

#include <algorithm>
#include <utility>

namespace engine {

namespace {

// The channels of a layer: those of the tensors, and those that the kernel computes.
struct Channels {
    int count, padded;
};

constexpr Channels picture{picture_channels, picture_channels};

Channels pad(const Kernel& kernel, int count) { return {count, kernel.padded_channels(count)}; }

std::string residual_name(int layer, const char* kind) {
    return "res" + std::to_string(layer / 2 + 1) + "." + kind + std::to_string(layer % 2 + 1);
}

std::size_t weight_count(const Geometry& g) {
    return std::size_t(g.rows) * g.columns * g.inputs * g.pixels * g.outputs;
}

std::size_t weight_index(const Geometry& g, int y, int x, int input, int pixel, int output) {
    const std::size_t at = (std::size_t(y) * g.columns + x) * g.inputs + input;
    return (at * g.pixels + pixel) * g.outputs + output;
}

const float* require(const Tensors& tensors, const std::string& name, std::size_t size) {
    const float* values = tensors(name, size);
    if (!values) throw MissingTensor(name);
    return values;
}

}  // namespace

// Converts weights from PyTorch's order [outputs][inputs][size][size] to
// [rows][columns][inputs][pixels][outputs], with channels padded with zeros.
class Network::Builder {
public:
    const Kernel& kernel;
    const Architecture& architecture;

    Builder(const Kernel& kernel, const Architecture& architecture, const Tensors& tensors)
        : kernel(kernel), architecture(architecture), tensors_(tensors) {}

    Channels padded(int count) const { return pad(kernel, count); }

    PackedFilter convolution(const std::string& layer, Channels inputs, Channels outputs, int size,
                             int stride = 1, bool is_sensitive = false) const {
        const int pixels = pixels_per_position(outputs);
        const Geometry padded{size,
                              size + (pixels - 1) * stride,
                              inputs.padded,
                              outputs.padded,
                              stride * pixels,
                              pixels,
                              is_sensitive};
        std::vector<float> weights(weight_count(padded));
        for_each_weight(
            layer, inputs, outputs, size, [&](int y, int x, int input, int output, float weight) {
                for (int pixel = 0; pixel < pixels; pixel++)
                    weights[weight_index(padded, y, x + pixel * stride, input, pixel, output)] =
                        weight;
            });
        return {kernel, padded, weights.data()};
    }

    // Upsampling copies each pixel to 2 x 2 places, where several weights of a 3 x 3 filter meet
    // it. Adding these weights up leaves 2 x 2 weights, different ones for each parity.
    UpsampleFilters upsampling(const std::string& layer, Channels inputs, Channels outputs) const {
        std::vector<PackedFilter> filters;
        const int pixels = pixels_per_position(outputs);
        for (int row_parity = 0; row_parity < 2; row_parity++)
            for (int first = 0; first < 2; first += pixels) {
                const Geometry padded{2,
                                      pixels == 1 ? 2 : 2 + pixels / 2,
                                      inputs.padded,
                                      outputs.padded,
                                      std::max(pixels / 2, 1),
                                      pixels};
                std::vector<double> sums(weight_count(padded));
                for_each_weight(
                    layer, inputs, outputs, small_filter,
                    [&](int y, int x, int input, int output, float weight) {
                        const int row = (row_parity + y + 1) / 2 - row_parity;
                        for (int pixel = 0; pixel < pixels; pixel++) {
                            const int column = (first + pixel + x + 1) / 2 - first;
                            sums[weight_index(padded, row, column, input, pixel, output)] += weight;
                        }
                    });
                const std::vector<float> weights(sums.begin(), sums.end());
                filters.emplace_back(kernel, padded, weights.data());
            }
        return UpsampleFilters(std::move(filters));
    }

    std::vector<PackedFilter> residual() const {
        const Channels channels = padded(architecture.conv3);
        std::vector<PackedFilter> filters;
        filters.reserve(architecture.residual_layers());
        for (int layer = 0; layer < architecture.residual_layers(); layer++)
            filters.push_back(
                convolution(residual_name(layer, "conv"), channels, channels, small_filter));
        return filters;
    }

private:
    int pixels_per_position(Channels outputs) const {
        const bool paints = outputs.count == picture.count && outputs.padded == picture.padded;
        return paints ? 1 : kernel.pixels_per_position(outputs.padded);
    }

    template <class Visit>
    void for_each_weight(const std::string& layer, Channels inputs, Channels outputs, int size,
                         Visit visit) const {
        const std::size_t count = std::size_t(outputs.count) * inputs.count * size * size;
        const float* weight = require(tensors_, layer + ".conv2d.weight", count);
        for (int output = 0; output < outputs.count; output++)
            for (int input = 0; input < inputs.count; input++)
                for (int y = 0; y < size; y++)
                    for (int x = 0; x < size; x++) visit(y, x, input, output, *weight++);
    }

    const Tensors& tensors_;
};

class Style::Builder {
public:
    const Network& network;
    const Architecture& architecture;

    Builder(const Network& network, const Tensors& tensors)
        : network(network), architecture(network.architecture), tensors_(tensors) {}

    Norm norm(const std::string& name, const std::string& layer, int channels) const {
        return norm(name, layer, pad(network.kernel, channels));
    }
    Norm last_norm() const { return norm("in6", "deconv3", picture); }

    std::vector<Norm> residual() const {
        std::vector<Norm> norms;
        norms.reserve(architecture.residual_layers());
        for (int layer = 0; layer < architecture.residual_layers(); layer++)
            norms.push_back(
                norm(residual_name(layer, "in"), residual_name(layer, "conv"), architecture.conv3));
        return norms;
    }

private:
    Norm norm(const std::string& name, const std::string& layer, Channels channels) const {
        if (architecture.unnormalized.count(name) == 0)
            return {true, read(name + ".weight", channels), read(name + ".bias", channels)};
        const std::string bias = layer + ".conv2d.bias";
        const bool has_bias = tensors_(bias, channels.count) != nullptr;
        return {false, AlignedVector<float>(channels.padded, 1),
                has_bias ? read(bias, channels) : AlignedVector<float>(channels.padded)};
    }

    AlignedVector<float> read(const std::string& name, Channels channels) const {
        const float* values = require(tensors_, name, channels.count);
        AlignedVector<float> result(values, values + channels.count);
        result.resize(channels.padded);
        return result;
    }

    const Tensors& tensors_;
};

PackedFilter::PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights)
    : PackedFilter(kernel, geometry, weights, Bytes(kernel.packed_bytes(geometry))) {}

PackedFilter::PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights,
                           Bytes memory)
    : Filter{geometry, memory.data()}, memory_(std::move(memory)) {
    kernel.pack(geometry, weights, memory_.data());
}

Network::Network(const Kernel& kernel, const Architecture& architecture, const Tensors& tensors)
    : Network(Builder(kernel, architecture, tensors)) {}

Network::Network(const Builder& build)
    : kernel(build.kernel),
      architecture(build.architecture),
      conv1(build.convolution("conv1", picture, build.padded(architecture.conv1), large_filter)),
      // Sensitive: in a smooth picture, it tells apart neighbors that are nearly equal.
      conv2(build.convolution("conv2", build.padded(architecture.conv1),
                              build.padded(architecture.conv2), small_filter, 2, true)),
      conv3(build.convolution("conv3", build.padded(architecture.conv2),
                              build.padded(architecture.conv3), small_filter, 2)),
      residual(build.residual()),
      deconv1(build.upsampling("deconv1", build.padded(architecture.conv3),
                               build.padded(architecture.deconv1))),
      deconv2(build.upsampling("deconv2", build.padded(architecture.deconv1),
                               build.padded(architecture.deconv2))),
      deconv3(build.convolution("deconv3", build.padded(architecture.deconv2), picture,
                                large_filter)) {}

Style::Style(const Network& network, const Tensors& tensors) : Style(Builder(network, tensors)) {}

Style::Style(const Builder& build)
    : network(build.network),
      in1(build.norm("in1", "conv1", build.architecture.conv1)),
      in2(build.norm("in2", "conv2", build.architecture.conv2)),
      in3(build.norm("in3", "conv3", build.architecture.conv3)),
      residual(build.residual()),
      in4(build.norm("in4", "deconv1", build.architecture.deconv1)),
      in5(build.norm("in5", "deconv2", build.architecture.deconv2)),
      in6(build.last_norm()) {}

}  // namespace engine
