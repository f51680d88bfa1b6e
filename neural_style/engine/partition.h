// How a picture is divided into units of work.
//
// All layers are divided alike, in pixels of the smallest one, which has a quarter of the
// picture's width and height. The division depends on the size alone, so that results do, too.
#pragma once

#include <algorithm>
#include <vector>

namespace engine {

constexpr int largest_rows = 64;  // of a unit: rings are filled anew for each
constexpr int fewest_rows = 8;
constexpr int strips_wanted = 8;      // of a small picture: work for that many threads
constexpr int largest_columns = 256;  // a ring's rows stay in the second-level cache

struct Span {
    int begin, end;
    int size() const { return end - begin; }
    Span times(int scale) const { return {begin * scale, end * scale}; }
    Span within(int size) const { return {std::max(begin, 0), std::min(end, size)}; }
    Span widened(int before, int behind) const { return {begin - before, end + behind}; }
    bool contains(int i) const { return begin <= i && i < end; }
};

struct Unit {
    Span rows, columns;
    int strip, block;  // which of the spans of `Blocks` these are
};

struct Blocks {
    std::vector<Span> strips;  // of rows
    std::vector<Span> blocks;  // of columns
    std::vector<Unit> units;

    Blocks(int height, int width)
        : strips(divide(height, std::clamp(height / strips_wanted, fewest_rows, largest_rows))),
          blocks(divide(width, largest_columns)) {
        for (int strip = 0; strip < static_cast<int>(strips.size()); strip++)
            for (int block = 0; block < static_cast<int>(blocks.size()); block++)
                units.push_back({strips[strip], blocks[block], strip, block});
    }

private:
    static std::vector<Span> divide(int size, int largest) {
        const int count = (size + largest - 1) / largest;
        std::vector<Span> spans;
        for (long long i = 0; i < count; i++)
            spans.push_back(
                {static_cast<int>(size * i / count), static_cast<int>(size * (i + 1) / count)});
        return spans;
    }
};

}  // namespace engine
