// The levels of the painted picture, made from what the last layer computed.
#pragma once

#include <cstdint>

#include "kernels/kernel.h"

namespace engine {

// Convert the colors of RGB pixels. After `affine`, a color x becomes the level x, cut to a whole
// number, or with a sigmoid 255 * sigmoid(x), rounded to the nearest one. Return false if a color
// is NaN or infinite.
bool to_levels(const float* colors, int pixels, const Affine& affine, bool has_sigmoid,
               std::uint8_t* levels);

}  // namespace engine
