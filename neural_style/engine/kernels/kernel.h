// The interface of a kernel: the network's arithmetic on one processor, a row of pixels at a time.
//
// A pass (painting.cpp) decides which rows a kernel convolves. The kernel decides how numbers lie
// in memory and how they are multiplied. There are two kinds of memory:
//
// - The arena holds a layer's output between passes, `stored_bytes()` per value (fp32 or bf16).
// - Rings hold the few input rows that a convolution looks at, normalized, in the form that the
//   kernel multiplies fastest. Only the kernel reads them.
//
// Pixels are channels-last. Channels are padded with zeros to `padded_channels()`.
// The pixels of a ring follow each other without gaps; those of the arena may be further apart.
//
// Each kernel is compiled with the options of its processor. Kernel headers must not allocate or
// call the standard library: of an inline function that several files compile, the linker keeps
// one, and that one may use instructions that the running processor lacks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace engine {

constexpr int picture_channels = 3;  // RGB

// The shape of a convolution.
struct Geometry {
    int rows;     // of the filter
    int columns;  // of the filter
    int inputs;   // channels
    int outputs;  // channels
    int stride;   // from one position of the filter to the next, in pixels of the input
    // Adjacent pixels that the filter computes at one position. A filter of few outputs has weights
    // for several, where a kernel has room for more outputs.
    int pixels = 1;
    // Rounding the inputs would be visible in the picture: a kernel that rounds inputs keeps the
    // remainders of these.
    bool is_sensitive = false;
};

// A convolution with weights in a kernel's own order.
struct Filter {
    Geometry geometry;
    const std::byte* weights;
};

// y = scale * x + shift for each channel: an instance normalization whose statistics are known, or
// a bias.
struct Affine {
    const float* scale;
    const float* shift;
};

// Sums of value - pivot and of its square over the pixels of a row, for each channel. The pivot
// keeps the variance of values that are close to each other and far from zero.
struct RowSums {
    float* pivot;
    float* sum;
    float* square;
    bool has_pivot;  // if false, the first pixel becomes the pivot
};

// What a kernel does with a convolution's outputs.
struct Output {
    enum Kind : std::uint8_t {
        measure,    // add them to `sums`
        store,      // write them to the arena, and add them to `sums` unless that is null
        normalize,  // apply `affine` and ReLU, and write them to a ring
    };
    Kind kind;
    RowSums* sums;
    std::byte* target;    // of the first output
    std::ptrdiff_t step;  // bytes from one output to the next
    Affine affine;
    bool is_reader_sensitive = false;  // of the filter that reads the ring
    // Where `Kernel::rows_at_once` is above 1: the number of rows that are needed, and the bytes
    // from one row of the target to the next.
    int rows = 1;
    std::ptrdiff_t row_bytes = 0;
};

// What `Kernel::load` writes to a ring: `values` with `affine` applied, then ReLU, plus `addend`.
struct Input {
    const std::byte* values;  // in the arena
    std::ptrdiff_t step;      // bytes from one pixel to the next, in the arena
    Affine affine;
    bool rectify;                       // apply ReLU
    const std::byte* addend = nullptr;  // in the arena, or null
    std::byte* copy = nullptr;          // in the arena, or null: receives the result, too
};

class Kernel {
public:
    virtual const char* name() const = 0;
    virtual int padded_channels(int count) const = 0;
    // The number of `Geometry::pixels` that fits `outputs` padded channels: 1, or an even number.
    virtual int pixels_per_position(int outputs) const = 0;
    virtual int stored_bytes() const = 0;
    // Bytes of a pixel in the ring that `reader` reads. A reader of three inputs reads the picture.
    virtual int pixel_bytes(const Geometry& reader) const = 0;
    // Pixels behind a ring's row that `convolve` may read. Their values do not affect the result.
    virtual int slack(const Geometry& reader) const = 0;
    // Working memory of `convolve` and `convolve_to_colors`.
    virtual std::size_t scratch_bytes(const Geometry& geometry, int count) const = 0;
    // The number of units of work that a small picture is worth dividing into: see `Partition`.
    virtual int preferred_units() const = 0;
    // Prepare the calling thread for the functions below, and undo that.
    virtual void begin_thread() const = 0;
    virtual void end_thread() const = 0;

    virtual std::size_t packed_bytes(const Geometry& geometry) const = 0;
    // Convert weights [rows][columns][inputs][pixels][outputs] to the kernel's order. A filter of
    // three outputs is the last layer's, for `convolve_to_colors`.
    virtual void pack(const Geometry& geometry, const float* weights, std::byte* packed) const = 0;

    // Write `count` RGB pixels to a ring.
    virtual void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const = 0;
    // Write `count` pixels of the arena to the ring of a filter that is not sensitive.
    virtual void load(const Input& input, int channels, int count, std::byte* ring) const = 0;

    // The number of output rows that one call of `convolve` computes.
    virtual int rows_at_once(const Geometry& geometry) const = 0;
    // Compute `rows_at_once` rows of `count` pixels. `rows[y]` is the first ring pixel in the
    // filter's row y at the first position; further pointers serve further rows of outputs.
    virtual void convolve(const Filter& filter, const std::byte* const* rows, int count,
                          const Output& output, std::byte* scratch) const = 0;
    // Compute a row of `count` pixels of the last layer, three values each, without gaps.
    virtual void convolve_to_colors(const Filter& filter, const std::byte* const* rows, int count,
                                    float* colors, std::byte* scratch) const = 0;

protected:
    ~Kernel() = default;  // kernels live as long as the process
};

}  // namespace engine
