// The network of a style: filters in a kernel's order, and norms. Never changed, so that several
// paintings may share one.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"
#include "statistics.h"

namespace engine {

// The values of a tensor, by its name in the state dict and how many it has to have.
using Tensors = std::function<const float*(const std::string& name, std::size_t size)>;

constexpr int residual_layers = 10;  // two for each of five blocks

// A filter and the memory of its weights.
class PackedFilter {
public:
    // Of weights [rows][columns][inputs][outputs].
    PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights);
    PackedFilter(PackedFilter&&) = default;  // a copy's filter would point to the original
    operator const Filter&() const { return filter_; }
    const Filter& filter() const { return filter_; }

private:
    Bytes memory_;
    Filter filter_;
};

// The filters that together double a picture and convolve it: one for each parity of the output's
// row and column, at row * 2 + column.
using Doubling = std::vector<PackedFilter>;

struct Network {
    // Of `base_width` channels after the first convolution.
    Network(const Kernel& kernel, int base_width, const Tensors& tensors);

    const Kernel& kernel;
    // Channels after the first convolution, the second and the third, padded for the kernel.
    int narrow, middle, wide;

    PackedFilter conv1, conv2, conv3;
    Norm in1, in2, in3;
    std::vector<PackedFilter> residual;  // `residual_layers` of them, and of their norms
    std::vector<Norm> residual_norm;
    Doubling deconv1, deconv2;
    Norm in4, in5;
    PackedFilter deconv3;
    std::array<float, 3> bias;  // of deconv3; those of the others vanish in the norms

private:
    class Builder;
    explicit Network(const Builder& build);
};

}  // namespace engine
