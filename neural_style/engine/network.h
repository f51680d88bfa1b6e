// A style's network: filters in a kernel's order, and norms. Immutable, so several paintings can
// share one.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"
#include "statistics.h"

namespace engine {

// Returns the values of a tensor of the state dict. Throws if it does not have `size` values.
using Tensors = std::function<const float*(const std::string& name, std::size_t size)>;

constexpr int large_filter = 9;      // rows and columns of conv1's and deconv3's filters
constexpr int small_filter = 3;      // ... and of all others
constexpr int residual_layers = 10;  // two in each of five blocks

// A filter that owns its weights.
class PackedFilter : public Filter {
public:
    // `weights` are [rows][columns][inputs][outputs].
    PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights);
    PackedFilter(PackedFilter&&) = default;  // a copy would point to the original's weights

private:
    PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights,
                 Bytes memory);
    Bytes memory_;
};

// Upsampling by 2 followed by a 3 x 3 convolution, as four 2 x 2 filters: one for each parity of
// the output's row and column, at index row * 2 + column.
using UpsampleFilters = std::vector<PackedFilter>;

struct Network {
    // `base_width` is the number of channels after conv1.
    Network(const Kernel& kernel, int base_width, const Tensors& tensors);

    const Kernel& kernel;
    // Channels of the layers of full, half and quarter size, padded for the kernel.
    int full_channels, half_channels, quarter_channels;

    PackedFilter conv1, conv2, conv3;
    Norm in1, in2, in3;
    std::vector<PackedFilter> residual;  // `residual_layers` filters, each with its norm
    std::vector<Norm> residual_norm;
    UpsampleFilters deconv1, deconv2;
    Norm in4, in5;
    PackedFilter deconv3;
    // Of deconv3. All other biases precede a normalization, which cancels them.
    std::array<float, picture_channels> bias;

private:
    class Builder;
    explicit Network(const Builder& build);
};

}  // namespace engine
