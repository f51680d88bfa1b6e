// The pixels that units exchange when a pass works in place.
//
// A pass over the arena overwrites a layer's input with its output. Each unit reads one pixel
// beyond its own on every side, and its neighbor may have overwritten that pixel already.
// `Borders` saves these pixels before the pass, in the form that rings hold.
#pragma once

#include <cstddef>
#include <cstring>

#include "memory.h"
#include "partition.h"
#include "ring.h"
#include "workers.h"

namespace engine {

class Borders {
public:
    // For a layer of height x width pixels, `scale` times as large as the partition. `memory` grows
    // as needed and must outlive this object.
    Borders(Bytes& memory, const Partition& partition, int scale, int height, int width,
            int pixel_bytes)
        : partition_(partition),
          scale_(scale),
          height_(height),
          width_(width),
          pixel_bytes_(pixel_bytes) {
        const std::size_t row_pixels = 2 * (partition.strips.size() - 1) * width;
        const std::size_t column_pixels = 2 * (partition.bands.size() - 1) * height;
        const std::size_t bytes = (row_pixels + column_pixels) * pixel_bytes_;
        if (memory.size() < bytes) {
            memory = {};  // free the old block before a new one is allocated
            memory = Bytes(bytes);
        }
        rows_ = memory.data();
        columns_ = rows_ + row_pixels * pixel_bytes_;
    }

    // The unit's rows and columns in the layer.
    Span rows(const Unit& unit) const { return unit.rows.times(scale_).within(height_); }
    Span columns(const Unit& unit) const { return unit.columns.times(scale_).within(width_); }

    // Save the pixels on both sides of every border. `load(row, columns, target)` writes pixels in
    // the form that rings hold.
    template <class Load>
    void save(Workers& workers, Load load) const {
        const int strips = static_cast<int>(partition_.strips.size());
        workers.run(strips, [&](int strip, Scratch& /*scratch*/) {
            const Span own = partition_.strips[strip].times(scale_).within(height_);
            if (strip > 0) load(own.begin, Span{0, width_}, saved_row(strip - 1, 1, 0));
            if (strip + 1 < strips) load(own.end - 1, Span{0, width_}, saved_row(strip, 0, 0));
            for (int band = 0; band + 1 < static_cast<int>(partition_.bands.size()); band++) {
                const int border = partition_.bands[band].end * scale_;
                for (int row = own.begin; row < own.end; row++)
                    for (int side = 0; side < 2; side++)
                        load(row, Span{border - 1 + side, border + side},
                             saved_column(band, side, row));
            }
        });
    }

    // Write the inner columns of `row` into a unit's ring: the unit's own pixels by `load`, its
    // neighbors' pixels from the saved ones.
    template <class Load>
    void fill(const Ring& ring, const Unit& unit, int row, Load load) const {
        const Span own = columns(unit);
        const Span inner = ring.inner();
        if (!rows(unit).contains(row)) {
            const bool is_above = row < rows(unit).begin;
            const int border = is_above ? unit.strip - 1 : unit.strip;
            const int side = is_above ? 0 : 1;
            std::memcpy(ring.at(row, inner.begin), saved_row(border, side, inner.begin),
                        inner.size() * pixel_bytes_);
            return;
        }
        load(row, own, ring.at(row, own.begin));
        if (inner.begin < own.begin)
            std::memcpy(ring.at(row, own.begin - 1), saved_column(unit.band - 1, 0, row),
                        pixel_bytes_);
        if (inner.end > own.end)
            std::memcpy(ring.at(row, own.end), saved_column(unit.band, 1, row), pixel_bytes_);
    }

private:
    // Border i lies between spans i and i + 1. Side 0 is the end of span i, side 1 the beginning of
    // span i + 1.
    std::byte* saved_row(int border, int side, int column) const {
        return rows_ + ((std::size_t(border) * 2 + side) * width_ + column) * pixel_bytes_;
    }
    std::byte* saved_column(int border, int side, int row) const {
        return columns_ + ((std::size_t(border) * 2 + side) * height_ + row) * pixel_bytes_;
    }

    const Partition& partition_;
    int scale_, height_, width_;
    std::size_t pixel_bytes_;
    std::byte *rows_, *columns_;
};

}  // namespace engine
