// The statistics of an instance normalization, gathered while its input is computed.
//
// Sums are fp32 along a row and fp64 over the rows of a unit. Units are merged in the order of
// their numbers, so the result does not depend on the number of threads. The pivot and the merging
// follow Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance" (1983).
#pragma once

#include <vector>

#include "kernels/kernel.h"
#include "memory.h"

namespace engine {

// Statistics of one unit's pixels, for each channel. There are no channels where no normalization
// follows.
class UnitStatistics {
public:
    explicit UnitStatistics(int channels);
    UnitStatistics(UnitStatistics&&) = default;  // a copy would point into the original

    // The sums to which a kernel adds one or more rows. Null without channels.
    RowSums* row_sums() { return channels_ > 0 ? &sums_ : nullptr; }
    // Move the row sums, of `pixels` pixels, into the unit's sums.
    void add_row(long long pixels);
    // Add pixels without gaps between their values.
    void add_pixels(const float* values, int pixels);

private:
    friend class Statistics;
    int channels_;
    AlignedVector<float> memory_;
    RowSums sums_;
    long long pixels_ = 0;
    std::vector<double> sum_, square_;  // of value - pivot
};

// What follows a convolution: an instance normalization with its learned weights, or a bias (with
// weights of 1).
struct Norm {
    bool has_statistics;  // it is an instance normalization
    AlignedVector<float> weight, bias;

    int measured_channels() const { return has_statistics ? static_cast<int>(bias.size()) : 0; }
};

// An instance normalization whose statistics are known, or a bias.
struct FixedNorm {
    AlignedVector<float> scale, shift;
    Affine affine() const { return {scale.data(), shift.data()}; }
};

// Statistics of a whole layer.
class Statistics {
public:
    explicit Statistics(int channels);

    // Merge the next unit.
    void add(const UnitStatistics& unit);
    // Without statistics, return the bias.
    FixedNorm fix(const Norm& norm) const;

private:
    double pixels_ = 0;
    std::vector<double> mean_, deviation_;  // deviation: sum of squared distances from the mean
};

}  // namespace engine
