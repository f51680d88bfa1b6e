#include "painting.h"

#include <algorithm>
#include <vector>

#include "borders.h"
#include "ring.h"

namespace engine {

namespace {

constexpr int reach = large_filter / 2;        // rows of a large filter above its center
constexpr int full_scale = 4, half_scale = 2;  // of layers, relative to the quarter-size ones

Output measure(UnitStatistics& statistics) {
    return {Output::measure, statistics.row_sums(), nullptr, 1, {}};
}
Output store(UnitStatistics& statistics, std::byte* target, int step = 1) {
    return {Output::measure_and_store, statistics.row_sums(), target, step, {}};
}
Output normalize(const FixedNorm& norm, const Filter& reader, std::byte* target, int step = 1) {
    return {Output::normalize, nullptr, target, step, norm.affine(), reader.geometry.is_sensitive};
}

Ring make_ring(const Kernel& kernel, Scratch& scratch, int capacity, int first_row, Span columns,
               Size size, const Filter& reader, Edge edge) {
    const int pixel_bytes = kernel.pixel_bytes(reader.geometry);
    return {scratch,    capacity,    first_row,      columns, size.height,
            size.width, pixel_bytes, kernel.slack(), edge};
}

// The row pointers that `Kernel::convolve` takes: `count` rows of a ring, from `row` on.
class RowPointers {
public:
    // The last of `needed` rows stands for all rows behind it. Their outputs are discarded, but
    // Winograd transforms mix rows: a stale row would change how the other outputs are rounded.
    RowPointers(const Ring& ring, int row, int column, int count, int needed) {
        for (int y = 0; y < count; y++) rows_[y] = ring.at(row + std::min(y, needed - 1), column);
    }
    RowPointers(const Ring& ring, int row, int column, int count)
        : RowPointers(ring, row, column, count, count) {}

    const std::byte* const* data() const { return rows_; }

private:
    const std::byte* rows_[large_filter];
};

// Calls `Kernel::convolve` in one thread, for filters of one geometry.
class Convolver {
public:
    Convolver(const Kernel& kernel, const Filter& filter, int count, Scratch& scratch)
        : kernel_(kernel), scratch_(scratch.take(kernel.scratch_bytes(filter.geometry, count))) {}
    void operator()(const Filter& filter, const RowPointers& rows, int count,
                    const Output& output) const {
        kernel_.convolve(filter, rows.data(), count, output, scratch_);
    }

private:
    const Kernel& kernel_;
    std::byte* scratch_;
};

}  // namespace

// Computes rows of conv1's output from the picture.
class Painting::Conv1Rows {
public:
    Conv1Rows(const Painting& painting, Scratch& scratch, int first_row, Span columns)
        : painting_(painting),
          columns_(columns),
          ring_(make_ring(painting.kernel_, scratch, large_filter, first_row - reach,
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
        const RowPointers rows(ring_, row - reach, columns_.begin - reach, large_filter);
        convolve_(painting_.network_.conv1, rows, columns_.size(), output);
    }

private:
    const Painting& painting_;
    const Span columns_;
    Ring ring_;
    Convolver convolve_;
};

// Computes rows of deconv2's output from deconv1's output in the arena.
class Painting::Deconv2Rows {
public:
    // `columns` are those of the input; the output has twice as many.
    Deconv2Rows(const Painting& painting, const FixedNorm& norm, Scratch& scratch, int first_row,
                Span columns)
        : painting_(painting),
          norm_(norm),
          columns_(columns),
          ring_(make_ring(painting.kernel_, scratch, small_filter, first_row / 2 - 1,
                          columns.widened(1, 1), painting.quarter_.doubled(),
                          painting.network_.deconv2[0], Edge::repeat)),
          convolve_(painting.kernel_, painting.network_.deconv2[0], columns.size(), scratch) {}

    // `make_output(parity)` returns the `Output` for the even or the odd columns.
    template <class MakeOutput>
    void compute(int row, MakeOutput make_output) {
        ring_.advance(row / 2 + 1, [&](int next) {
            const Span inner = ring_.inner();
            const Input input{painting_.half_pixel(next, inner.begin), norm_.affine(), true,
                              nullptr, nullptr};
            painting_.kernel_.load(input, painting_.network_.half_channels, inner.size(),
                                   ring_.at(next, inner.begin));
        });
        const int row_parity = row % 2;
        for (int parity = 0; parity < 2; parity++) {
            const RowPointers rows(ring_, row / 2 - 1 + row_parity, columns_.begin - 1 + parity, 2);
            convolve_(painting_.network_.deconv2[row_parity * 2 + parity], rows, columns_.size(),
                      make_output(parity));
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
    const Size quarter = Size{height, width}.halved().halved();
    return std::size_t(2) * quarter.height * quarter.width * network.quarter_channels *
           network.kernel.stored_bytes();
}

int Painting::count_units(const Network& network, int height, int width) {
    const Size quarter = Size{height, width}.halved().halved();
    const Partition partition(quarter.height, quarter.width, network.kernel.preferred_units());
    return static_cast<int>(partition.units.size());
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
      half_(full_.halved()),
      quarter_(half_.halved()),
      partition_(quarter_.height, quarter_.width, kernel_.preferred_units()) {}

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
        const Span rows = unit.rows.times(full_scale).within(full_.height);
        const Span columns = unit.columns.times(full_scale).within(full_.width);
        Conv1Rows conv1(*this, scratch, rows.begin, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            conv1.compute(row, measure(statistics));
            statistics.add_row(columns.size());
        }
    };
    norm_ = run_measuring_pass(network_.full_channels, work).fix(network_.in1);
}

void Painting::conv1_and_conv2() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(half_scale).within(half_.height);
        const Span columns = unit.columns.times(half_scale).within(half_.width);
        Ring ring = make_ring(kernel_, scratch, small_filter, 2 * rows.begin - 1,
                              columns.times(2).widened(1, 0), full_, network_.conv2, Edge::reflect);
        Conv1Rows conv1(*this, scratch, ring.next_row(), ring.inner());
        const Convolver convolve(kernel_, network_.conv2, columns.size(), scratch);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            ring.advance(2 * row + 1, [&](int next) {
                std::byte* target = ring.at(next, ring.inner().begin);
                conv1.compute(next, normalize(norm_, network_.conv2, target));
            });
            const RowPointers around(ring, 2 * row - 1, 2 * columns.begin - 1, small_filter);
            convolve(network_.conv2, around, columns.size(),
                     store(statistics, half_pixel(row, columns.begin)));
            statistics.add_row(columns.size());
        }
    };
    norm_ = run_measuring_pass(network_.half_channels, work).fix(network_.in2);
}

void Painting::conv3() {
    const auto load = [&](int row, Span columns, std::byte* ring, bool /*is_own*/) {
        const Input input{half_pixel(row, columns.begin), norm_.affine(), true, nullptr, nullptr};
        kernel_.load(input, network_.half_channels, columns.size(), ring);
    };
    norm_ = convolve_in_place(network_.conv3, half_, load).fix(network_.in3);
}

void Painting::residual(int layer) {
    const bool is_first_of_block = layer % 2 == 0;
    // A block's input is conv3's output or the sum of the previous block, which is computed here.
    // The skip connection keeps it until the end of the block.
    const bool is_sum = is_first_of_block && layer > 0;
    const auto load = [&](int row, Span columns, std::byte* ring, bool is_own) {
        std::byte* skip = skip_pixel(row, columns.begin);
        std::byte* copy = is_first_of_block && is_own ? skip : nullptr;
        const Input input{quarter_pixel(row, columns.begin), norm_.affine(), !is_sum,
                          is_sum ? skip : nullptr, copy};
        kernel_.load(input, network_.quarter_channels, columns.size(), ring);
    };
    norm_ = convolve_in_place(network_.residual[layer], quarter_, load)
                .fix(network_.residual_norm[layer]);
}

void Painting::deconv1() {
    const auto load = [&](int row, Span columns, std::byte* ring) {
        std::byte* skip = skip_pixel(row, columns.begin);
        const Input input{quarter_pixel(row, columns.begin), norm_.affine(), false, skip, nullptr};
        kernel_.load(input, network_.quarter_channels, columns.size(), ring);
    };
    const Borders borders(border_memory_, partition_, 1, quarter_.height, quarter_.width,
                          kernel_.pixel_bytes(network_.deconv1[0].geometry));
    borders.save(workers_, load);
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span columns = unit.columns;
        Ring ring = make_ring(kernel_, scratch, small_filter, unit.rows.begin - 1,
                              columns.widened(1, 1), quarter_, network_.deconv1[0], Edge::repeat);
        const Convolver convolve(kernel_, network_.deconv1[0], columns.size(), scratch);
        for (int row = unit.rows.begin; row < unit.rows.end; row++) {
            workers_.check();
            ring.advance(row + 1, [&](int next) { borders.fill(ring, unit, next, load); });
            for (int parity = 0; parity < 4; parity++) {
                const int y = parity / 2;
                const int x = parity % 2;
                const RowPointers around(ring, row - 1 + y, columns.begin - 1 + x, 2);
                std::byte* target = half_pixel(2 * row + y, 2 * columns.begin + x);
                convolve(network_.deconv1[parity], around, columns.size(),
                         store(statistics, target, 2));
                statistics.add_row(columns.size());
            }
        }
    };
    norm_ = run_measuring_pass(network_.half_channels, work).fix(network_.in4);
}

void Painting::measure_deconv2() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(full_scale);
        const Span columns = unit.columns.times(half_scale);
        Deconv2Rows deconv2(*this, norm_, scratch, rows.begin, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            deconv2.compute(row, [&](int /*parity*/) { return measure(statistics); });
            statistics.add_row(2LL * columns.size());
        }
    };
    last_norm_ = run_measuring_pass(network_.full_channels, work).fix(network_.in5);
}

void Painting::deconv2_and_deconv3() {
    const Size size = quarter_.doubled().doubled();
    run_pass([&](const Unit& unit, Scratch& scratch) {
        const Span rows = unit.rows.times(full_scale).within(full_.height);
        const Span columns = unit.columns.times(full_scale).within(full_.width);
        Ring ring = make_ring(kernel_, scratch, large_filter, rows.begin - reach,
                              unit.columns.times(full_scale).widened(reach, reach), size,
                              network_.deconv3, Edge::reflect);
        const Span inner = ring.inner();
        Deconv2Rows deconv2(*this, norm_, scratch, ring.next_row(),
                            Span{inner.begin / 2, inner.end / 2});
        std::byte* working =
            scratch.take(kernel_.scratch_bytes(network_.deconv3.geometry, columns.size()));
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            ring.advance(row + reach, [&](int next) {
                deconv2.compute(next, [&](int parity) {
                    std::byte* target = ring.at(next, inner.begin + parity);
                    return normalize(last_norm_, network_.deconv3, target, 2);
                });
            });
            const std::size_t first = std::size_t(row) * full_.width + columns.begin;
            const RowPointers around(ring, row - reach, columns.begin - reach, large_filter);
            if (!kernel_.convolve_to_picture(network_.deconv3, network_.bias.data(), around.data(),
                                             columns.size(), painted_ + first * picture_channels,
                                             working))
                throw NotFinite{};
        }
    });
}

template <class Load>
Statistics Painting::convolve_in_place(const Filter& filter, Size size, Load load) {
    const Geometry& geometry = filter.geometry;
    const int stride = geometry.stride;
    const Borders borders(border_memory_, partition_, stride, size.height, size.width,
                          kernel_.pixel_bytes(geometry));
    borders.save(workers_, [&](int row, Span columns, std::byte* target) {
        load(row, columns, target, false);
    });
    const int at_once = kernel_.rows_at_once(geometry);
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const int width = unit.columns.size();
        const int input_rows = stride * (at_once - 1) + small_filter;
        Ring ring =
            make_ring(kernel_, scratch, input_rows, stride * unit.rows.begin - 1,
                      unit.columns.times(stride).widened(1, 1), size, filter, Edge::reflect);
        const Convolver convolve(kernel_, filter, width, scratch);
        for (int row = unit.rows.begin; row < unit.rows.end; row += at_once) {
            workers_.check();
            const int needed = std::min(at_once, unit.rows.end - row);
            ring.advance(stride * (row + needed - 1) + 1, [&](int next) {
                borders.fill(ring, unit, next, [&](int row, Span columns, std::byte* target) {
                    load(row, columns, target, true);
                });
            });
            const RowPointers around(ring, stride * row - 1, stride * unit.columns.begin - 1,
                                     input_rows, stride * (needed - 1) + small_filter);
            Output output = store(statistics, quarter_pixel(row, unit.columns.begin));
            output.rows = needed;
            output.row_bytes = quarter_pixel(1, 0) - quarter_pixel(0, 0);
            convolve(filter, around, width, output);
            statistics.add_row(static_cast<long long>(width) * needed);
        }
    };
    return run_measuring_pass(geometry.outputs, work);
}

template <class Work>
Statistics Painting::run_measuring_pass(int channels, Work work) {
    std::vector<UnitStatistics> parts;
    parts.reserve(partition_.units.size());
    for (std::size_t i = 0; i < partition_.units.size(); i++) parts.emplace_back(channels);
    run_pass([&](const Unit& unit, Scratch& scratch) {
        work(unit, parts[&unit - partition_.units.data()], scratch);
    });
    Statistics all(channels);
    for (const UnitStatistics& part : parts) all.add(part);
    return all;
}

template <class Work>
void Painting::run_pass(Work work) {
    const auto item = [&](int i, Scratch& scratch) { work(partition_.units[i], scratch); };
    workers_.run(static_cast<int>(partition_.units.size()), item);
    passes_done_++;
}

std::byte* Painting::line(int index) const {
    const std::size_t values = std::size_t(index) * quarter_.width * network_.quarter_channels;
    return arena_.memory + values * kernel_.stored_bytes();
}

std::byte* Painting::half_pixel(int row, int column) const {
    return line(row) + std::size_t(column) * network_.half_channels * kernel_.stored_bytes();
}

std::byte* Painting::quarter_pixel(int row, int column) const {
    return line(2 * row) + std::size_t(column) * network_.quarter_channels * kernel_.stored_bytes();
}

std::byte* Painting::skip_pixel(int row, int column) const {
    return line(2 * row + 1) +
           std::size_t(column) * network_.quarter_channels * kernel_.stored_bytes();
}

}  // namespace engine
