"""Export of a network as an ONNX graph for pictures of any size, of one style or of many."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from ..errors import MissingDependencyError, StyleError, install_remedy, needing
from ..networks.network import StyleNetwork
from ..system.warning_filter import suppress_warnings
from .checkpoint import build_network
from .onnx_gate.gate import IMAGE_INPUT, WEIGHTS_INPUT

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.onnx import ONNXProgram

_INPUT, _OUTPUT = "input", "output"
_EXTRA = "export"
_OPSET = 18  # the oldest that PyTorch's exporter writes, so the one that most programs read
_TRACED_HEIGHT, _TRACED_WIDTH = 32, 48  # any size would do; the graph does not depend on it


def export_network(network: StyleNetwork) -> bytes:
    """Return the content of an ONNX file with the network and its weights. Takes seconds.

    The graph of one style takes 1 x 3 x H x W, RGB, 0..255, with sides of at least 5 px, and
    returns what `TransformerNet.forward` does. That of many styles takes the same in 0..1, and a
    weight for each style, and returns 0..1.

    Raises:
        StyleError: The network has many styles and paints levels, for which no graph is defined.
        MissingDependencyError: onnxscript is not installed, or does not fit PyTorch's version.
    """
    with needing("onnxscript", _EXTRA):
        import onnxscript  # noqa: F401  (PyTorch's exporter imports it)
    try:
        program = _trace(network) if network.description.styles == 1 else _trace_many(network)
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).partition("\n")[0]  # many lines of a report follow
        raise MissingDependencyError(
            "expected versions of PyTorch, onnx and onnxscript that work together, but the export "
            f"failed ({reason})",
            remedy=install_remedy(_EXTRA),
        ) from error
    return _serialize(program.model_proto)


class _ManyStyles(nn.Module):
    """A network whose scales and shifts are mixed from those of all styles."""

    def __init__(self, network: StyleNetwork) -> None:
        super().__init__()
        any_style = network.mixed({0: 1})
        self._white = network.description.input_levels
        # Without what comes before the first layer and after the last one.
        inner = replace(any_style.description, input_levels=255, output="levels")
        self._layers = build_network(replace(any_style, description=inner))
        self._norms = {name: torch.from_numpy(network.weights[name]) for name in any_style.mix()}

    def forward(self, image: Tensor, style_weights: Tensor) -> Tensor:
        norms = {name: style_weights @ values for name, values in self._norms.items()}
        picture = image if self._white == 1 else image * self._white
        y = torch.func.functional_call(self._layers, norms, (picture,))
        return cast(Tensor, y.sigmoid())


def _trace(network: StyleNetwork) -> ONNXProgram:
    picture = torch.zeros(1, 3, _TRACED_HEIGHT, _TRACED_WIDTH)
    return _export(build_network(network), {_INPUT: picture})


def _trace_many(network: StyleNetwork) -> ONNXProgram:
    if network.description.output != "sigmoid":
        raise StyleError(
            "expected a network of many styles that ends in a sigmoid, got one that paints levels",
            remedy="use the suffix .safetensors",
        )
    styles = network.description.styles
    picture = torch.zeros(1, 3, _TRACED_HEIGHT, _TRACED_WIDTH)
    weights = torch.full((styles,), 1 / styles)
    return _export(_ManyStyles(network), {IMAGE_INPUT: picture, WEIGHTS_INPUT: weights})


def _export(module: nn.Module, inputs: Mapping[str, Tensor]) -> ONNXProgram:
    sizes = {2: "height", 3: "width"}
    with _silence():
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            dynamo=True,
            input_names=list(inputs),
            output_names=[_OUTPUT],
            dynamic_shapes=tuple(sizes if value.ndim == 4 else None for value in inputs.values()),
            opset_version=_OPSET,
            verbose=False,
        )
    return cast("ONNXProgram", program)  # None only without `dynamo`


def _serialize(model: ModelProto) -> bytes:
    """Return the content of an ONNX file, without the exporter's annotations of the graph.

    They contain source lines and paths of this machine.
    """
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
    return model.SerializeToString(deterministic=True)


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress the exporter's warnings and logs, such as deprecations and optional packages."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with suppress_warnings():
            yield
    finally:
        logger.setLevel(level)
