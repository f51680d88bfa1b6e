// The Python module.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <chrono>
#include <future>

#include "painting.h"
#include "processor.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace engine;

namespace {

using Weights = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Pixels = nb::ndarray<const std::uint8_t, nb::shape<-1, -1, picture_channels>, nb::c_contig,
                           nb::device::cpu>;
using WritablePixels =
    nb::ndarray<std::uint8_t, nb::shape<-1, -1, picture_channels>, nb::c_contig, nb::device::cpu>;
using Memory = nb::ndarray<std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr auto poll_interval = std::chrono::milliseconds(50);

const Kernel& find_kernel(const std::string& name) {
    for (const auto& kernels : {exact_kernels(), fast_kernels(), emulated_kernels()})
        for (const Kernel* kernel : kernels)
            if (kernel->name() == name) return *kernel;
    throw nb::value_error(("this processor cannot run the kernel " + name).c_str());
}

std::vector<std::string> names(const std::vector<const Kernel*>& kernels) {
    std::vector<std::string> result;
    for (const Kernel* kernel : kernels) result.push_back(kernel->name());
    return result;
}

Network make_network(const nb::dict& tensors, const std::string& kernel) {
    const auto tensor = [&](const std::string& name) {
        if (!tensors.contains(name.c_str())) throw nb::key_error(name.c_str());
        Weights weights;
        const bool convert = false;  // a converted copy would be freed before it is read
        if (!nb::try_cast(tensors[name.c_str()], weights, convert))
            throw nb::type_error((name + ": expected fp32 in C order").c_str());
        return weights;
    };
    const int base_width = static_cast<int>(tensor("conv1.conv2d.weight").shape(0));
    const auto values = [&](const std::string& name, std::size_t size) {
        const Weights weights = tensor(name);
        if (weights.size() != size)
            throw nb::value_error((name + ": the tensor's size does not fit the network").c_str());
        return weights.data();
    };
    if (base_width < 1) throw nb::value_error("expected at least one channel");
    return Network(find_kernel(kernel), base_width, values);
}

void paint(const Network& network, const Pixels& picture, const WritablePixels& painted,
           const Memory& arena, int threads, const nb::object& progress) {
    const Picture source{picture.data(), static_cast<int>(picture.shape(0)),
                         static_cast<int>(picture.shape(1))};
    if (source.height < min_side || source.width < min_side)
        throw nb::value_error("the picture is too small");
    if (painted.shape(0) != picture.shape(0) || painted.shape(1) != picture.shape(1))
        throw nb::value_error("expected both pictures to have the same size");
    if (arena.size() < Arena::bytes(network, source.height, source.width))
        throw nb::value_error("the arena is too small");
    if (threads < 1) throw nb::value_error("expected at least one thread");

    std::atomic<bool> is_cancelled{false};
    std::atomic<int> passes_done{0};
    // This thread handles signals and progress while another one paints.
    auto painting = std::async(std::launch::async, [&] {
        Workers workers(network.kernel, threads, is_cancelled);
        const Arena memory{reinterpret_cast<std::byte*>(arena.data())};
        Painting(network, source, painted.data(), memory, workers, passes_done).run();
    });
    int reported = 0;
    const auto report = [&] {
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (const int done = passes_done; done != reported && !progress.is_none()) {
            progress(done, pass_count);
            reported = done;
        }
    };
    try {
        for (bool is_done = false; !is_done;) {
            {
                nb::gil_scoped_release release;
                is_done = painting.wait_for(poll_interval) == std::future_status::ready;
            }
            report();
        }
    } catch (...) {
        is_cancelled = true;
        nb::gil_scoped_release release;
        painting.wait();
        throw;
    }
    painting.get();
}

}  // namespace

NB_MODULE(_neural_style_engine, module) {
    // A style that a thread still holds when the interpreter exits is not a leak.
    nb::set_leak_warnings(false);
    nb::exception<NotFinite>(module, "NotFiniteError", PyExc_ArithmeticError);
    module.def("exact_kernels", [] { return names(exact_kernels()); });
    module.def("fast_kernels", [] { return names(fast_kernels()); });
    nb::class_<Network>(module, "Network")
        .def(
            "__init__",
            [](Network* self, const nb::dict& tensors, const std::string& kernel) {
                new (self) Network(make_network(tensors, kernel));
            },
            "tensors"_a, "kernel"_a)
        .def("arena_bytes", &Arena::bytes, "height"_a, "width"_a)
        .def("count_units", &Painting::count_units, "height"_a, "width"_a)
        .def("paint", &paint, "picture"_a.noconvert(), "painted"_a.noconvert(),
             "arena"_a.noconvert(), "threads"_a, "progress"_a.none() = nb::none());
}
