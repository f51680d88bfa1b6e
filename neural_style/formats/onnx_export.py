"""A network as an ONNX graph that paints pictures of any size."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch

from ..errors import INSTALL_COMMAND, MissingDependencyError, needing
from ..system.warning_filter import without_warnings
from ..transformer_net import TransformerNet

INPUT, OUTPUT = "input", "output"
EXTRA = "export"
_OPSET = 18  # the oldest that PyTorch's exporter writes, and so the one that most engines read

# The exporter follows one picture through the network. Nothing of this size stays in the graph.
_TRACED_HEIGHT, _TRACED_WIDTH = 32, 48


def export_network(network: TransformerNet) -> bytes:
    """`network` as the bytes of an ONNX file that holds its weights.

    The input is 1 x 3 x H x W, RGB, 0..255, both sides at least 5; the output as that of
    `TransformerNet.forward`.

    Args:
        network: on the CPU and in eval mode.

    Raises:
        MissingDependencyError: onnxscript is not installed, or does not fit PyTorch.
    """
    with needing("onnxscript", EXTRA):
        import onnxscript  # noqa: F401  (PyTorch's exporter is built on it)
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (torch.zeros(1, 3, _TRACED_HEIGHT, _TRACED_WIDTH),),
                dynamo=True,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({2: "height", 3: "width"},),
                opset_version=_OPSET,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).partition("\n")[0]  # a report of many lines follows
        raise MissingDependencyError(
            "expected versions of PyTorch, onnx and onnxscript that work together, but the export "
            f"failed ({reason}); run: {INSTALL_COMMAND.format(extra=EXTRA)}"
        ) from error
    model = cast(torch.onnx.ONNXProgram, program).model_proto  # with `dynamo` there is one
    # Notes of the exporter: among them are lines of source code with the paths of this machine.
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the exporter says of itself: deprecations, packages it could use besides."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with without_warnings():
            yield
    finally:
        logger.setLevel(level)
