#include "network.h"

#include <algorithm>

namespace engine {

namespace {

// Of a layer: as PyTorch has them, and as kernels want them.
struct Channels {
    int count, padded;
};

constexpr Channels picture{3, 3};
constexpr int narrow_filter = 3, broad_filter = 9;  // rows and columns

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

std::string residual_name(int layer, const char* kind) {
    return "res" + std::to_string(layer / 2 + 1) + "." + kind + std::to_string(layer % 2 + 1);
}

}  // namespace

// A layer's weights as PyTorch has them, [outputs][inputs][size][size], put where kernels want
// them: [rows][columns][inputs][outputs], the channels padded with zeros.
class Network::Builder {
public:
    const Kernel& kernel;
    const Tensors& tensors;
    const Channels narrow, middle, wide;

    Builder(const Kernel& kernel, int base_width, const Tensors& tensors)
        : kernel(kernel),
          tensors(tensors),
          narrow{base_width, round_up(base_width, kernel.channel_multiple())},
          middle{2 * narrow.count, 2 * narrow.padded},
          wide{4 * narrow.count, 4 * narrow.padded} {}

    PackedFilter convolution(const std::string& layer, Channels inputs, Channels outputs, int size,
                             int stride = 1, bool is_sensitive = false) const {
        const Geometry padded{size, size, inputs.padded, outputs.padded, stride, is_sensitive};
        std::vector<float> weights(count(padded));
        each(layer, inputs, outputs, size, [&](int y, int x, int i, int o, float weight) {
            weights[index(padded, y, x, i, o)] = weight;
        });
        return PackedFilter(kernel, padded, weights.data());
    }

    // Doubling copies a pixel to where several of the filter's weights meet it: they are added up
    // beforehand, which leaves 2 x 2 of 3 x 3, other ones for each parity of the output's position.
    Doubling doubling(const std::string& layer, Channels inputs, Channels outputs) const {
        Doubling filters;
        const Geometry padded{2, 2, inputs.padded, outputs.padded, 1};
        for (int row_parity = 0; row_parity < 2; row_parity++)
            for (int column_parity = 0; column_parity < 2; column_parity++) {
                std::vector<double> sums(count(padded));
                each(layer, inputs, outputs, narrow_filter,
                     [&](int y, int x, int i, int o, float weight) {
                         const int row = (row_parity + y + 1) / 2 - row_parity;
                         const int column = (column_parity + x + 1) / 2 - column_parity;
                         sums[index(padded, row, column, i, o)] += weight;
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
    static std::size_t count(const Geometry& g) {
        return std::size_t(g.rows) * g.columns * g.inputs * g.outputs;
    }
    static std::size_t index(const Geometry& g, int y, int x, int input, int output) {
        return ((std::size_t(y) * g.columns + x) * g.inputs + input) * g.outputs + output;
    }

    template <class Visit>
    void each(const std::string& layer, Channels inputs, Channels outputs, int size,
              Visit visit) const {
        const std::size_t weights = std::size_t(outputs.count) * inputs.count * size * size;
        const float* weight = tensors(layer + ".conv2d.weight", weights);
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
    : memory_(kernel.packed_bytes(geometry)), filter_{geometry, memory_.data()} {
    kernel.pack(geometry, weights, memory_.data());
}

Network::Network(const Kernel& kernel, int base_width, const Tensors& tensors)
    : Network(Builder(kernel, base_width, tensors)) {}

Network::Network(const Builder& build)
    : kernel(build.kernel),
      narrow(build.narrow.padded),
      middle(build.middle.padded),
      wide(build.wide.padded),
      conv1(build.convolution("conv1", picture, build.narrow, broad_filter)),
      // It tells neighbours apart, which in a smooth picture are nearly the same.
      conv2(build.convolution("conv2", build.narrow, build.middle, narrow_filter, 2, true)),
      conv3(build.convolution("conv3", build.middle, build.wide, narrow_filter, 2)),
      in1(build.norm("in1", build.narrow)),
      in2(build.norm("in2", build.middle)),
      in3(build.norm("in3", build.wide)),
      deconv1(build.doubling("deconv1", build.wide, build.middle)),
      deconv2(build.doubling("deconv2", build.middle, build.narrow)),
      in4(build.norm("in4", build.middle)),
      in5(build.norm("in5", build.narrow)),
      deconv3(build.convolution("deconv3", build.narrow, picture, broad_filter)) {
    for (int layer = 0; layer < residual_layers; layer++) {
        residual.push_back(
            build.convolution(residual_name(layer, "conv"), build.wide, build.wide, narrow_filter));
        residual_norm.push_back(build.norm(residual_name(layer, "in"), build.wide));
    }
    const float* values = build.tensors("deconv3.conv2d.bias", picture.count);
    std::copy(values, values + picture.count, bias.begin());
}

}  // namespace engine
