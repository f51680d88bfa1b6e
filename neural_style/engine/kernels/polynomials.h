// The transforms of convolutions with fewer products.
//
// A row of outputs is a product of polynomials: its inputs times its filter. That product can be
// had from its values at a few points, where it takes one multiplication each: 6 points give 4
// outputs of a filter of 3 columns, or 5 of one of 2, instead of 12 or 10 products. The points are
// 0, 1, -1, 2, -2 and infinity, as in Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", https://arxiv.org/abs/1509.09308: the loss in fp32 is small, and the transforms are
// cheap.
#pragma once

#include "accumulators.h"

namespace {

constexpr int points = 6;
constexpr double point[points - 1] = {0, 1, -1, 2, -2};  // and infinity

// Outputs that come of the points, by a filter of so many columns.
constexpr int outputs_of(int columns) { return points + 1 - columns; }

// What a filter's row of weights is multiplied by, for each of the points.
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
        for (double other : point)
            if (other != point[p]) product *= point[p] - other;
        return product;
    }
};

template <int columns>
constexpr WeightTransform<columns> weight_transform{};

// A group of weights for each column of a filter's row, at all points: [points][group].
template <int columns, class Read>
void weights_to_points(Read weight, double (&at)[points][group]) {
    for (int p = 0; p < points; p++)
        for (int lane = 0; lane < group; lane++) {
            at[p][lane] = 0;
            for (int x = 0; x < columns; x++)
                at[p][lane] += weight_transform<columns>.at[p][x] * weight(x, lane);
        }
}

// Six inputs at the points.
inline void to_points(const Vector (&in)[points], Vector (&at)[points]) {
    const Vector a = in[4] - 4.f * in[2], b = in[3] - 4.f * in[1];
    const Vector c = in[4] - in[2], d = 2.f * (in[3] - in[1]);
    at[0] = 4.f * in[0] - 5.f * in[2] + in[4];
    at[1] = a + b;
    at[2] = a - b;
    at[3] = c + d;
    at[4] = c - d;
    at[5] = 4.f * in[1] - 5.f * in[3] + in[5];
}

// The outputs, from their values at the points.
template <int outputs>
void from_points(const Vector (&at)[points], Vector* out) {
    const Vector even1 = at[1] + at[2], even2 = at[3] + at[4];
    const Vector odd1 = at[1] - at[2], odd2 = at[3] - at[4];
    out[0] = at[0] + even1 + even2;
    out[1] = odd1 + 2.f * odd2;
    out[2] = even1 + 4.f * even2;
    out[3] = odd1 + 8.f * odd2;
    if constexpr (outputs > 4) out[4] = even1 + 16.f * even2;
    out[outputs - 1] = out[outputs - 1] + at[points - 1];
}

// The products in between: for each of `kinds` points the inputs of some tiles, `length` of them
// each, times weights.
struct PointProducts {
    int kinds;
    int length;
    int capacity;   // in tiles
    float* inputs;  // [kinds][capacity][length]
    float* sums;    // of one group of channels: [kinds][capacity][group]

    static std::size_t scratch_floats(int kinds, int length, int capacity) {
        return (std::size_t)kinds * capacity * (length + group);
    }
    PointProducts(int kinds, int length, int capacity, float* scratch)
        : kinds(kinds),
          length(length),
          capacity(capacity),
          inputs(scratch),
          sums(scratch + (std::ptrdiff_t)kinds * capacity * length) {}

    float* input(int kind, int tile) const {
        return inputs + ((std::ptrdiff_t)kind * capacity + tile) * length;
    }
    float* sum(int kind, int tile) const { return sums + (kind * capacity + tile) * group; }

    // By the weights of one group of channels: [kinds][length][group].
    void multiply(int tiles, const float* weights) const {
        for (int kind = 0; kind < kinds; kind++, weights += (std::ptrdiff_t)length * group) {
            int tile = 0;
            for (; tile + PIXELS <= tiles; tile += PIXELS)
                multiply_some<PIXELS>(kind, tile, weights);
            multiply_rest<PIXELS - 1>(kind, tile, tiles, weights);
        }
    }

private:
    template <int P>
    void multiply_rest(int kind, int tile, int tiles, const float* weights) const {
        if (tiles - tile == P)
            multiply_some<P>(kind, tile, weights);
        else if constexpr (P > 1)
            multiply_rest<P - 1>(kind, tile, tiles, weights);
    }
    template <int P>
    ENGINE_NOT_INLINE void multiply_some(int kind, int tile, const float* weights) const {
        Block<P> block;
        block.clear();
        block.multiply(input(kind, tile), length, length, weights);
        block.write_to(sum(kind, tile));
    }
};

}  // namespace
