// The Python module.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>

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

// Read tensors by name; `tensors` must outlive the result.
Tensors reader_of(const nb::dict& tensors) {
    return [&tensors](const std::string& name, std::size_t size) -> const float* {
        if (!tensors.contains(name.c_str())) return nullptr;
        Weights weights;
        const bool convert = false;  // a converted copy would be freed before it is read
        if (!nb::try_cast(tensors[name.c_str()], weights, convert))
            throw nb::type_error((name + ": expected fp32 in C order").c_str());
        if (weights.size() != size)
            throw nb::value_error((name + ": the tensor's size does not fit the network").c_str());
        return weights.data();
    };
}

Network make_network(const nb::dict& tensors, const std::string& kernel,
                     const std::vector<int>& channels, int blocks,
                     const std::set<std::string>& unnormalized, bool has_sigmoid) {
    if (channels.size() != 5) throw nb::value_error("expected the channels of five layers");
    for (const int count : channels)
        if (count < 1) throw nb::value_error("expected at least one channel");
    if (blocks < 0) throw nb::value_error("expected no negative number of blocks");
    const Architecture architecture{channels[0], channels[1], channels[2],  channels[3],
                                    channels[4], blocks,      unnormalized, has_sigmoid};
    return Network(find_kernel(kernel), architecture, reader_of(tensors));
}

void paint(const Style& style, const Pixels& picture, const WritablePixels& painted,
           const Memory& arena, int threads, const nb::object& progress, const nb::object& check) {
    const Picture source{picture.data(), static_cast<int>(picture.shape(0)),
                         static_cast<int>(picture.shape(1))};
    if (source.height < min_side || source.width < min_side)
        throw nb::value_error("the picture is too small");
    if (painted.shape(0) != picture.shape(0) || painted.shape(1) != picture.shape(1))
        throw nb::value_error("expected both pictures to have the same size");
    if (arena.size() < Arena::bytes(style.network, source.height, source.width))
        throw nb::value_error("the arena is too small");
    if (threads < 1) throw nb::value_error("expected at least one thread");

    std::atomic<int> passes_done{0};
    const int passes = Painting::count_passes(style);
    int reported = 0;
    const auto report = [&] {
        const nb::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        if (!check.is_none()) check();
        if (const int done = passes_done; done != reported && !progress.is_none()) {
            progress(done, passes);
            reported = done;
        }
    };
    const nb::gil_scoped_release release;
    Workers workers(style.network.kernel, threads, report);
    auto* memory = reinterpret_cast<std::byte*>(arena.data());
    Painting(style, source, painted.data(), memory, workers, passes_done).run();
    report();
}

}  // namespace

NB_MODULE(_neural_style_engine, module) {
    // A style that a thread still holds when the interpreter exits is not a leak.
    nb::set_leak_warnings(false);
    nb::exception<NotFinite>(module, "NotFiniteError", PyExc_ArithmeticError);
    module.def("exact_kernels", [] { return names(exact_kernels()); });
    module.def("fast_kernels", [] { return names(fast_kernels()); });
    nb::register_exception_translator([](const std::exception_ptr& error, void* /*payload*/) {
        try {
            std::rethrow_exception(error);
        } catch (const MissingTensor& missing) {
            PyErr_SetString(PyExc_KeyError, missing.what());
        }
    });
    nb::class_<Network>(module, "Network")
        .def(
            "__init__",
            [](Network* self, const nb::dict& tensors, const std::string& kernel,
               const std::vector<int>& channels, int blocks,
               const std::set<std::string>& unnormalized, bool has_sigmoid) {
                new (self) Network(
                    make_network(tensors, kernel, channels, blocks, unnormalized, has_sigmoid));
            },
            "tensors"_a, "kernel"_a, "channels"_a, "blocks"_a, "unnormalized"_a, "has_sigmoid"_a)
        .def("arena_bytes", &Arena::bytes, "height"_a, "width"_a)
        .def("count_units", &Painting::count_units, "height"_a, "width"_a);
    nb::class_<Style>(module, "Style")
        .def(
            "__init__",
            [](Style* self, const Network& network, const nb::dict& tensors) {
                new (self) Style(network, reader_of(tensors));
            },
            nb::keep_alive<1, 2>(), "network"_a, "tensors"_a)
        .def_prop_ro(
            "network", [](const Style& style) { return &style.network; },
            nb::rv_policy::reference_internal)
        .def("paint", &paint, "picture"_a.noconvert(), "painted"_a.noconvert(),
             "arena"_a.noconvert(), "threads"_a, "progress"_a.none() = nb::none(),
             "check"_a.none() = nb::none());
}
