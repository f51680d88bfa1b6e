// The statistics of an instance normalization, gathered while its input is computed.
//
// Sums are fp32 along a row, fp64 over the rows of a unit, and units are merged in the order of
// their numbers: the result does not depend on which thread had which. See Chan, Golub and
// LeVeque, "Algorithms for Computing the Sample Variance" (1983), for both the pivot and merging.
#pragma once

#include <vector>

#include "kernels/kernel.h"
#include "memory.h"

namespace engine {

// Of the pixels of one unit of work, a channel each.
class UnitStatistics {
public:
    explicit UnitStatistics(int channels);
    UnitStatistics(UnitStatistics&&) = default;  // a copy would point into the original

    // Where a kernel adds a row, or a few; `add_row` then takes the sums away.
    RowSums* row_sums() { return &sums_; }
    void add_row(long long pixels);

private:
    friend class Statistics;
    int channels_;
    AlignedVector<float> memory_;
    RowSums sums_;
    long long pixels_ = 0;
    std::vector<double> sum_, square_;  // of v - pivot
};

// The weights of an instance normalization.
struct Norm {
    AlignedVector<float> weight, bias;
};

// An instance normalization whose statistics are known.
struct FixedNorm {
    AlignedVector<float> scale, shift;
    operator Affine() const { return {scale.data(), shift.data()}; }
};

// Of a whole layer.
class Statistics {
public:
    explicit Statistics(int channels);

    // Merges the next unit.
    void add(const UnitStatistics& unit);
    FixedNorm fix(const Norm& norm) const;

private:
    double pixels_ = 0;
    std::vector<double> mean_, deviation_;  // sums of squared distances from the mean
};

}  // namespace engine
