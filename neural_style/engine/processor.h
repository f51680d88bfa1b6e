// The kernels that this processor can run.
#pragma once

#include <vector>

#include "kernels/kernel.h"

namespace engine {

// Kernels for exact painting (fp32), the fastest first.
std::vector<const Kernel*> exact_kernels();
// Kernels for fast painting (bf16), the fastest first. Empty on most processors.
std::vector<const Kernel*> fast_kernels();
// Slow emulations of kernels for other processors, for tests.
std::vector<const Kernel*> emulated_kernels();

}  // namespace engine
