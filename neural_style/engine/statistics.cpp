#include "statistics.h"

#include <algorithm>
#include <cmath>

namespace engine {

namespace {
constexpr double epsilon = 1e-5;  // PyTorch's, for InstanceNorm2d
}

UnitStatistics::UnitStatistics(int channels)
    : channels_(channels),
      memory_(3 * static_cast<std::size_t>(channels)),
      sums_{memory_.data(), memory_.data() + channels, memory_.data() + 2 * channels, false},
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

Statistics::Statistics(int channels) : mean_(channels), deviation_(channels) {}

void Statistics::add(const UnitStatistics& unit) {
    const double added = static_cast<double>(unit.pixels_);
    const double together = pixels_ + added;
    for (std::size_t c = 0; c < mean_.size(); c++) {
        const double offset = unit.sum_[c] / added;
        const double mean = unit.sums_.pivot[c] + offset;
        const double deviation = unit.square_[c] - unit.sum_[c] * offset;
        const double distance = mean - mean_[c];
        mean_[c] += distance * (added / together);
        deviation_[c] += deviation + distance * distance * (pixels_ * added / together);
    }
    pixels_ = together;
}

FixedNorm Statistics::fix(const Norm& norm) const {
    FixedNorm fixed{AlignedVector<float>(mean_.size()), AlignedVector<float>(mean_.size())};
    for (std::size_t c = 0; c < mean_.size(); c++) {
        // Rounding can leave a deviation of nothing a little below 0; NaN has to stay NaN.
        const double variance = deviation_[c] < 0 ? 0 : deviation_[c] / pixels_;
        const double scale = norm.weight[c] / std::sqrt(variance + epsilon);
        fixed.scale[c] = static_cast<float>(scale);
        fixed.shift[c] = static_cast<float>(norm.bias[c] - scale * mean_[c]);
    }
    return fixed;
}

}  // namespace engine
