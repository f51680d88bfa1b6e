#define NAME "avx512"
#define LANES 16
#define PIXELS 12
#include "kernels.h"
#include "vector_kernel.h"

namespace engine {

const Kernel& avx512_kernel() { return kernel; }

}  // namespace engine
