#include "painting.h"

#include "borders.h"
#include "ring.h"

namespace engine {

namespace {

constexpr int picture_channels = 3;
constexpr int reach = 4;  // of a 9 x 9 filter, beyond its middle
constexpr int broad = 2 * reach + 1;
constexpr int narrow = 3;     // rows of the others
constexpr int shrinking = 4;  // how many times the picture is larger than the smallest layers

Output measure(UnitStatistics& statistics) {
    return {Output::measure, statistics.row_sums(), nullptr, 1, {}};
}
Output store(UnitStatistics& statistics, std::byte* target, int step = 1) {
    return {Output::measure_and_store, statistics.row_sums(), target, step, {}};
}
// Into the ring of `reader`.
Output normalize(const Affine& affine, const Filter& reader, std::byte* target, int step = 1) {
    return {Output::normalize, nullptr, target, step, affine, reader.geometry.is_sensitive};
}

Ring make_ring(const Kernel& kernel, Scratch& scratch, int capacity, int first_row, Span columns,
               Size size, const Filter& reader, Edge edge) {
    return Ring(scratch, capacity, first_row, columns, size.height, size.width,
                kernel.pixel_bytes(reader.geometry), kernel.slack(), edge);
}

// The pointers that `Kernel::convolve` takes: rows of a ring from `row` on.
class Rows {
public:
    // Of `count` rows the last one may stand for those that no wanted output needs: it is always
    // the same one, while a ring may still hold anything there.
    Rows(const Ring& ring, int row, int column, int count, int needed) {
        for (int y = 0; y < count; y++) rows_[y] = ring.at(row + std::min(y, needed - 1), column);
    }
    Rows(const Ring& ring, int row, int column, int count)
        : Rows(ring, row, column, count, count) {}
    operator const std::byte* const*() const { return rows_; }

private:
    const std::byte* rows_[broad];
};

// One thread's way to call `Kernel::convolve`, by filters of one geometry.
class Convolver {
public:
    Convolver(const Kernel& kernel, const Filter& filter, int count, Scratch& scratch)
        : kernel_(kernel), scratch_(scratch.take(kernel.scratch_bytes(filter.geometry, count))) {}
    void operator()(const Filter& filter, const std::byte* const* rows, int count,
                    const Output& output) const {
        kernel_.convolve(filter, rows, count, output, scratch_);
    }

private:
    const Kernel& kernel_;
    std::byte* scratch_;
};

}  // namespace

// Rows of conv1's output, from the picture.
class Painting::PictureRows {
public:
    PictureRows(const Painting& painting, Scratch& scratch, int first_row, Span columns)
        : painting_(painting),
          columns_(columns),
          ring_(make_ring(painting.kernel_, scratch, broad, first_row - reach,
                          columns.widened(reach, reach), painting.full_, painting.network_.conv1,
                          Edge::reflect)),
          convolve_(painting.kernel_, painting.network_.conv1, columns.size(), scratch) {}

    void compute(int row, const Output& output) {
        ring_.advance(row + reach, [&](int next) {
            const Span inner = ring_.inner();
            const std::size_t first = std::size_t(next) * painting_.picture_.width + inner.begin;
            painting_.kernel_.load_picture(painting_.picture_.pixels + first * picture_channels,
                                           inner.size(), ring_.at(next, inner.begin));
        });
        convolve_(painting_.network_.conv1, Rows(ring_, row - reach, columns_.begin - reach, broad),
                  columns_.size(), output);
    }

private:
    const Painting& painting_;
    const Span columns_;
    Ring ring_;
    Convolver convolve_;
};

// Rows of deconv2's output, from deconv1's in the arena.
class Painting::DoubledRows {
public:
    // Of the columns that these columns of the input become.
    DoubledRows(const Painting& painting, const FixedNorm& norm, Scratch& scratch, int first_row,
                Span columns)
        : painting_(painting),
          norm_(norm),
          columns_(columns),
          ring_(make_ring(painting.kernel_, scratch, narrow, first_row / 2 - 1,
                          columns.widened(1, 1), painting.small_.doubled(),
                          painting.network_.deconv2[0], Edge::repeat)),
          convolve_(painting.kernel_, painting.network_.deconv2[0], columns.size(), scratch) {}

    // `output(parity)` says what becomes of the even or odd columns.
    template <class MakeOutput>
    void compute(int row, MakeOutput output) {
        ring_.advance(row / 2 + 1, [&](int next) {
            const Span inner = ring_.inner();
            const Input input{painting_.doubled(next, inner.begin), norm_, true, nullptr, nullptr};
            painting_.kernel_.load(input, painting_.network_.middle, inner.size(),
                                   ring_.at(next, inner.begin));
        });
        const int row_parity = row % 2;
        for (int parity = 0; parity < 2; parity++) {
            const Rows rows(ring_, row / 2 - 1 + row_parity, columns_.begin - 1 + parity, 2);
            convolve_(painting_.network_.deconv2[row_parity * 2 + parity], rows, columns_.size(),
                      output(parity));
        }
    }

private:
    const Painting& painting_;
    const FixedNorm& norm_;
    const Span columns_;
    Ring ring_;
    Convolver convolve_;
};

std::size_t Arena::bytes(const Network& network, int height, int width) {
    const Size small = Size{height, width}.halved().halved();
    return std::size_t(2) * small.height * small.width * network.wide *
           network.kernel.stored_bytes();
}

int Painting::count_units(int height, int width) {
    const Size small = Size{height, width}.halved().halved();
    return static_cast<int>(Blocks(small.height, small.width).units.size());
}

Painting::Painting(const Network& network, const Picture& picture, std::uint8_t* painted,
                   Arena arena, Workers& workers, std::atomic<int>& passes_done)
    : network_(network),
      kernel_(network.kernel),
      picture_(picture),
      painted_(painted),
      arena_(arena),
      workers_(workers),
      passes_done_(passes_done),
      full_{picture.height, picture.width},
      middle_(full_.halved()),
      small_(middle_.halved()),
      blocks_(small_.height, small_.width) {}

void Painting::run() {
    measure_conv1();
    conv1_and_conv2();
    conv3();
    for (int layer = 0; layer < residual_layers; layer++) residual(layer);
    deconv1();
    measure_deconv2();
    deconv2_and_deconv3();
}

void Painting::measure_conv1() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(shrinking).within(full_.height);
        const Span columns = unit.columns.times(shrinking).within(full_.width);
        PictureRows conv1(*this, scratch, rows.begin, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            conv1.compute(row, measure(statistics));
            statistics.add_row(columns.size());
        }
    };
    norm_ = measured(network_.narrow, work).fix(network_.in1);
}

void Painting::conv1_and_conv2() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(2).within(middle_.height);
        const Span columns = unit.columns.times(2).within(middle_.width);
        Ring ring = make_ring(kernel_, scratch, narrow, 2 * rows.begin - 1,
                              columns.times(2).widened(1, 0), full_, network_.conv2, Edge::reflect);
        PictureRows conv1(*this, scratch, ring.next_row(), ring.inner());
        const Convolver convolve(kernel_, network_.conv2, columns.size(), scratch);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            ring.advance(2 * row + 1, [&](int next) {
                std::byte* target = ring.at(next, ring.inner().begin);
                conv1.compute(next, normalize(norm_, network_.conv2, target));
            });
            convolve(network_.conv2, Rows(ring, 2 * row - 1, 2 * columns.begin - 1, narrow),
                     columns.size(), store(statistics, doubled(row, columns.begin)));
            statistics.add_row(columns.size());
        }
    };
    norm_ = measured(network_.middle, work).fix(network_.in2);
}

void Painting::conv3() {
    const auto load = [&](int row, Span columns, std::byte* ring, bool) {
        const Input input{doubled(row, columns.begin), norm_, true, nullptr, nullptr};
        kernel_.load(input, network_.middle, columns.size(), ring);
    };
    norm_ = convolve_in_place(network_.conv3, middle_, load).fix(network_.in3);
}

void Painting::residual(int layer) {
    const bool is_first_of_block = layer % 2 == 0;
    // A block's input is the output of conv3, or the sum of the last block, which is formed here.
    // It is kept for the end of the block.
    const bool is_sum = is_first_of_block && layer > 0;
    const auto load = [&](int row, Span columns, std::byte* ring, bool is_own) {
        std::byte* kept = half(row, 1, columns.begin, network_.wide);
        const Input input{half(row, 0, columns.begin, network_.wide), norm_, !is_sum,
                          is_sum ? kept : nullptr, is_first_of_block && is_own ? kept : nullptr};
        kernel_.load(input, network_.wide, columns.size(), ring);
    };
    norm_ = convolve_in_place(network_.residual[layer], small_, load)
                .fix(network_.residual_norm[layer]);
}

void Painting::deconv1() {
    const auto load = [&](int row, Span columns, std::byte* ring) {
        const Input input{half(row, 0, columns.begin, network_.wide), norm_, false,
                          half(row, 1, columns.begin, network_.wide), nullptr};
        kernel_.load(input, network_.wide, columns.size(), ring);
    };
    const Borders borders(border_memory_, blocks_, 1, small_.height, small_.width,
                          kernel_.pixel_bytes(network_.deconv1[0].filter().geometry));
    borders.save(workers_, load);
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span columns = unit.columns;
        Ring ring = make_ring(kernel_, scratch, narrow, unit.rows.begin - 1, columns.widened(1, 1),
                              small_, network_.deconv1[0], Edge::repeat);
        const Convolver convolve(kernel_, network_.deconv1[0], columns.size(), scratch);
        for (int row = unit.rows.begin; row < unit.rows.end; row++) {
            workers_.check();
            ring.advance(row + 1, [&](int next) { borders.fill(ring, unit, next, load); });
            for (int parity = 0; parity < 4; parity++) {
                const int y = parity / 2, x = parity % 2;
                convolve(network_.deconv1[parity],
                         Rows(ring, row - 1 + y, columns.begin - 1 + x, 2), columns.size(),
                         store(statistics, doubled(2 * row + y, 2 * columns.begin + x), 2));
                statistics.add_row(columns.size());
            }
        }
    };
    norm_ = measured(network_.middle, work).fix(network_.in4);
}

void Painting::measure_deconv2() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(shrinking), columns = unit.columns.times(2);
        DoubledRows deconv2(*this, norm_, scratch, rows.begin, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            deconv2.compute(row, [&](int) { return measure(statistics); });
            statistics.add_row(2 * columns.size());
        }
    };
    last_norm_ = measured(network_.narrow, work).fix(network_.in5);
}

void Painting::deconv2_and_deconv3() {
    const Size size = small_.doubled().doubled();
    pass([&](const Unit& unit, Scratch& scratch) {
        const Span rows = unit.rows.times(shrinking).within(full_.height);
        const Span columns = unit.columns.times(shrinking).within(full_.width);
        Ring ring = make_ring(kernel_, scratch, broad, rows.begin - reach,
                              unit.columns.times(shrinking).widened(reach, reach), size,
                              network_.deconv3, Edge::reflect);
        const Span inner = ring.inner();
        DoubledRows deconv2(*this, norm_, scratch, ring.next_row(),
                            Span{inner.begin / 2, inner.end / 2});
        std::byte* working =
            scratch.take(kernel_.scratch_bytes(network_.deconv3.filter().geometry, columns.size()));
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            ring.advance(row + reach, [&](int next) {
                deconv2.compute(next, [&](int parity) {
                    std::byte* target = ring.at(next, inner.begin + parity);
                    return normalize(last_norm_, network_.deconv3, target, 2);
                });
            });
            std::uint8_t* target =
                painted_ + (std::size_t(row) * full_.width + columns.begin) * picture_channels;
            const Rows around(ring, row - reach, columns.begin - reach, broad);
            if (!kernel_.convolve_to_picture(network_.deconv3, network_.bias.data(), around,
                                             columns.size(), target, working))
                throw NotFinite{};
        }
    });
}

template <class Load>
Statistics Painting::convolve_in_place(const Filter& filter, Size size, Load load) {
    const Geometry& geometry = filter.geometry;
    const int stride = geometry.stride;
    const Borders borders(border_memory_, blocks_, stride, size.height, size.width,
                          kernel_.pixel_bytes(geometry));
    borders.save(workers_, [&](int row, Span columns, std::byte* target) {
        load(row, columns, target, false);
    });
    const int at_once = kernel_.rows_at_once(geometry);
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const int width = unit.columns.size();
        const int seen = stride * (at_once - 1) + narrow;  // rows of the input
        Ring ring =
            make_ring(kernel_, scratch, seen, stride * unit.rows.begin - 1,
                      unit.columns.times(stride).widened(1, 1), size, filter, Edge::reflect);
        const Convolver convolve(kernel_, filter, width, scratch);
        for (int row = unit.rows.begin; row < unit.rows.end; row += at_once) {
            workers_.check();
            const int wanted = std::min(at_once, unit.rows.end - row);
            ring.advance(stride * (row + wanted - 1) + 1, [&](int next) {
                borders.fill(ring, unit, next, [&](int row, Span columns, std::byte* target) {
                    load(row, columns, target, true);
                });
            });
            const Rows around(ring, stride * row - 1, stride * unit.columns.begin - 1, seen,
                              stride * (wanted - 1) + narrow);
            Output output = store(statistics, half(row, 0, unit.columns.begin, network_.wide));
            output.rows = wanted;
            output.row_bytes = half(1, 0, 0, network_.wide) - half(0, 0, 0, network_.wide);
            convolve(filter, around, width, output);
            statistics.add_row(static_cast<long long>(width) * wanted);
        }
    };
    return measured(geometry.outputs, work);
}

template <class Work>
Statistics Painting::measured(int channels, Work work) {
    std::vector<UnitStatistics> found;
    for (std::size_t i = 0; i < blocks_.units.size(); i++) found.emplace_back(channels);
    pass([&](const Unit& unit, Scratch& scratch) {
        work(unit, found[&unit - blocks_.units.data()], scratch);
    });
    Statistics all(channels);
    for (const UnitStatistics& unit : found) all.add(unit);
    return all;
}

template <class Work>
void Painting::pass(Work work) {
    const auto item = [&](int i, Scratch& scratch) { work(blocks_.units[i], scratch); };
    workers_.run(static_cast<int>(blocks_.units.size()), item);
    passes_done_++;
}

// A pixel in half a slot.
std::byte* Painting::half(int row, int half, int column, int channels) const {
    const std::size_t values = (std::size_t(row) * 2 + half) * small_.width * network_.wide +
                               std::size_t(column) * channels;
    return arena_.memory + values * kernel_.stored_bytes();
}

// A pixel of the layers that are twice as large: two of their rows are a slot.
std::byte* Painting::doubled(int row, int column) const {
    return half(row / 2, row % 2, column, network_.middle);
}

}  // namespace engine
