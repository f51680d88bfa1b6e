// The few rows of a layer's input that a convolution looks at, with the columns around a unit.
#pragma once

#include <cstring>

#include "kernels/kernel.h"
#include "memory.h"
#include "partition.h"

namespace engine {

// How a layer's input goes on beyond the picture.
enum class Edge {
    reflect,  // ... 2 1 | 0 1 2 ...
    repeat,   // ... 0 0 | 0 1 2 ...: reflection, after each pixel was doubled
};

// Where in 0..size - 1 a position beyond it is read.
inline int continued(int i, int size, Edge edge) {
    if (edge == Edge::repeat) return std::clamp(i, 0, size - 1);
    if (i < 0) return -i;
    return i < size ? i : 2 * size - 2 - i;
}

class Ring {
public:
    // Of the rows of a layer of height x width pixels; `columns` may reach beyond it.
    Ring(Scratch& scratch, int capacity, int first_row, Span columns, int height, int width,
         int pixel_bytes, int slack, Edge edge)
        : columns_(columns),
          height_(height),
          width_(width),
          capacity_(capacity),
          next_row_(std::max(first_row, 0)),
          pixel_bytes_(pixel_bytes),
          edge_(edge),
          row_bytes_(static_cast<std::size_t>(columns.size() + slack) * pixel_bytes),
          memory_(scratch.take(row_bytes_ * capacity)) {}

    // The columns that the layer has; the others are copies of these.
    Span inner() const { return columns_.within(width_); }

    // Where a column of a row is, or will be.
    std::byte* at(int row, int column) const {
        return memory_ + row_bytes_ * (continued(row, height_, edge_) % capacity_) +
               static_cast<std::ptrdiff_t>(column - columns_.begin) * pixel_bytes_;
    }

    // Has `produce` write the inner columns of each row up to `last` that is not there yet.
    template <class Produce>
    void advance(int last, Produce produce) {
        for (last = std::min(last, height_ - 1); next_row_ <= last; next_row_++) {
            produce(next_row_);
            continue_columns(next_row_);
        }
    }
    int next_row() const { return next_row_; }

private:
    void continue_columns(int row) const {
        const Span inner = this->inner();
        for (int column = columns_.begin; column < inner.begin; column++) continue_at(row, column);
        for (int column = inner.end; column < columns_.end; column++) continue_at(row, column);
    }
    void continue_at(int row, int column) const {
        const int source =
            std::clamp(continued(column, width_, edge_), inner().begin, inner().end - 1);
        std::memcpy(at(row, column), at(row, source), pixel_bytes_);
    }

    Span columns_;
    int height_, width_, capacity_, next_row_, pixel_bytes_;
    Edge edge_;
    std::size_t row_bytes_;
    std::byte* memory_;
};

}  // namespace engine
