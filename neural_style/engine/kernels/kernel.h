// What a processor has to do for the network, one row of pixels at a time.
//
// A pass (painting.cpp) decides which rows meet; a kernel knows how numbers lie in memory and how
// they are multiplied. There are two kinds of memory:
//
// - the arena holds a layer's output between passes, `stored_bytes()` a value (fp32 or bf16);
// - rings hold the few rows of a layer's input that a convolution looks at, normalized, in the
//   form that the kernel multiplies best. Nobody else looks into them.
//
// Pixels are channels-last, and channels are padded with zeros to `channel_multiple()`.
//
// Kernels are compiled for processors that this one may not be. So nothing here allocates or comes
// from the standard library: of an inline function that several files compile the linker keeps
// one, and it must not be one that this processor cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

namespace engine {

// A convolution without its weights.
struct Geometry {
    int rows;     // of the filter
    int columns;  // of the filter
    int inputs;   // channels
    int outputs;  // channels
    int stride;   // input pixels from one output to the next
    // What rounding took from its inputs would show: a kernel that rounds them keeps it, too.
    bool is_sensitive = false;
};

// A convolution with its weights in a kernel's own order.
struct Filter {
    Geometry geometry;
    const std::byte* weights;
};

// y = scale * x + shift for each channel: an instance normalization whose statistics are known.
struct Affine {
    const float* scale;
    const float* shift;
};

// Sums over the pixels of one row, a channel each, of v - pivot and of its square. Of values far
// from zero and close to each other, plain squares would keep no digit of the variance.
struct RowSums {
    float* pivot;
    float* sum;
    float* square;
    bool has_pivot;  // else the first pixel becomes it
};

// What becomes of a convolution's outputs.
struct Output {
    enum Kind {
        measure,            // add to `sums`, and forget
        measure_and_store,  // ... and write to the arena
        normalize,          // apply `affine` and ReLU, and write to a ring
    };
    Kind kind;
    RowSums* sums;
    std::byte* target;  // of the first output
    int step;           // target pixels from one output to the next
    Affine affine;
    bool is_for_sensitive = false;  // who reads the ring is
    // Where `Kernel::rows_at_once` is more than 1: how many of them are wanted, and bytes from one
    // to the next.
    int rows = 1;
    std::ptrdiff_t row_bytes = 0;
};

// What `Kernel::load` makes a ring's pixels of: affine(values), rectified, plus addend.
struct Input {
    const std::byte* values;  // in the arena
    Affine affine;
    bool rectify;             // apply ReLU
    const std::byte* addend;  // in the arena, or null
    std::byte* copy;          // in the arena, or null: gets the result, too
};

class Kernel {
public:
    virtual const char* name() const = 0;
    virtual int channel_multiple() const = 0;
    virtual int stored_bytes() const = 0;
    // Bytes of a pixel of the ring that such a filter reads; of three channels it is the picture.
    virtual int pixel_bytes(const Geometry& reader) const = 0;
    // Pixels behind a ring's row that `convolve` may read, to throw away what comes of them.
    virtual int slack() const = 0;
    // Bytes that `convolve` works in.
    virtual std::size_t scratch_bytes(const Geometry& geometry, int count) const = 0;
    // What a thread does before it calls the rest, and after.
    virtual void begin_thread() const = 0;
    virtual void end_thread() const = 0;

    virtual std::size_t packed_bytes(const Geometry& geometry) const = 0;
    // Weights [rows][columns][inputs][outputs] into the kernel's order. Three outputs are the last
    // layer's, for `convolve_to_picture`.
    virtual void pack(const Geometry& geometry, const float* weights, std::byte* packed) const = 0;

    // `count` RGB pixels into a ring.
    virtual void load_picture(const std::uint8_t* pixels, int count, std::byte* ring) const = 0;
    // `count` pixels of the arena into the ring of a filter that is not sensitive.
    virtual void load(const Input& input, int channels, int count, std::byte* ring) const = 0;

    // Rows of outputs that `convolve` computes at once.
    virtual int rows_at_once(const Geometry& geometry) const = 0;
    // A row of `count` outputs, or several. `rows[y]` is the ring's pixel under the left end of the
    // filter's row y, when it stands at the first output; what follows is for further rows.
    virtual void convolve(const Filter& filter, const std::byte* const* rows, int count,
                          const Output& output, std::byte* scratch) const = 0;
    // A row of `count` RGB pixels: clamped, then their fractions cut off. False if a value was not
    // finite.
    virtual bool convolve_to_picture(const Filter& filter, const float* bias,
                                     const std::byte* const* rows, int count, std::uint8_t* pixels,
                                     std::byte* scratch) const = 0;

protected:
    ~Kernel() = default;  // kernels are there for as long as the process
};

}  // namespace engine
