"""The weights of a `TransformerNet` by their names, without PyTorch.

bytes -> `read_raw_weights` -> `check_shapes` -> `to_float32` -> `check_finite`; `decode_weights`
takes them all. `checkpoint` does the same for PyTorch's own files, with the same checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError

Weights = dict[str, NDArray[np.float32]]
Shape = tuple[int, ...]
AnyTensor = TypeVar("AnyTensor")

WIDTH_KEY = "conv1.conv2d.weight"
"""The weights whose shape tells a network's base width: base width x `WIDTH_KERNEL`."""
WIDTH_KERNEL = (3, 9, 9)

OFFICIAL_BASE_WIDTH = 32
MAX_BASE_WIDTH = 128  # four times the official width: 27 million parameters
RESIDUAL_BLOCKS = 5

_OLD_STATISTICS = re.compile(r"(^|\.)in\d+\.running_(mean|var)$")
_MOST_KEYS_SHOWN = 3


def parameter_shapes(base_width: int) -> dict[str, Shape]:
    """The names and shapes of all parameters of a `TransformerNet` of this width."""
    picture, narrow, middle, wide = 3, base_width, 2 * base_width, 4 * base_width
    shapes: dict[str, Shape] = {}

    def add(convolution: str, outputs: int, inputs: int, side: int, norm: str | None) -> None:
        shapes[f"{convolution}.conv2d.weight"] = (outputs, inputs, side, side)
        shapes[f"{convolution}.conv2d.bias"] = (outputs,)
        if norm is not None:
            shapes[f"{norm}.weight"] = shapes[f"{norm}.bias"] = (outputs,)

    add("conv1", narrow, picture, WIDTH_KERNEL[1], "in1")
    add("conv2", middle, narrow, 3, "in2")
    add("conv3", wide, middle, 3, "in3")
    for block in range(1, RESIDUAL_BLOCKS + 1):
        for half in (1, 2):
            add(f"res{block}.conv{half}", wide, wide, 3, f"res{block}.in{half}")
    add("deconv1", middle, wide, 3, "in4")
    add("deconv2", narrow, middle, 3, "in5")
    add("deconv3", picture, narrow, 9, None)
    return shapes


def drop_old_statistics(state: Mapping[str, AnyTensor]) -> dict[str, AnyTensor]:
    """`state` without the instance norms' running statistics, which were never used.

    Old versions of PyTorch stored them besides the weights.
    """
    return {name: value for name, value in state.items() if not _OLD_STATISTICS.search(name)}


def check_shapes(shapes: Mapping[str, Shape]) -> None:
    """Refuse names and shapes of parameters that are not those of a `TransformerNet`.

    Raises:
        StyleError: they are not exactly those of such a network up to `MAX_BASE_WIDTH`.
    """
    expected = parameter_shapes(_claimed_width(shapes.get(WIDTH_KEY, ())))
    missing, unexpected = expected.keys() - shapes.keys(), shapes.keys() - expected.keys()
    if missing or unexpected:
        raise StyleError(
            "expected the state dict of a TransformerNet, got that of another network: "
            f"missing {_some(missing)}; unexpected {_some(unexpected)}"
        )
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise StyleError(
                f"expected {name} of shape {expected[name]}, got {shape}; "
                "this is the state dict of another network"
            )


def _claimed_width(shape: Shape) -> int:
    """The width that the first weights' shape claims if a network can have it, else the official.

    With any other width the comparison of names and shapes finds what is wrong.
    """
    return shape[0] if shape and 1 <= shape[0] <= MAX_BASE_WIDTH else OFFICIAL_BASE_WIDTH


def check_finite(weights: Weights) -> None:
    """Refuse weights with NaN or infinity in them; raises StyleError."""
    broken = [name for name, values in weights.items() if not np.isfinite(values).all()]
    if broken:
        raise StyleError(
            f"expected finite weights, got NaN or infinity in {_some(broken)}; "
            "the training that wrote them failed"
        )


def width_of(weights: Weights) -> int:
    """The base width of checked weights."""
    return int(weights[WIDTH_KEY].shape[0])


def _some(names: Iterable[str]) -> str:
    """The first few of `names`, and how many more there are."""
    ordered = sorted(names)
    shown = ", ".join(ordered[:_MOST_KEYS_SHOWN]) or "nothing"
    more = len(ordered) - _MOST_KEYS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
