#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace engine {

namespace {
constexpr double epsilon = 1e-5;  // the default of PyTorch's InstanceNorm2d
}

UnitStatistics::UnitStatistics(int channels)
    : channels_(channels),
      memory_(3 * static_cast<std::size_t>(channels)),
      sums_{memory_.data(), memory_.data() + channels, memory_.data() + std::size_t(2) * channels,
            false},
      sum_(channels),
      square_(channels) {}

void UnitStatistics::add_row(long long pixels) {
    for (int c = 0; c < channels_; c++) {
        sum_[c] += sums_.sum[c];
        square_[c] += sums_.square[c];
        sums_.sum[c] = sums_.square[c] = 0;
    }
    pixels_ += pixels;
}

void UnitStatistics::add_pixels(const float* values, int pixels) {
    if (!sums_.has_pivot) std::copy(values, values + channels_, sums_.pivot);
    sums_.has_pivot = true;
    for (int i = 0; i < pixels; i++)
        for (int c = 0; c < channels_; c++) {
            const double value = double(*values++) - sums_.pivot[c];
            sum_[c] += value;
            square_[c] += value * value;
        }
    pixels_ += pixels;
}

Statistics::Statistics(int channels) : mean_(channels), deviation_(channels) {}

void Statistics::add(const UnitStatistics& unit) {
    const auto added = static_cast<double>(unit.pixels_);
    const double total = pixels_ + added;
    for (std::size_t c = 0; c < mean_.size(); c++) {
        const double offset = unit.sum_[c] / added;
        const double mean = unit.sums_.pivot[c] + offset;
        const double deviation = unit.square_[c] - unit.sum_[c] * offset;
        const double distance = mean - mean_[c];
        mean_[c] += distance * (added / total);
        deviation_[c] += deviation + distance * distance * (pixels_ * added / total);
    }
    pixels_ = total;
}

FixedNorm Statistics::fix(const Norm& norm) const {
    if (!norm.has_statistics) return {norm.weight, norm.bias};
    FixedNorm fixed{AlignedVector<float>(mean_.size()), AlignedVector<float>(mean_.size())};
    for (std::size_t c = 0; c < mean_.size(); c++) {
        // Rounding can leave a deviation slightly below 0. NaN must stay NaN.
        const double variance = deviation_[c] < 0 ? 0 : deviation_[c] / pixels_;
        const double scale = norm.weight[c] / std::sqrt(variance + epsilon);
        fixed.scale[c] = static_cast<float>(scale);
        fixed.shift[c] = static_cast<float>(norm.bias[c] - scale * mean_[c]);
    }
    return fixed;
}

}  // namespace engine
