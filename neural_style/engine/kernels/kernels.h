// All kernels, each defined in the file of its name.
#pragma once

#include "kernel.h"

namespace engine {

const Kernel& portable_kernel();
// x86-64 only.
const Kernel& avx2_kernel();
const Kernel& avx512_kernel();
// x86-64 Linux only.
const Kernel& amx_kernel();
const Kernel& amx_bf16_kernel();
// The AMX kernels with emulated instructions.
const Kernel& amx_emulated_kernel();
const Kernel& amx_bf16_emulated_kernel();

}  // namespace engine
