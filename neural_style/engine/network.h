// The network of a style file: filters in a kernel's order. And its styles: what follows each
// filter. Both are immutable, so several paintings can share them.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"
#include "statistics.h"

namespace engine {

// Returns the values of a tensor, or null if there is none of this name. Throws if it does not have
// `size` values.
using Tensors = std::function<const float*(const std::string& name, std::size_t size)>;

// Thrown where a tensor is missing; it is named.
struct MissingTensor : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr int large_filter = 9;  // rows and columns of conv1's and deconv3's filters
constexpr int small_filter = 3;  // ... and of all others

// What distinguishes the networks of the family.
struct Architecture {
    // Channels after each layer. The residual layers have as many as conv3.
    int conv1, conv2, conv3, deconv1, deconv2;
    int blocks;                          // residual ones, with two layers each
    std::set<std::string> unnormalized;  // norms, such as "in1", in whose place is a bias
    bool has_sigmoid;                    // the picture is 255 * sigmoid(x), not x, of the last x

    int residual_layers() const { return 2 * blocks; }
};

// A filter that owns its weights.
class PackedFilter : public Filter {
public:
    // `weights` are [rows][columns][inputs][pixels][outputs].
    PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights);
    PackedFilter(PackedFilter&&) = default;  // a copy would point to the original's weights

private:
    PackedFilter(const Kernel& kernel, const Geometry& geometry, const float* weights,
                 Bytes memory);
    Bytes memory_;
};

// Upsampling by 2 followed by a 3 x 3 convolution, as four 2 x 2 filters: one for each parity of
// the output's row and column. Or as two filters that compute adjacent columns at once.
class UpsampleFilters {
public:
    explicit UpsampleFilters(std::vector<PackedFilter> filters) : filters_(std::move(filters)) {}

    const Filter& at(int row_parity, int column_parity) const {
        return filters_[(row_parity * 2 + column_parity) / column_parities()];
    }
    // The number of parities of columns that a filter computes.
    int column_parities() const { return 4 / static_cast<int>(filters_.size()); }
    const Geometry& geometry() const { return filters_[0].geometry; }

private:
    std::vector<PackedFilter> filters_;
};

struct Network {
    // Reads the filters, such as "conv1.conv2d.weight".
    Network(const Kernel& kernel, const Architecture& architecture, const Tensors& tensors);

    const Kernel& kernel;
    const Architecture architecture;

    PackedFilter conv1, conv2, conv3;
    std::vector<PackedFilter> residual;
    UpsampleFilters deconv1, deconv2;
    PackedFilter deconv3;

private:
    class Builder;
    explicit Network(const Builder& build);
};

// A network, and what follows its filters in one of its styles.
struct Style {
    // Reads the norms, such as "in1.weight" and "in1.bias". Where the network has none, it reads
    // the filter's bias, such as "conv1.conv2d.bias"; a missing one is 0. Biases that precede a
    // norm are ignored, because it cancels them. The network must outlive the style.
    Style(const Network& network, const Tensors& tensors);

    const Network& network;
    Norm in1, in2, in3;
    std::vector<Norm> residual;
    Norm in4, in5, in6;

private:
    class Builder;
    explicit Style(const Builder& build);
};

}  // namespace engine
