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
#include <utility>
#include <vector>

#include "painting.h"
#include "processor.h"

using namespace engine;

namespace {

using Random = std::mt19937;
using Pixels = std::vector<std::uint8_t>;

constexpr int max_threads = 3;
constexpr int channel_counts[] = {1, 3, 4, 8, 12, 16, 24, 32, 40};
constexpr int longest_side = 70;  // one band of columns, a few strips of rows
constexpr int long_side = 1200;   // two bands of columns, and strips of full height

int pick(Random& random, int first, int last) {
    return std::uniform_int_distribution(first, last)(random);
}

struct Case {
    int height, width;
    Architecture architecture;

    explicit Case(Random& random)
        : height(pick(random, min_side, longest_side)),
          width(pick(random, min_side, longest_side)),
          architecture(pick_architecture(random)) {
        // One case in eight is long. It is thin and has few channels, or it would take too long.
        if (const int kind = pick(random, 0, 15); kind < 2) {
            const bool is_high = kind == 1;
            (is_high ? height : width) = long_side + pick(random, 0, 15);
            (is_high ? width : height) = min_side + pick(random, 0, 4);
            architecture.conv3 = architecture.deconv1 = 8;
        }
    }

private:
    static Architecture pick_architecture(Random& random) {
        const auto channels = [&] { return channel_counts[pick(random, 0, 8)]; };
        Architecture picked{channels(), channels(), channels(), channels(),
                            channels(), 0,          {},         pick(random, 0, 1) == 1};
        picked.blocks = pick(random, 0, 2);
        for (const char* norm : {"in1", "in2", "in3", "res1.in2", "in4", "in5", "in6"})
            if (pick(random, 0, 3) == 0) picked.unnormalized.insert(norm);
        return picked;
    }
};

// Random parameters of a network, drawn on first use. The same seed gives the same ones.
class RandomTensors {
public:
    RandomTensors(Architecture architecture, unsigned seed)
        : architecture_(std::move(architecture)), seed_(seed) {}

    const float* operator()(const std::string& name, std::size_t size) {
        std::vector<float>& values = tensors_[name];
        if (values.empty()) {
            Random random(seed_ + static_cast<unsigned>(tensors_.size()));
            std::normal_distribution<float> value(mean(name), deviation(name, size));
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
    bool paints_levels(const std::string& layer) const {
        const char* last = architecture_.unnormalized.count("in6") == 0 ? "in6" : "deconv3";
        return !architecture_.has_sigmoid && layer.find(last) == 0;
    }
    float mean(const std::string& name) const {
        if (ends_with(name, ".bias")) return paints_levels(name) ? 128 : 0;
        if (ends_with(name, ".conv2d.weight")) return 0;
        return paints_levels(name) ? 60 : 1;
    }
    float deviation(const std::string& name, std::size_t size) const {
        if (!ends_with(name, ".conv2d.weight")) return 0.3F;
        if (name.find("conv1") == 0) return 0.001F;
        const float spread = std::sqrt(2 * float(outputs_of(name)) / float(size));
        return paints_levels(name) ? 60 * spread : spread;
    }
    int outputs_of(const std::string& name) const {
        if (name.find("conv2") == 0) return architecture_.conv2;
        if (name.find("deconv1") == 0) return architecture_.deconv1;
        if (name.find("deconv2") == 0) return architecture_.deconv2;
        if (name.find("deconv3") == 0) return picture_channels;
        return architecture_.conv3;
    }

    const Architecture architecture_;
    const unsigned seed_;
    std::map<std::string, std::vector<float>> tensors_;
};

Pixels paint(const Style& style, const Pixels& picture, const Case& size, int threads) {
    Pixels painted(picture.size());
    const std::unique_ptr<std::byte[]> arena(
        new std::byte[Arena::bytes(style.network, size.height, size.width)]);
    std::atomic<int> passes_done{0};
    Workers workers(style.network.kernel, threads);
    Painting(style, {picture.data(), size.height, size.width}, painted.data(), arena.get(), workers,
             passes_done)
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
    const Architecture& network = size.architecture;
    std::printf("seed %u: %d x %d; %d, %d, %d, %d, %d channels; %d blocks\n", seed, size.width,
                size.height, network.conv1, network.conv2, network.conv3, network.deconv1,
                network.deconv2, network.blocks);
    std::fflush(stdout);  // a sanitizer ends the program
    Pixels picture(std::size_t(size.height) * size.width * picture_channels);
    for (std::uint8_t& value : picture) value = static_cast<std::uint8_t>(pick(random, 0, 255));
    RandomTensors tensors(size.architecture, seed);

    Pixels expected;  // by the first exact kernel
    bool is_passed = true;
    const auto check = [&](const Kernel& kernel, const char* what, int found, int allowed) {
        if (found <= allowed) return;
        std::printf("    %s: %s differ by %d levels\n", kernel.name(), what, found);
        is_passed = false;
    };
    for (const Kernel* kernel : all_kernels()) {
        const Network network(*kernel, size.architecture, std::ref(tensors));
        const Style style(network, std::ref(tensors));
        const Pixels painted = paint(style, picture, size, 1);
        const int threads = pick(random, 2, max_threads);
        check(*kernel, "one thread and several",
              largest_difference(painted, paint(style, picture, size, threads)), 0);
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
