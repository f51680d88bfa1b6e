#define NAME "avx2"
#define LANES 8
#define PIXELS 6
#include "kernels.h"
#include "vector_kernel.h"

namespace engine {

const Kernel& avx2_kernel() { return kernel; }

}  // namespace engine
