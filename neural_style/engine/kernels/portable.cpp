#define NAME "portable"
#define LANES 4
#define PIXELS 4
#include "kernels.h"
#include "vector_kernel.h"

namespace engine {

const Kernel& portable_kernel() { return kernel; }

}  // namespace engine
