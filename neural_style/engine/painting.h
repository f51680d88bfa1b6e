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
constexpr int pass_count = 6 + residual_layers;

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
// It has two lines for each row of the quarter-size layers. A line holds a quarter-size row of
// `quarter_channels`, or a half-size row of `half_channels`: the room is the same. The two lines of
// a row hold, in turn,
// - two rows of conv2's output;
// - a residual layer's output, and the input of its block (the skip connection);
// - two rows of deconv1's output.
struct Arena {
    std::byte* memory;

    static std::size_t bytes(const Network& network, int height, int width);
};

class Painting {
public:
    // `painted` has the picture's size. `passes_done` counts up to `pass_count`.
    Painting(const Network& network, const Picture& picture, std::uint8_t* painted, Arena arena,
             Workers& workers, std::atomic<int>& passes_done);

    // Throws Cancelled, NotFinite or std::bad_alloc.
    void run();

    // The number of threads that can work on a picture at the same time.
    static int count_units(const Network& network, int height, int width);

private:
    class Conv1Rows;
    class Deconv2Rows;

    void measure_conv1();
    void conv1_and_conv2();
    void conv3();
    void residual(int layer);
    void deconv1();
    void measure_deconv2();
    void deconv2_and_deconv3();

    // Do `work(unit, scratch)` for all units.
    template <class Work>
    void run_pass(Work work);
    // Do `work(unit, statistics, scratch)` for all units and merge the statistics.
    template <class Work>
    Statistics run_measuring_pass(int channels, Work work);
    // Replace a layer in the arena by its 3 x 3 convolution. `load(row, columns, ring, is_own)`
    // writes pixels to a ring. It is called once with `is_own` for each pixel of a unit, before
    // that pixel is overwritten.
    template <class Load>
    Statistics convolve_in_place(const Filter& filter, Size size, Load load);

    // Pixels in the arena.
    std::byte* line(int index) const;
    std::byte* half_pixel(int row, int column) const;
    std::byte* quarter_pixel(int row, int column) const;
    std::byte* skip_pixel(int row, int column) const;

    const Network& network_;
    const Kernel& kernel_;
    const Picture picture_;
    std::uint8_t* painted_;
    const Arena arena_;
    Workers& workers_;
    std::atomic<int>& passes_done_;

    const Size full_, half_, quarter_;  // sizes of conv1's, conv2's and conv3's outputs
    const Partition partition_;
    Bytes border_memory_;
    FixedNorm norm_;       // of the layer in the arena
    FixedNorm last_norm_;  // of deconv2's output, which is never stored
};

}  // namespace engine
