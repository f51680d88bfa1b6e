#include "processor.h"

#if defined(ENGINE_AMX)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(_MSC_VER)
#include <windows.h>
#endif

namespace engine {

// Each in the file of its name.
const Kernel& portable_kernel();
const Kernel& avx2_kernel();
const Kernel& avx512_kernel();
const Kernel& amx_kernel();
const Kernel& amx_bf16_kernel();
const Kernel& amx_emulated_kernel();
const Kernel& amx_bf16_emulated_kernel();

namespace {

#if defined(ENGINE_X86) && defined(_MSC_VER)
bool has_avx2() { return IsProcessorFeaturePresent(PF_AVX2_INSTRUCTIONS_AVAILABLE); }
bool has_avx512() { return IsProcessorFeaturePresent(PF_AVX512F_INSTRUCTIONS_AVAILABLE); }
#elif defined(ENGINE_X86)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() { return __builtin_cpu_supports("avx512f"); }
#endif

#if defined(ENGINE_AMX)
bool has_all(std::uint64_t found, std::uint64_t wanted) { return (found & wanted) == wanted; }

// Which registers the system saves, when it switches between threads. Needs OSXSAVE.
std::uint64_t saved_registers() {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return std::uint64_t(high) << 32 | low;
}

bool processor_has_amx() {
    constexpr unsigned osxsave = 1u << 27, avx512_f = 1u << 16, avx512_bw = 1u << 30,
                       avx512_vl = 1u << 31, avx512_bf16 = 1u << 5, amx_bf16 = 1u << 22,
                       amx_tile = 1u << 24;
    constexpr std::uint64_t vectors = 0xe6, tiles = 0x60000;  // of XCR0
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !has_all(ecx, osxsave)) return false;
    if (!has_all(saved_registers(), vectors | tiles)) return false;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return false;
    const bool has_subleaf = eax >= 1;
    return has_all(ebx, avx512_f | avx512_bw | avx512_vl) && has_all(edx, amx_bf16 | amx_tile) &&
           has_subleaf && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) &&
           has_all(eax, avx512_bf16);
}

// Linux gives tiles, which are 8 KiB to save, to those processes that ask for them. The answer is
// for all threads.
bool ask_for_tiles() {
    constexpr int request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, its feature
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

bool has_amx() {
    static const bool has = processor_has_amx() && ask_for_tiles();
    return has;
}
#endif

}  // namespace

std::vector<const Kernel*> exact_kernels() {
    std::vector<const Kernel*> kernels;
#if defined(ENGINE_AMX)
    if (has_amx()) kernels.push_back(&amx_kernel());
#endif
#if defined(ENGINE_X86)
    if (has_avx512()) kernels.push_back(&avx512_kernel());
    if (has_avx2()) kernels.push_back(&avx2_kernel());
#endif
    kernels.push_back(&portable_kernel());
    return kernels;
}

std::vector<const Kernel*> fast_kernels() {
    std::vector<const Kernel*> kernels;
#if defined(ENGINE_AMX)
    if (has_amx()) kernels.push_back(&amx_bf16_kernel());
#endif
    return kernels;
}

std::vector<const Kernel*> emulated_kernels() {
    return {&amx_emulated_kernel(), &amx_bf16_emulated_kernel()};
}

}  // namespace engine
