// Outputs of few channels: a vector holds those of several adjacent pixels.
#pragma once

#include <cstddef>

#include "accumulators.h"

namespace {

// Processes finished outputs of `P` positions, each a vector of pixels.
class NarrowOutputs {
public:
    // `count` counts the pixels of the row.
    NarrowOutputs(const Output& output, int channels, int count)
        : output_(output), channels_(channels), pixels_(LANES / channels), count_(count) {}

    template <int P>
    void finish(Accumulators<P, 1>& outputs, int first_position) const {
        const int first = first_position * pixels_;
        if (output_.kind == Output::normalize)
            normalize(outputs);
        else if (output_.sums)
            measure(outputs, first);
        if (output_.kind != Output::measure) store(outputs, first);
    }

private:
    template <int P>
    void normalize(Accumulators<P, 1>& outputs) const {
        const Vector scale = repeat(output_.affine.scale), shift = repeat(output_.affine.shift);
        for (int p = 0; p < P; p++) outputs.at[0][p] = relu(outputs.at[0][p] * scale + shift);
    }

    template <int P>
    void measure(const Accumulators<P, 1>& outputs, int first) const {
        const RowSums& row = *output_.sums;
        float lanes[2][LANES];
        if (first == 0 && !row.has_pivot) {
            write(lanes[0], outputs.at[0][0]);
            for (int c = 0; c < channels_; c++) row.pivot[c] = lanes[0][c];
        }
        const Vector origin = repeat(row.pivot);
        Vector sum{}, square{};
        for (int p = 0; p < P; p++) {
            Vector value = outputs.at[0][p] - origin;
            const int left = count_ - first - p * pixels_;
            if (left < pixels_) value = without_rest(value, left * channels_);
            sum += value;
            square += value * value;
        }
        write(lanes[0], sum);
        write(lanes[1], square);
        for (int i = 0; i < LANES; i += channels_)
            for (int c = 0; c < channels_; c++) {
                row.sum[c] += lanes[0][i + c];
                row.square[c] += lanes[1][i + c];
            }
    }

    template <int P>
    void store(const Accumulators<P, 1>& outputs, int first) const {
        const std::ptrdiff_t step = step_of(output_);
        float* target = floats(output_.target) + first * step;
        for (int p = 0; p < P; p++, target += pixels_ * step) {
            const int left = count_ - first - p * pixels_;
            if (step == channels_ && left >= pixels_)
                write(target, outputs.at[0][p]);
            else
                store_pixels(outputs.at[0][p], left < pixels_ ? left : pixels_, target, step);
        }
    }

    void store_pixels(Vector pixels, int count, float* target, std::ptrdiff_t step) const {
        float lanes[LANES];
        write(lanes, pixels);
        for (int i = 0; i < count; i++)
            for (int c = 0; c < channels_; c += min_channels)
                std::memcpy(target + i * step + c, lanes + i * channels_ + c,
                            min_channels * sizeof(float));
    }

    // The channels' values for each pixel of a vector.
    Vector repeat(const float* values) const {
        float lanes[LANES] = {};  // GCC does not see that all are set
        for (int i = 0; i < LANES; i += channels_)
            for (int c = 0; c < channels_; c++) lanes[i + c] = values[c];
        return read(lanes);
    }
    // Zeros in place of all lanes from number `begin` on.
    static Vector without_rest(Vector values, int begin) {
        float lanes[LANES];
        write(lanes, values);
        for (int i = begin < 0 ? 0 : begin; i < LANES; i++) lanes[i] = 0;
        return read(lanes);
    }

    const Output& output_;
    int channels_, pixels_, count_;
};

}  // namespace
