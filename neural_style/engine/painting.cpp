#include "painting.h"

#include <algorithm>
#include <vector>

#include "borders.h"
#include "levels.h"
#include "ring.h"

namespace engine {

namespace {

constexpr int reach = large_filter / 2;        // rows of a large filter above its center
constexpr int full_scale = 4, half_scale = 2;  // of layers, relative to the quarter-size ones

Output measure(UnitStatistics& statistics) {
    return {Output::measure, statistics.row_sums(), nullptr, 0, {}};
}
Output store(UnitStatistics& statistics, std::byte* target, std::ptrdiff_t step) {
    return {Output::store, statistics.row_sums(), target, step, {}};
}
Output normalize(const FixedNorm& norm, const Filter& reader, std::byte* target,
                 std::ptrdiff_t step) {
    return {Output::normalize, nullptr, target, step, norm.affine(), reader.geometry.is_sensitive};
}

Ring make_ring(const Kernel& kernel, Scratch& scratch, int capacity, int first_row, Span columns,
               Size size, const Filter& reader, Edge edge) {
    const int pixel_bytes = kernel.pixel_bytes(reader.geometry);
    return {scratch,     capacity,   first_row,   columns,
            size.height, size.width, pixel_bytes, kernel.slack(reader.geometry),
            edge};
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

// The room for a pixel of the half-size layers, and for half a pixel of the quarter-size ones.
std::ptrdiff_t half_pixel_bytes(const Network& network) {
    const int half = std::max(network.conv2.geometry.outputs, network.deconv1.geometry().outputs);
    const int quarter = network.conv3.geometry.outputs;
    return std::ptrdiff_t(std::max(half, (quarter + 1) / 2)) * network.kernel.stored_bytes();
}

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

// Computes rows of pixels, twice as large as those of a ring. Each row takes one or two parts:
// all columns, or the even and the odd ones.
class Upsampler {
public:
    // `columns` are those of the input.
    Upsampler(const Kernel& kernel, const UpsampleFilters& filters, Span columns, Scratch& scratch)
        : filters_(filters),
          columns_(columns),
          convolve_(kernel, filters.at(0, 0), part_size(), scratch) {}

    // The distance of a part's columns, which is the number of parts.
    int step() const { return 2 / filters_.column_parities(); }
    int part_size() const { return columns_.size() * filters_.column_parities(); }

    // Compute every `step()`th column from `first` on.
    void compute(const Ring& ring, int row, int first, const Output& output) const {
        const int y = row % 2;
        const RowPointers around(ring, row / 2 - 1 + y, columns_.begin - 1 + first, 2);
        convolve_(filters_.at(y, first), around, part_size(), output);
    }

private:
    const UpsampleFilters& filters_;
    const Span columns_;
    const Convolver convolve_;
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
    Deconv2Rows(const Painting& painting, Scratch& scratch, int first_row, Span columns)
        : painting_(painting),
          ring_(make_ring(painting.kernel_, scratch, small_filter, first_row / 2 - 1,
                          columns.widened(1, 1), painting.quarter_.doubled(),
                          painting.network_.deconv2.at(0, 0), Edge::repeat)),
          upsampler_(painting.kernel_, painting.network_.deconv2, columns, scratch) {}

    // `make_output(first, step)` returns the `Output` for every `step`th column from `first` on.
    template <class MakeOutput>
    void compute(int row, MakeOutput make_output) {
        ring_.advance(row / 2 + 1, [&](int next) {
            const Span inner = ring_.inner();
            const Arena& arena = painting_.arena_;
            const Input input{arena.half_pixel(next, inner.begin), arena.half_step(),
                              painting_.norm_.affine(), true};
            painting_.kernel_.load(input, painting_.network_.deconv2.geometry().inputs,
                                   inner.size(), ring_.at(next, inner.begin));
        });
        const int step = upsampler_.step();
        for (int first = 0; first < step; first++)
            upsampler_.compute(ring_, row, first, make_output(first, step));
    }

private:
    const Painting& painting_;
    Ring ring_;
    Upsampler upsampler_;
};

// Computes rows of deconv3's output from deconv1's output in the arena.
class Painting::Deconv3Rows {
public:
    Deconv3Rows(const Painting& painting, Scratch& scratch, const Unit& unit, Span columns)
        : painting_(painting),
          columns_(columns),
          ring_(make_ring(
              painting.kernel_, scratch, large_filter, unit.rows.times(full_scale).begin - reach,
              unit.columns.times(full_scale).widened(reach, reach),
              painting.quarter_.doubled().doubled(), painting.network_.deconv3, Edge::reflect)),
          deconv2_(painting, scratch, ring_.next_row(),
                   Span{ring_.inner().begin / 2, ring_.inner().end / 2}),
          working_(scratch.take(painting.kernel_.scratch_bytes(painting.network_.deconv3.geometry,
                                                               columns_.size()))) {}

    // Write the colors of a row's pixels.
    void compute(int row, float* colors) {
        const Kernel& kernel = painting_.kernel_;
        const Filter& filter = painting_.network_.deconv3;
        const int pixel_bytes = kernel.pixel_bytes(filter.geometry);
        ring_.advance(row + reach, [&](int next) {
            deconv2_.compute(next, [&](int first, int step) {
                std::byte* target = ring_.at(next, ring_.inner().begin + first);
                return normalize(painting_.deconv2_norm_, filter, target, step * pixel_bytes);
            });
        });
        const RowPointers around(ring_, row - reach, columns_.begin - reach, large_filter);
        kernel.convolve_to_colors(filter, around.data(), columns_.size(), colors, working_);
    }

private:
    const Painting& painting_;
    const Span columns_;
    Ring ring_;
    Deconv2Rows deconv2_;
    std::byte* working_;
};

Arena::Arena(const Network& network, std::byte* memory, Size quarter)
    : memory_(memory),
      half_step_(half_pixel_bytes(network)),
      line_bytes_(quarter.width * quarter_step()),
      lines_bytes_(quarter.height * quarter_row_step()),
      color_row_(std::ptrdiff_t(quarter.doubled().doubled().width) * picture_channels) {}

std::size_t Arena::bytes(const Network& network, int height, int width) {
    const Size quarter = Size{height, width}.halved().halved();
    const Size full = quarter.doubled().doubled();
    const bool has_colors = network.architecture.unnormalized.count("in6") == 0;
    const std::size_t colors = std::size_t(full.height) * full.width * picture_channels;
    return Arena(network, nullptr, quarter).lines_bytes_ +
           (has_colors ? colors * sizeof(float) : 0);
}

int Painting::count_units(const Network& network, int height, int width) {
    const Size quarter = Size{height, width}.halved().halved();
    const Partition partition(quarter.height, quarter.width, network.kernel.preferred_units());
    return static_cast<int>(partition.units.size());
}

Painting::Painting(const Style& style, const Picture& picture, std::uint8_t* painted,
                   std::byte* arena, Workers& workers, std::atomic<int>& passes_done)
    : style_(style),
      network_(style.network),
      kernel_(network_.kernel),
      picture_(picture),
      painted_(painted),
      workers_(workers),
      passes_done_(passes_done),
      full_{picture.height, picture.width},
      half_(full_.halved()),
      quarter_(half_.halved()),
      arena_(network_, arena, quarter_),
      partition_(quarter_.height, quarter_.width, kernel_.preferred_units()) {}

int Painting::count_passes(const Style& style) {
    int passes = 4 + static_cast<int>(style.residual.size());
    for (const Norm* measured : {&style.in1, &style.in5, &style.in6})
        if (measured->has_statistics) passes++;
    return passes;
}

void Painting::run() {
    measure_conv1();
    conv1_and_conv2();
    conv3();
    for (int layer = 0; layer < network_.architecture.residual_layers(); layer++) residual(layer);
    deconv1();
    measure_deconv2();
    measure_deconv3();
    paint();
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
    norm_ = measure_layer(style_.in1, work);
}

void Painting::conv1_and_conv2() {
    const int pixel_bytes = kernel_.pixel_bytes(network_.conv2.geometry);
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
                conv1.compute(next, normalize(norm_, network_.conv2, target, pixel_bytes));
            });
            const RowPointers around(ring, 2 * row - 1, 2 * columns.begin - 1, small_filter);
            convolve(network_.conv2, around, columns.size(),
                     store(statistics, arena_.half_pixel(row, columns.begin), arena_.half_step()));
            statistics.add_row(columns.size());
        }
    };
    norm_ = run_measuring_pass(style_.in2, work);
}

void Painting::conv3() {
    const auto load = [&](int row, Span columns, std::byte* ring, bool /*is_own*/) {
        const Input input{arena_.half_pixel(row, columns.begin), arena_.half_step(), norm_.affine(),
                          true};
        kernel_.load(input, network_.conv3.geometry.inputs, columns.size(), ring);
    };
    norm_ = convolve_in_place(network_.conv3, style_.in3, half_, load);
}

void Painting::residual(int layer) {
    const bool is_first_of_block = layer % 2 == 0;
    // A block's input is conv3's output or the sum of the previous block, which is computed here.
    // The skip connection keeps it until the end of the block.
    const bool is_sum = is_first_of_block && layer > 0;
    const Filter& filter = network_.residual[layer];
    const auto load = [&](int row, Span columns, std::byte* ring, bool is_own) {
        std::byte* skip = arena_.skip_pixel(row, columns.begin);
        std::byte* copy = is_first_of_block && is_own ? skip : nullptr;
        const Input input{arena_.quarter_pixel(row, columns.begin),
                          arena_.quarter_step(),
                          norm_.affine(),
                          !is_sum,
                          is_sum ? skip : nullptr,
                          copy};
        kernel_.load(input, filter.geometry.inputs, columns.size(), ring);
    };
    norm_ = convolve_in_place(filter, style_.residual[layer], quarter_, load);
}

void Painting::deconv1() {
    // Without residual blocks, the input is conv3's output.
    const bool is_sum = network_.architecture.blocks > 0;
    const Geometry& geometry = network_.deconv1.geometry();
    const auto load = [&](int row, Span columns, std::byte* ring) {
        std::byte* skip = is_sum ? arena_.skip_pixel(row, columns.begin) : nullptr;
        const Input input{arena_.quarter_pixel(row, columns.begin), arena_.quarter_step(),
                          norm_.affine(), !is_sum, skip};
        kernel_.load(input, geometry.inputs, columns.size(), ring);
    };
    const Borders borders(border_memory_, partition_, 1, quarter_.height, quarter_.width,
                          kernel_.pixel_bytes(geometry));
    borders.save(workers_, load);
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span columns = unit.columns;
        Ring ring =
            make_ring(kernel_, scratch, small_filter, unit.rows.begin - 1, columns.widened(1, 1),
                      quarter_, network_.deconv1.at(0, 0), Edge::repeat);
        const Upsampler upsampler(kernel_, network_.deconv1, columns, scratch);
        const int step = upsampler.step();
        for (int row = unit.rows.begin; row < unit.rows.end; row++) {
            workers_.check();
            ring.advance(row + 1, [&](int next) { borders.fill(ring, unit, next, load); });
            for (int half_row = 2 * row; half_row < 2 * row + 2; half_row++)
                for (int first = 0; first < step; first++) {
                    std::byte* target = arena_.half_pixel(half_row, 2 * columns.begin + first);
                    upsampler.compute(ring, half_row, first,
                                      store(statistics, target, step * arena_.half_step()));
                    statistics.add_row(upsampler.part_size());
                }
        }
    };
    norm_ = run_measuring_pass(style_.in4, work);
}

void Painting::measure_deconv2() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(full_scale);
        const Span columns = unit.columns.times(half_scale);
        Deconv2Rows deconv2(*this, scratch, rows.begin, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            deconv2.compute(row, [&](int /*first*/, int /*step*/) { return measure(statistics); });
            statistics.add_row(2LL * columns.size());
        }
    };
    deconv2_norm_ = measure_layer(style_.in5, work);
}

// The colors are kept, so that they need not be computed again. The picture is cropped to its size
// only afterwards: the pixels beyond it count, too.
void Painting::measure_deconv3() {
    const auto work = [&](const Unit& unit, UnitStatistics& statistics, Scratch& scratch) {
        const Span rows = unit.rows.times(full_scale);
        const Span columns = unit.columns.times(full_scale);
        Deconv3Rows deconv3(*this, scratch, unit, columns);
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            float* colors = arena_.colors(row, columns.begin);
            deconv3.compute(row, colors);
            statistics.add_pixels(colors, columns.size());
        }
    };
    deconv3_norm_ = measure_layer(style_.in6, work);
}

void Painting::paint() {
    run_pass([&](const Unit& unit, Scratch& scratch) {
        const Span rows = unit.rows.times(full_scale).within(full_.height);
        const Span columns = unit.columns.times(full_scale).within(full_.width);
        Deconv3Rows deconv3(*this, scratch, unit, columns);
        auto* computed = reinterpret_cast<float*>(
            scratch.take(sizeof(float) * picture_channels * columns.size()));
        for (int row = rows.begin; row < rows.end; row++) {
            workers_.check();
            if (!style_.in6.has_statistics) deconv3.compute(row, computed);
            const float* colors =
                style_.in6.has_statistics ? arena_.colors(row, columns.begin) : computed;
            const std::size_t first = std::size_t(row) * full_.width + columns.begin;
            if (!to_levels(colors, columns.size(), deconv3_norm_.affine(),
                           network_.architecture.has_sigmoid, painted_ + first * picture_channels))
                throw NotFinite{};
        }
    });
}

template <class Load>
FixedNorm Painting::convolve_in_place(const Filter& filter, const Norm& norm, Size size,
                                      Load load) {
    const Geometry& geometry = filter.geometry;
    const int stride = geometry.stride / geometry.pixels;  // from one output to the next
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
            Output output = store(statistics, arena_.quarter_pixel(row, unit.columns.begin),
                                  arena_.quarter_step());
            output.rows = needed;
            output.row_bytes = arena_.quarter_row_step();
            convolve(filter, around, width, output);
            statistics.add_row(static_cast<long long>(width) * needed);
        }
    };
    return run_measuring_pass(norm, work);
}

template <class Work>
FixedNorm Painting::measure_layer(const Norm& norm, Work work) {
    return norm.has_statistics ? run_measuring_pass(norm, work) : Statistics(0).fix(norm);
}

template <class Work>
FixedNorm Painting::run_measuring_pass(const Norm& norm, Work work) {
    const int channels = norm.measured_channels();
    std::vector<UnitStatistics> parts;
    parts.reserve(partition_.units.size());
    for (std::size_t i = 0; i < partition_.units.size(); i++) parts.emplace_back(channels);
    run_pass([&](const Unit& unit, Scratch& scratch) {
        work(unit, parts[&unit - partition_.units.data()], scratch);
    });
    Statistics all(channels);
    for (const UnitStatistics& part : parts) all.add(part);
    return all.fix(norm);
}

template <class Work>
void Painting::run_pass(Work work) {
    const auto item = [&](int i, Scratch& scratch) { work(partition_.units[i], scratch); };
    workers_.run(static_cast<int>(partition_.units.size()), item);
    passes_done_++;
}

}  // namespace engine
