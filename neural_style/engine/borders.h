// What units that are worked on in place have to know of their neighbours.
//
// A pass over the arena writes a layer's output where its input was. A unit reads one pixel beyond
// its own on each side, where a neighbour may have written already: so these pixels are saved
// before the pass, as a ring will want them.
#pragma once

#include <cstring>

#include "memory.h"
#include "partition.h"
#include "ring.h"
#include "workers.h"

namespace engine {

class Borders {
public:
    // Of a layer of height x width pixels, `scale` times as large as `blocks`.
    Borders(Bytes& memory, const Blocks& blocks, int scale, int height, int width, int pixel_bytes)
        : blocks_(blocks), scale_(scale), height_(height), width_(width), bytes_(pixel_bytes) {
        const std::size_t pixels = 2 * ((blocks.strips.size() - 1) * std::size_t(width) +
                                        (blocks.blocks.size() - 1) * std::size_t(height));
        if (memory.size() < pixels * bytes_) {
            memory = {};  // given back before more is taken
            memory = Bytes(pixels * bytes_);
        }
        rows_ = memory.data();
        columns_ = rows_ + 2 * (blocks.strips.size() - 1) * width * bytes_;
    }

    // Where this unit's pixels are in the layer.
    Span rows(const Unit& unit) const { return unit.rows.times(scale_).within(height_); }
    Span columns(const Unit& unit) const { return unit.columns.times(scale_).within(width_); }

    // Saves them all; `load(row, columns, target)` makes a ring's pixels.
    template <class Load>
    void save(Workers& workers, Load load) const {
        const int strips = static_cast<int>(blocks_.strips.size());
        workers.run(strips, [&](int strip, Scratch&) {
            const Span own = blocks_.strips[strip].times(scale_).within(height_);
            if (strip > 0) load(own.begin, Span{0, width_}, saved_row(strip - 1, 1, 0));
            if (strip + 1 < strips) load(own.end - 1, Span{0, width_}, saved_row(strip, 0, 0));
            for (int block = 0; block + 1 < static_cast<int>(blocks_.blocks.size()); block++) {
                const int border = blocks_.blocks[block].end * scale_;
                for (int row = own.begin; row < own.end; row++)
                    for (int side = 0; side < 2; side++)
                        load(row, Span{border - 1 + side, border + side},
                             saved_column(block, side, row));
            }
        });
    }

    // Writes the inner columns of a row into the ring of a unit: its own pixels by `load`, those
    // of its neighbours from what was saved.
    template <class Load>
    void fill(const Ring& ring, const Unit& unit, int row, Load load) const {
        const Span own = columns(unit), inner = ring.inner();
        if (!rows(unit).contains(row)) {
            const bool is_above = row < rows(unit).begin;
            std::memcpy(ring.at(row, inner.begin),
                        saved_row(is_above ? unit.strip - 1 : unit.strip, !is_above, inner.begin),
                        inner.size() * bytes_);
            return;
        }
        load(row, own, ring.at(row, own.begin));
        if (inner.begin < own.begin)
            std::memcpy(ring.at(row, own.begin - 1), saved_column(unit.block - 1, 0, row), bytes_);
        if (inner.end > own.end)
            std::memcpy(ring.at(row, own.end), saved_column(unit.block, 1, row), bytes_);
    }

private:
    // Border i lies between spans i and i + 1; side 0 is the end of the one, 1 the begin of the
    // other.
    std::byte* saved_row(int border, int side, int column) const {
        return rows_ + ((std::size_t(border) * 2 + side) * width_ + column) * bytes_;
    }
    std::byte* saved_column(int border, int side, int row) const {
        return columns_ + ((std::size_t(border) * 2 + side) * height_ + row) * bytes_;
    }

    const Blocks& blocks_;
    int scale_, height_, width_;
    std::size_t bytes_;
    std::byte *rows_, *columns_;
};

}  // namespace engine
