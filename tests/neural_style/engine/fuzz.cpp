// Paints random pictures with random networks, with every kernel that this processor can run. Fails
// if two exact kernels differ by more than one level, or if the number of threads changes a bit.
//
//     fuzz CASES [SEED [SECONDS]]
//
// begins no case after SECONDS of processor time, and says how many it painted.
// Build it with ENGINE_SANITIZE: every buffer has exactly the size that it needs.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "painting.h"
#include "processor.h"

using namespace engine;

namespace {

using Random = std::mt19937;
using Pixels = std::vector<std::uint8_t>;

constexpr int max_threads = 3;
constexpr int widths[] = {8, 1, 3, 12, 16, 24, 32};
constexpr int longest_side = 70;  // one band of columns, a few strips of rows
constexpr int long_side = 1200;   // two bands of columns, and strips of full height

int pick(Random& random, int first, int last) {
    return std::uniform_int_distribution(first, last)(random);
}

struct Case {
    int height, width, base_width;

    explicit Case(Random& random)
        : height(pick(random, min_side, longest_side)),
          width(pick(random, min_side, longest_side)),
          base_width(widths[pick(random, 0, 6)]) {
        // One case in eight is long. It is thin and has few channels, or it would take too long.
        if (const int kind = pick(random, 0, 15); kind < 2) {
            const bool is_high = kind == 1;
            (is_high ? height : width) = long_side + pick(random, 0, 15);
            (is_high ? width : height) = min_side + pick(random, 0, 4);
            base_width = widths[0];
        }
    }
};

// Random weights of a network, drawn on first use. The same seed gives the same weights.
class RandomTensors {
public:
    RandomTensors(int base_width, unsigned seed) : base_width_(base_width), seed_(seed) {}

    const float* operator()(const std::string& name, std::size_t size) {
        std::vector<float>& values = tensors_[name];
        if (values.empty()) {
            Random random(seed_ + static_cast<unsigned>(tensors_.size()));
            std::normal_distribution<float> value(mean(name), deviation(name));
            for (std::size_t i = 0; i < size; i++) values.push_back(value(random));
        }
        return values.data();
    }

private:
    static bool ends_with(const std::string& name, const char* end) {
        const std::string ending(end);
        return name.size() >= ending.size() &&
               name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
    }
    // Chosen so that most painted values lie between 0 and 255.
    static float mean(const std::string& name) {
        if (name == "deconv3.conv2d.bias") return 128;
        return ends_with(name, ".weight") && !ends_with(name, ".conv2d.weight") ? 1.F : 0.F;
    }
    float deviation(const std::string& name) const {
        if (name == "deconv3.conv2d.weight") return 60 / std::sqrt(9 * 9 * float(base_width_));
        return ends_with(name, ".conv2d.weight") ? 0.1F : 0.3F;
    }

    const int base_width_;
    const unsigned seed_;
    std::map<std::string, std::vector<float>> tensors_;
};

Pixels paint(const Network& network, const Pixels& picture, const Case& size, int threads) {
    Pixels painted(picture.size());
    const std::unique_ptr<std::byte[]> arena(
        new std::byte[Arena::bytes(network, size.height, size.width)]);
    const std::atomic<bool> is_cancelled{false};
    std::atomic<int> passes_done{0};
    Workers workers(network.kernel, threads, is_cancelled);
    Painting(network, {picture.data(), size.height, size.width}, painted.data(), {arena.get()},
             workers, passes_done)
        .run();
    return painted;
}

int largest_difference(const Pixels& a, const Pixels& b) {
    int largest = 0;
    for (std::size_t i = 0; i < a.size(); i++) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
}

// Exact kernels store fp32.
bool is_exact(const Kernel& kernel) { return kernel.stored_bytes() == sizeof(float); }

std::vector<const Kernel*> all_kernels() {
    std::vector<const Kernel*> all;
    for (const auto& kernels : {exact_kernels(), fast_kernels(), emulated_kernels()})
        all.insert(all.end(), kernels.begin(), kernels.end());
    return all;
}

bool passes(unsigned seed) {
    Random random(seed);
    const Case size(random);
    std::printf("seed %u: %d x %d, base width %d\n", seed, size.width, size.height,
                size.base_width);
    std::fflush(stdout);  // a sanitizer ends the program
    Pixels picture(std::size_t(size.height) * size.width * picture_channels);
    for (std::uint8_t& value : picture) value = static_cast<std::uint8_t>(pick(random, 0, 255));
    RandomTensors tensors(size.base_width, seed);

    Pixels expected;  // by the first exact kernel
    bool is_passed = true;
    const auto check = [&](const Kernel& kernel, const char* what, int found, int allowed) {
        if (found <= allowed) return;
        std::printf("    %s: %s differ by %d levels\n", kernel.name(), what, found);
        is_passed = false;
    };
    for (const Kernel* kernel : all_kernels()) {
        const Network network(*kernel, size.base_width, std::ref(tensors));
        const Pixels painted = paint(network, picture, size, 1);
        const int threads = pick(random, 2, max_threads);
        check(*kernel, "one thread and several",
              largest_difference(painted, paint(network, picture, size, threads)), 0);
        if (!is_exact(*kernel)) continue;
        if (expected.empty()) expected = painted;
        check(*kernel, "it and the best kernel", largest_difference(painted, expected), 1);
    }
    return is_passed;
}

}  // namespace

int main(int count, char** arguments) {
    const auto argument = [&](int i) {
        return i < count ? std::strtoul(arguments[i], nullptr, 10) : 0;
    };
    const auto cases = static_cast<unsigned>(argument(1));
    const auto seed = static_cast<unsigned>(argument(2));
    const auto seconds = argument(3) > 0 ? static_cast<double>(argument(3)) : HUGE_VAL;
    if (cases < 1) {
        std::fprintf(stderr, "usage: fuzz CASES [SEED [SECONDS]]\n");
        return 2;
    }
    const auto is_in_time = [&] {
        return static_cast<double>(std::clock()) / CLOCKS_PER_SEC < seconds;
    };
    unsigned failed = 0, tried = 0;
    for (; tried < cases && (tried == 0 || is_in_time()); tried++)
        if (!passes(seed + tried)) failed++;
    std::printf("%u of %u cases failed\n", failed, tried);
    return failed > 0 ? 1 : 0;
}
