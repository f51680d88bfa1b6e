// A ring buffer of the input rows that a convolution looks at.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "memory.h"
#include "partition.h"

namespace engine {

// How a layer is padded beyond its edges.
enum class Edge : std::uint8_t {
    reflect,  // ... 2 1 | 0 1 2 ...
    repeat,   // ... 0 0 | 0 1 2 ...: reflection padding of an upsampled layer
};

// The position in 0..size - 1 whose value a padded position takes.
inline int padded_source(int i, int size, Edge edge) {
    if (edge == Edge::repeat) return std::clamp(i, 0, size - 1);
    if (i < 0) return -i;
    return i < size ? i : 2 * size - 2 - i;
}

class Ring {
public:
    // For a layer of height x width pixels. `capacity` counts rows; `columns` may reach beyond the
    // layer, into its padding; `slack` counts unused pixels behind each row.
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

    // The columns that belong to the layer; all others are padding.
    Span inner() const { return columns_.within(width_); }

    // The address of a pixel, whether or not it has been written yet.
    std::byte* at(int row, int column) const {
        const int slot = padded_source(row, height_, edge_) % capacity_;
        return memory_ + row_bytes_ * slot +
               static_cast<std::ptrdiff_t>(column - columns_.begin) * pixel_bytes_;
    }

    // Append all missing rows up to `last`: `produce(row)` writes the inner columns, and the
    // padding is copied from them.
    template <class Produce>
    void advance(int last, Produce produce) {
        for (last = std::min(last, height_ - 1); next_row_ <= last; next_row_++) {
            produce(next_row_);
            pad(next_row_);
        }
    }
    int next_row() const { return next_row_; }

private:
    void pad(int row) const {
        const Span inside = inner();
        for (int column = columns_.begin; column < inside.begin; column++) pad_at(row, column);
        for (int column = inside.end; column < columns_.end; column++) pad_at(row, column);
    }
    void pad_at(int row, int column) const {
        const Span inside = inner();
        const int source =
            std::clamp(padded_source(column, width_, edge_), inside.begin, inside.end - 1);
        std::memcpy(at(row, column), at(row, source), pixel_bytes_);
    }

    Span columns_;
    int height_, width_, capacity_, next_row_, pixel_bytes_;
    Edge edge_;
    std::size_t row_bytes_;
    std::byte* memory_;
};

}  // namespace engine
