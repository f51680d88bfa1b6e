// The passes that take one picture through the network.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>

#include "memory.h"
#include "network.h"
#include "partition.h"
#include "statistics.h"
#include "workers.h"

namespace engine {

constexpr int min_side = 5;  // pixels: reflection padding of smaller pictures is undefined

// Rows of RGB pixels, 8 bits per channel, without gaps.
struct Picture {
    const std::uint8_t* pixels;
    int height, width;
};

// A layer's size in pixels.
struct Size {
    int height, width;
    Size halved() const { return {(height + 1) / 2, (width + 1) / 2}; }
    Size doubled() const { return {2 * height, 2 * width}; }
};

struct NotFinite : std::exception {
    const char* what() const noexcept override { return "the style painted NaN or infinity"; }
};

// The memory that holds a layer between two passes. It may be large; callers reuse it.
//
// It has two lines for each row of the quarter-size layers. A line holds a quarter-size row, or a
// half-size row, which has two pixels where the former has one. Pixels have the same place in all
// layers, so one with fewer channels leaves gaps. The two lines of a row hold, in turn,
// - two rows of conv2's output;
// - a residual layer's output, and the input of its block (the skip connection);
// - two rows of deconv1's output.
// Behind them lie the colors that deconv3 computes, if they are normalized.
class Arena {
public:
    // Bytes that a picture needs.
    static std::size_t bytes(const Network& network, int height, int width);

    // `memory` has that size.
    Arena(const Network& network, std::byte* memory, Size quarter);

    std::byte* half_pixel(int row, int column) const {
        return memory_ + row * line_bytes_ + column * half_step();
    }
    std::byte* quarter_pixel(int row, int column) const {
        return memory_ + 2 * row * line_bytes_ + column * quarter_step();
    }
    // The input of a residual block.
    std::byte* skip_pixel(int row, int column) const {
        return quarter_pixel(row, column) + line_bytes_;
    }
    // deconv3's output, without gaps. Only where it is normalized is there room for it.
    float* colors(int row, int column) const {
        return reinterpret_cast<float*>(memory_ + lines_bytes_) + row * color_row_ +
               std::ptrdiff_t(column) * picture_channels;
    }
    // Bytes from one pixel to the next, and from one row to the next.
    std::ptrdiff_t half_step() const { return half_step_; }
    std::ptrdiff_t quarter_step() const { return 2 * half_step_; }
    std::ptrdiff_t quarter_row_step() const { return 2 * line_bytes_; }

private:
    std::byte* memory_;
    std::ptrdiff_t half_step_, line_bytes_;
    std::ptrdiff_t lines_bytes_;  // of all lines
    std::ptrdiff_t color_row_;    // floats
};

class Painting {
public:
    // `painted` has the picture's size, and `arena` that of `Arena::bytes`. `passes_done` counts up
    // to `count_passes`.
    Painting(const Style& style, const Picture& picture, std::uint8_t* painted, std::byte* arena,
             Workers& workers, std::atomic<int>& passes_done);

    // Throws Cancelled, NotFinite or std::bad_alloc.
    void run();

    static int count_passes(const Style& style);
    // The number of threads that can work on a picture at the same time.
    static int count_units(const Network& network, int height, int width);

private:
    class Conv1Rows;
    class Deconv2Rows;
    class Deconv3Rows;

    void measure_conv1();
    void conv1_and_conv2();
    void conv3();
    void residual(int layer);
    void deconv1();
    void measure_deconv2();
    void measure_deconv3();
    void paint();

    // Do `work(unit, scratch)` for all units.
    template <class Work>
    void run_pass(Work work);
    // Do `work(unit, statistics, scratch)` for all units, and return the norm of what was measured.
    template <class Work>
    FixedNorm run_measuring_pass(const Norm& norm, Work work);
    // The same for a pass that only measures: there is none without statistics.
    template <class Work>
    FixedNorm measure_layer(const Norm& norm, Work work);
    // Replace a layer in the arena by its 3 x 3 convolution, and return the norm that follows it.
    // `load(row, columns, ring, is_own)` writes pixels to a ring. It is called once with `is_own`
    // for each pixel of a unit, before that pixel is overwritten.
    template <class Load>
    FixedNorm convolve_in_place(const Filter& filter, const Norm& norm, Size size, Load load);

    const Style& style_;
    const Network& network_;
    const Kernel& kernel_;
    const Picture picture_;
    std::uint8_t* painted_;
    Workers& workers_;
    std::atomic<int>& passes_done_;

    const Size full_, half_, quarter_;  // sizes of conv1's, conv2's and conv3's outputs
    const Arena arena_;
    const Partition partition_;
    Bytes border_memory_;
    FixedNorm norm_;                         // of the layer in the arena
    FixedNorm deconv2_norm_, deconv3_norm_;  // of layers that are never stored
};

}  // namespace engine
