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

// Statistics of one unit's pixels, for each channel.
class UnitStatistics {
public:
    explicit UnitStatistics(int channels);
    UnitStatistics(UnitStatistics&&) = default;  // a copy would point into the original

    // The sums to which a kernel adds one or more rows.
    RowSums* row_sums() { return &sums_; }
    // Move the row sums, of `pixels` pixels, into the unit's sums.
    void add_row(long long pixels);

private:
    friend class Statistics;
    int channels_;
    AlignedVector<float> memory_;
    RowSums sums_;
    long long pixels_ = 0;
    std::vector<double> sum_, square_;  // of value - pivot
};

// The learned weights of an instance normalization.
struct Norm {
    AlignedVector<float> weight, bias;
};

// An instance normalization whose statistics are known.
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
    FixedNorm fix(const Norm& norm) const;

private:
    double pixels_ = 0;
    std::vector<double> mean_, deviation_;  // deviation: sum of squared distances from the mean
};

}  // namespace engine
