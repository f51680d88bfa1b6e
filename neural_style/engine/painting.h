// One picture on its way through the network.
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

constexpr int smallest_side = 5;  // pixels: below, reflection reaches beyond the picture
constexpr int pass_count = 6 + residual_layers;

// Rows of RGB pixels, 8 bits a channel, without gaps.
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

// What a painting keeps between passes. It may be large, and is kept from picture to picture.
//
// There is a slot for each row of the smallest layers, in two halves, each of `wide` values for
// each pixel of the row. A slot holds, one after the other,
// - the two rows of conv2's output that this row is made of, one in each half;
// - a residual layer's output in half 0, and in half 1 what the block is going to be added to;
// - the two rows of deconv1's output that this row becomes.
struct Arena {
    std::byte* memory;

    static std::size_t bytes(const Network& network, int height, int width);
};

class Painting {
public:
    // `painted` gets as many pixels as the picture has. `passes_done` counts to `pass_count`.
    Painting(const Network& network, const Picture& picture, std::uint8_t* painted, Arena arena,
             Workers& workers, std::atomic<int>& passes_done);

    // Throws Cancelled, NotFinite, std::bad_alloc.
    void run();

    // How many threads can work on a picture.
    static int count_units(int height, int width);

private:
    class PictureRows;
    class DoubledRows;

    void measure_conv1();
    void conv1_and_conv2();
    void conv3();
    void residual(int layer);
    void deconv1();
    void measure_deconv2();
    void deconv2_and_deconv3();

    // Does `work(unit, scratch)` for all units: a pass.
    template <class Work>
    void pass(Work work);
    // Does `work(unit, statistics, scratch)`, and merges the statistics.
    template <class Work>
    Statistics measured(int channels, Work work);
    // A convolution by 3 x 3 of what lies in the arena, written over it. `load` makes a ring's
    // pixels: load(row, columns, ring, is_own), where each of a unit's own pixels is asked for once
    // and before it is written over.
    template <class Load>
    Statistics convolve_in_place(const Filter& filter, Size size, Load load);

    std::byte* half(int row, int half, int column, int channels) const;
    std::byte* doubled(int row, int column) const;

    const Network& network_;
    const Kernel& kernel_;
    const Picture picture_;
    std::uint8_t* painted_;
    const Arena arena_;
    Workers& workers_;
    std::atomic<int>& passes_done_;

    const Size full_, middle_, small_;  // sizes of conv1's, conv2's and conv3's outputs
    const Blocks blocks_;
    Bytes border_memory_;
    FixedNorm norm_;       // of the layer that lies in the arena
    FixedNorm last_norm_;  // of deconv2's output, which lies nowhere
};

}  // namespace engine
