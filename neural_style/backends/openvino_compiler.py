"""Compile OpenVINO graphs for pictures of one size, and run them on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csci_utils.text import one_line

from ..options import EXACT, RenderingOptions
from ..system.interruption import check_interrupted
from .silent_openvino import hint, inference_num_threads, openvino, opset

PICTURE_SHAPE = openvino.PartialShape([1, 3, -1, -1])
"""The shape of the input for a picture, and of the output."""

# By default OpenVINO computes in bf16 where the processor can, up to 30 levels off in places.
_FULL_PRECISION = {
    hint.inference_precision: openvino.Type.f32,
    hint.execution_mode: hint.ExecutionMode.ACCURACY,
}

_BOILERPLATE = ("Exception from ", "Check ", "FrontEnd API failed", "Summary:", "To facilitate")
_LONGEST_REASON = 200  # characters
_POLL_INTERVAL = 50  # milliseconds


class Compiler:
    """A graph, and the network that it was last compiled to.

    Compiling for one picture size takes 0.1 to 0.9 s and makes a network that is three times as
    fast as one for any size. The last one is kept, since the photographs of a folder often share
    a size. Threads may share a compiler.
    """

    def __init__(self, model: openvino.Model, options: RenderingOptions) -> None:
        """Take over `model`, which is changed from now on."""
        if options.precision == EXACT:
            _normalize_exactly(model)
        self._model = model
        self._properties: Mapping[Any, Any] = {
            **(_FULL_PRECISION if options.precision == EXACT else {}),
            **({inference_num_threads: options.threads} if options.threads else {}),
        }
        self._lock = threading.Lock()
        self._compiled: openvino.CompiledModel | None = None
        self._compiled_for: tuple[int, ...] = ()

    def compile_for(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        """Return the network for pictures of 1 x 3 x H x W.

        Raises:
            ValueError: The graph is for pictures of one other size.
        """
        with self._lock:
            if self._compiled is None or shape != self._compiled_for:
                self._compiled = None  # frees its memory before the next one takes more
                try:
                    inputs = (i for i in self._model.inputs if _is_for_pictures(i))
                    self._model.reshape({next(inputs): list(shape)})
                except RuntimeError as error:
                    raise ValueError(describe(error)) from error
                self._compiled = openvino.Core().compile_model(self._model, "CPU", self._properties)
                self._compiled_for = shape
            return self._compiled

    def release(self) -> None:
        """Forget the last compiled network."""
        with self._lock:
            self._compiled = None


def infer(compiled: openvino.CompiledModel, inputs: object) -> NDArray[np.float32]:
    """Run `compiled` on `inputs`; Ctrl-C ends it."""
    request = compiled.create_infer_request()
    request.start_async(inputs, share_inputs=True)
    try:
        while not request.wait_for(_POLL_INTERVAL):
            check_interrupted()  # and Python handles signals between two calls
    except BaseException:
        request.cancel()
        with suppress(RuntimeError):  # without this wait, deleting the request takes its whole time
            request.wait()
        raise
    return np.asarray(request.get_output_tensor(0).data, dtype=np.float32)


def _normalize_exactly(model: openvino.Model) -> None:
    """Replace normalizations (MVN) by means that are taken in two steps, see `_mean`.

    OpenVINO's own MVN sums a whole layer in fp32. Measured: pictures of 8 megapixels were 5 levels
    off, those of 24 megapixels 25. This takes no longer.
    """
    for node in model.get_ops():
        if node.get_type_name() != "MVN" or node.get_input_size() != 2:  # its first version: 1
            continue
        axes, attributes = node.input_value(1).get_node(), node.get_attributes()
        is_whole = attributes["normalize_variance"] and attributes["eps_mode"] == "INSIDE_SQRT"
        if not is_whole or axes.get_type_name() != "Constant":
            continue  # nothing that PyTorch or ONNX calls an instance normalization
        x = opset.convert(node.input_value(0), "f32").output(0)  # of a graph of halves
        centered = opset.subtract(x, _mean(x, axes.data))
        variance = _mean(opset.multiply(centered, centered), axes.data)
        deviation = opset.sqrt(opset.add(variance, np.float32(attributes["eps"])))
        normalized = opset.convert(opset.divide(centered, deviation), node.get_element_type())
        node.output(0).replace(normalized.output(0))


def _mean(x: openvino.Output, axes: NDArray[np.int64]) -> openvino.Node:
    """Return the mean over `axes`: that of each row first, then that of the rows.

    OpenVINO merges a reduction into one of the same type that follows it (its pass ReduceMerge),
    and would again sum a whole layer, in some layouts value by value. Measured with AVX-512 and 8
    channels: 5 % of the values of a 1-megapixel picture were off. So the rows' means are summed and
    divided instead.
    """
    *others, last = sorted(int(axis) for axis in axes)
    means = opset.reduce_mean(x, [last], keep_dims=True)
    if not others:
        return means
    sizes = opset.gather(opset.shape_of(means), np.array(others), np.int64(0))
    count = opset.convert(opset.reduce_prod(sizes, [0]), "f32")
    return opset.divide(opset.reduce_sum(means, others, keep_dims=True), count)


def _is_for_pictures(port: openvino.Output) -> bool:
    return bool(PICTURE_SHAPE.compatible(port.get_partial_shape()))


def describe(error: Exception) -> str:
    """Return the reason in an error of OpenVINO, without source locations and general advice."""
    told = [line for line in str(error).splitlines() if line and not line.startswith(_BOILERPLATE)]
    return one_line(" ".join(told))[:_LONGEST_REASON] or type(error).__name__
