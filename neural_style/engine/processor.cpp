#include "processor.h"

#include <vector>

#include "kernels/kernels.h"

#ifdef ENGINE_AMX
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

#ifdef _MSC_VER
#include <windows.h>
#endif

namespace engine {

namespace {

#if defined(ENGINE_X86) && defined(_MSC_VER)
bool has_avx2() { return IsProcessorFeaturePresent(PF_AVX2_INSTRUCTIONS_AVAILABLE); }
bool has_avx512() { return IsProcessorFeaturePresent(PF_AVX512F_INSTRUCTIONS_AVAILABLE); }
#elif defined(ENGINE_X86)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() { return __builtin_cpu_supports("avx512f"); }
#endif

#ifdef ENGINE_AMX
bool has_all(std::uint64_t bits, std::uint64_t wanted) { return (bits & wanted) == wanted; }

// The registers that the system saves when it switches threads (XCR0). Needs OSXSAVE.
std::uint64_t saved_registers() {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t(high) << 32 | low;
}

bool processor_has_amx() {
    constexpr unsigned osxsave = 1U << 27, avx512_f = 1U << 16, avx512_bw = 1U << 30,
                       avx512_vl = 1U << 31, avx512_bf16 = 1U << 5, amx_bf16 = 1U << 22,
                       amx_tile = 1U << 24;
    constexpr std::uint64_t vectors = 0xe6, tiles = 0x60000;  // of XCR0
    unsigned eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || !has_all(ecx, osxsave)) return false;
    if (!has_all(saved_registers(), vectors | tiles)) return false;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    const bool has_subleaf = eax >= 1;
    return has_all(ebx, avx512_f | avx512_bw | avx512_vl) && has_all(edx, amx_bf16 | amx_tile) &&
           has_subleaf && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 &&
           has_all(eax, avx512_bf16);
}

// Request permission to use tiles. Linux grants it per process, for all threads, because it must
// save 8 KiB more per thread.
bool request_tiles() {
    constexpr int request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr int tile_data = 18;               // XFEATURE_XTILE_DATA
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

bool has_amx() {
    static const bool has = processor_has_amx() && request_tiles();
    return has;
}
#endif

}  // namespace

std::vector<const Kernel*> exact_kernels() {
    std::vector<const Kernel*> kernels;
#ifdef ENGINE_AMX
    if (has_amx()) kernels.push_back(&amx_kernel());
#endif
#ifdef ENGINE_X86
    if (has_avx512()) kernels.push_back(&avx512_kernel());
    if (has_avx2()) kernels.push_back(&avx2_kernel());
#endif
    kernels.push_back(&portable_kernel());
    return kernels;
}

std::vector<const Kernel*> fast_kernels() {
    std::vector<const Kernel*> kernels;
#ifdef ENGINE_AMX
    if (has_amx()) kernels.push_back(&amx_bf16_kernel());
#endif
    return kernels;
}

std::vector<const Kernel*> emulated_kernels() {
    return {&amx_emulated_kernel(), &amx_bf16_emulated_kernel()};
}

}  // namespace engine
