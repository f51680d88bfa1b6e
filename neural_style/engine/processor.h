// Which kernels this processor can run.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel.h"

namespace engine {

// Best first. `exact` ones give fp32's pictures; the others are faster.
std::vector<const Kernel*> exact_kernels();
std::vector<const Kernel*> fast_kernels();
// For tests: what other processors would compute, on every one, and slowly.
std::vector<const Kernel*> emulated_kernels();

}  // namespace engine
