"""Export of a network as an ONNX graph for pictures of any size."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch

from ..errors import MissingDependencyError, install_remedy, needing
from ..system.warning_filter import suppress_warnings
from ..transformer_net import TransformerNet

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.onnx import ONNXProgram

_INPUT, _OUTPUT = "input", "output"
_EXTRA = "export"
_OPSET = 18  # the oldest that PyTorch's exporter writes, so the one that most programs read
_TRACED_HEIGHT, _TRACED_WIDTH = 32, 48  # any size would do; the graph does not depend on it


def export_network(network: TransformerNet) -> bytes:
    """Return the content of an ONNX file with the network and its weights.

    The graph's input is 1 x 3 x H x W, RGB, 0..255, with sides of at least 5 px. Its output is
    that of `TransformerNet.forward`. Takes seconds.

    Args:
        network: On the CPU and in eval mode.

    Raises:
        MissingDependencyError: onnxscript is not installed, or does not fit PyTorch's version.
    """
    with needing("onnxscript", _EXTRA):
        import onnxscript  # noqa: F401  (PyTorch's exporter imports it)
    try:
        program = _trace(network)
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).partition("\n")[0]  # many lines of a report follow
        raise MissingDependencyError(
            "expected versions of PyTorch, onnx and onnxscript that work together, but the export "
            f"failed ({reason})",
            remedy=install_remedy(_EXTRA),
        ) from error
    return _serialize(program.model_proto)


def _trace(network: TransformerNet) -> ONNXProgram:
    with _silence():
        program = torch.onnx.export(
            network,
            (torch.zeros(1, 3, _TRACED_HEIGHT, _TRACED_WIDTH),),
            dynamo=True,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_shapes=({2: "height", 3: "width"},),
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
