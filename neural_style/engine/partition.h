// The partition of a picture into units of work.
//
// All layers share one partition, measured in pixels of the smallest layers, which have a quarter
// of the picture's width and height. It depends on the picture's size alone, so results do not
// depend on the number of threads.
#pragma once

#include <algorithm>
#include <vector>

namespace engine {

constexpr int max_unit_rows = 64;  // more rows: fewer units refill their rings
constexpr int min_unit_rows = 8;
constexpr int preferred_strips = 8;    // of a small picture: more would repeat more rows
constexpr int max_unit_columns = 256;  // a ring's rows stay in the second-level cache
constexpr int min_unit_columns = 32;

// The integers from `begin` up to, but not including, `end`.
struct Span {
    int begin, end;
    int size() const { return end - begin; }
    Span times(int scale) const { return {begin * scale, end * scale}; }
    Span within(int size) const { return {std::max(begin, 0), std::min(end, size)}; }
    Span widened(int before, int behind) const { return {begin - before, end + behind}; }
    bool contains(int i) const { return begin <= i && i < end; }
};

// One strip's rows by one band's columns.
struct Unit {
    Span rows, columns;
    int strip, band;  // indices into `Partition`
};

struct Partition {
    std::vector<Span> strips;  // of rows
    std::vector<Span> bands;   // of columns
    std::vector<Unit> units;   // strip by strip

    // `preferred_units` is the least number of units that a small picture is divided into, as far
    // as its size allows.
    Partition(int height, int width, int preferred_units)
        : strips(
              divide(height, std::clamp(height / preferred_strips, min_unit_rows, max_unit_rows))),
          bands(divide(width, unit_columns(width, preferred_units))) {
        units.reserve(strips.size() * bands.size());
        for (int strip = 0; strip < static_cast<int>(strips.size()); strip++)
            for (int band = 0; band < static_cast<int>(bands.size()); band++)
                units.push_back({strips[strip], bands[band], strip, band});
    }

private:
    int unit_columns(int width, int preferred_units) const {
        const int preferred_bands = (preferred_units - 1) / static_cast<int>(strips.size()) + 1;
        const int columns = (width + preferred_bands - 1) / preferred_bands;
        return std::clamp(columns, min_unit_columns, max_unit_columns);
    }

    // Divide 0..size - 1 into spans of about the same size, at most `max_size`.
    static std::vector<Span> divide(int size, int max_size) {
        const int count = (size + max_size - 1) / max_size;
        std::vector<Span> spans;
        spans.reserve(count);
        for (long long i = 0; i < count; i++) {
            const auto begin = static_cast<int>(size * i / count);
            const auto end = static_cast<int>(size * (i + 1) / count);
            spans.push_back({begin, end});
        }
        return spans;
    }
};

}  // namespace engine
