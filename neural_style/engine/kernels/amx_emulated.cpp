// The AMX kernels with emulated instructions: for tests on processors without AMX.
#define ENGINE_EMULATES_TILES
#define ENGINE_WITHOUT_VECTORS
#include "kernels.h"
#include "tile_kernel.h"

namespace engine {

namespace {
const TileKernel<Exact> exact_kernel("amx-emulated");
const TileKernel<Fast> fast_kernel("amx-bf16-emulated");
}  // namespace

const Kernel& amx_emulated_kernel() { return exact_kernel; }
const Kernel& amx_bf16_emulated_kernel() { return fast_kernel; }

}  // namespace engine
