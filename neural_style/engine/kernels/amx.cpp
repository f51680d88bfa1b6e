#include "kernels.h"
#include "tile_kernel.h"

namespace engine {

namespace {
const TileKernel<Exact> exact_kernel("amx");
const TileKernel<Fast> fast_kernel("amx-bf16");
}  // namespace

const Kernel& amx_kernel() { return exact_kernel; }
const Kernel& amx_bf16_kernel() { return fast_kernel; }

}  // namespace engine
