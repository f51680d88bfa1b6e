// Winograd transforms: convolutions with fewer products.
//
// A row of outputs is a product of two polynomials, its inputs and its filter. The values of that
// product at a few points determine it and cost one multiplication each: 6 points give 4 outputs of
// a filter of 3 columns, or 5 outputs of a filter of 2, instead of 12 or 10 products. The points
// are 0, 1, -1, 2, -2 and infinity, as in Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", https://arxiv.org/abs/1509.09308: the loss in fp32 is small, and the transforms are
// cheap.
#pragma once

#include <cstddef>

#include "accumulators.h"

namespace {

constexpr int points = 6;
constexpr double point[points - 1] = {0, 1, -1, 2, -2};  // and infinity

// The number of outputs that the points determine.
constexpr int outputs_of(int columns) { return points + 1 - columns; }

// The matrix that takes a filter's row of weights to the points.
template <int columns>
struct WeightTransform {
    double at[points][columns] = {};

    constexpr WeightTransform() {
        for (int p = 0; p < points - 1; p++) {
            double power = 1;
            for (int x = 0; x < columns; x++, power *= point[p]) at[p][x] = power / scale(p);
        }
        at[points - 1][columns - 1] = 1;
    }
    static constexpr double scale(int p) {
        double product = 1;
        for (const double other : point)
            if (other != point[p]) product *= point[p] - other;
        return product;
    }
};

template <int columns>
constexpr WeightTransform<columns> weight_transform{};

// Transform a group of weights, `weight(column, lane)`, to the points.
template <int columns, int group_size, class Read>
void weights_to_points(Read weight, double (&at)[points][group_size]) {
    for (int p = 0; p < points; p++)
        for (int lane = 0; lane < group_size; lane++) {
            at[p][lane] = 0;
            for (int x = 0; x < columns; x++)
                at[p][lane] += weight_transform<columns>.at[p][x] * weight(x, lane);
        }
}

// Transform six inputs to the points.
inline void to_points(const Vector (&in)[points], Vector (&at)[points]) {
    const Vector a = in[4] - 4.F * in[2], b = in[3] - 4.F * in[1];
    const Vector c = in[4] - in[2], d = 2.F * (in[3] - in[1]);
    at[0] = 4.F * in[0] - 5.F * in[2] + in[4];
    at[1] = a + b;
    at[2] = a - b;
    at[3] = c + d;
    at[4] = c - d;
    at[5] = 4.F * in[1] - 5.F * in[3] + in[5];
}

// Transform values at the points back to outputs.
template <int outputs>
void from_points(const Vector (&at)[points], Vector* out) {
    const Vector even1 = at[1] + at[2], even2 = at[3] + at[4];
    const Vector odd1 = at[1] - at[2], odd2 = at[3] - at[4];
    out[0] = at[0] + even1 + even2;
    out[1] = odd1 + 2.F * odd2;
    out[2] = even1 + 4.F * even2;
    out[3] = odd1 + 8.F * odd2;
    if constexpr (outputs > 4) out[4] = even1 + 16.F * even2;
    out[outputs - 1] = out[outputs - 1] + at[points - 1];
}

// The products at the points: `length` inputs of each tile times their weights. Along one dimension
// there are `points` of them, along two `points * points`.
template <int V>
struct PointProducts {
    static constexpr int group_size = V * LANES;
    int point_count;
    int length;
    int capacity;   // in tiles
    float* inputs;  // [point_count][capacity][length]
    float* sums;    // of one group of channels: [point_count][capacity][group_size]

    static std::size_t scratch_floats(int point_count, int length, int capacity) {
        return std::size_t(point_count) * capacity * (length + group_size);
    }
    PointProducts(int point_count, int length, int capacity, float* scratch)
        : point_count(point_count),
          length(length),
          capacity(capacity),
          inputs(scratch),
          sums(scratch + std::ptrdiff_t(point_count) * capacity * length) {}

    float* input(int point_index, int tile) const {
        return inputs + (std::ptrdiff_t(point_index) * capacity + tile) * length;
    }
    float* sum(int point_index, int tile) const {
        return sums + (point_index * capacity + tile) * group_size;
    }

    // Multiply with the weights of one group of channels, [point_count][length][group_size].
    void multiply(int tiles, const float* weights) const {
        for (int point_index = 0; point_index < point_count;
             point_index++, weights += std::ptrdiff_t(length) * group_size) {
            int tile = 0;
            for (; tile + PIXELS <= tiles; tile += PIXELS)
                multiply_some<PIXELS>(point_index, tile, weights);
            multiply_rest<PIXELS - 1>(point_index, tile, tiles, weights);
        }
    }

private:
    template <int P>
    void multiply_rest(int point_index, int tile, int tiles, const float* weights) const {
        if (tiles - tile == P)
            multiply_some<P>(point_index, tile, weights);
        else if constexpr (P > 1)
            multiply_rest<P - 1>(point_index, tile, tiles, weights);
    }
    template <int P>
    ENGINE_NOT_INLINE void multiply_some(int point_index, int tile, const float* weights) const {
        Accumulators<P, V> sums;
        sums.clear();
        sums.multiply(input(point_index, tile), length, length, weights);
        sums.write_to(sum(point_index, tile));
    }
};

}  // namespace
