"""The weights of a `TransformerNet`: their names, shapes and valid values, without PyTorch.

`parameter_shapes` is the one description of the network's parameters. The decoders of all formats
check what they read against it, with `check_shapes` before they convert weights to fp32 and with
`check_finite` afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError

Weights = dict[str, NDArray[np.float32]]
"""All parameters of a network by name."""

Shape = tuple[int, ...]
AnyTensor = TypeVar("AnyTensor")

WIDTH_KEY = "conv1.conv2d.weight"
"""The parameter whose shape, base width x `WIDTH_KERNEL`, tells a network's base width."""

WIDTH_KERNEL = (3, 9, 9)
"""The shape of `WIDTH_KEY` without its first axis: input channels x height x width."""

OFFICIAL_BASE_WIDTH = 32
"""The base width of the models that the PyTorch examples publish."""

MAX_BASE_WIDTH = 128
"""The largest base width that is accepted; such a network has 27 million parameters."""

RESIDUAL_BLOCKS = 5
"""The number of residual blocks; their parameters are named res1 to res5."""

_OLD_STATISTICS = re.compile(r"(^|\.)in\d+\.running_(mean|var)$")
_WRAPPERS = re.compile(r"(module\.|_orig_mod\.){1,2}")
_NAMES_SHOWN = 3
_NAME_LENGTH = 80  # characters of each; a hostile file may choose them


class _Layer(NamedTuple):
    """A convolution with a bias, and the instance norm after it, if there is one."""

    convolution: str
    outputs: int
    inputs: int
    kernel_side: int
    norm: str | None


def parameter_shapes(base_width: int) -> dict[str, Shape]:
    """Return the shapes of all parameters of a `TransformerNet` by name."""
    shapes: dict[str, Shape] = {}
    for convolution, outputs, inputs, side, norm in _layers(base_width):
        shapes[f"{convolution}.conv2d.weight"] = (outputs, inputs, side, side)
        shapes[f"{convolution}.conv2d.bias"] = (outputs,)
        if norm is not None:
            shapes[f"{norm}.weight"] = shapes[f"{norm}.bias"] = (outputs,)
    return shapes


def _layers(base_width: int) -> Iterator[_Layer]:
    """Yield the layers in the order in which the network applies them."""
    # The numbers of channels, by the resolution at which a layer works.
    full, half, quarter = base_width, 2 * base_width, 4 * base_width
    colors, first_kernel, _ = WIDTH_KERNEL
    yield _Layer("conv1", full, colors, first_kernel, "in1")
    yield _Layer("conv2", half, full, 3, "in2")
    yield _Layer("conv3", quarter, half, 3, "in3")
    for block in range(1, RESIDUAL_BLOCKS + 1):
        yield _Layer(f"res{block}.conv1", quarter, quarter, 3, f"res{block}.in1")
        yield _Layer(f"res{block}.conv2", quarter, quarter, 3, f"res{block}.in2")
    yield _Layer("deconv1", half, quarter, 3, "in4")
    yield _Layer("deconv2", full, half, 3, "in5")
    yield _Layer("deconv3", colors, full, 9, None)


def width_of(weights: Weights) -> int:
    """Return the base width of weights that `check_shapes` accepts."""
    return int(weights[WIDTH_KEY].shape[0])


def canonicalize_names(state: Mapping[str, AnyTensor]) -> dict[str, AnyTensor]:
    """Return a copy of `state` with the names of the network itself, without old statistics.

    Data-parallel and compiled networks put "module." and "_orig_mod." before every name. PyTorch
    before 0.4 stored running statistics of the instance norms, which the networks never used.
    """
    prefix = _find_prefix(state)
    names = {name: name.removeprefix(prefix) for name in state}
    return {names[k]: v for k, v in state.items() if not _OLD_STATISTICS.search(names[k])}


def _find_prefix(names: Iterable[str]) -> str:
    """Return what wrappers put before all of `names`; empty if it is not before all."""
    match = _WRAPPERS.match(next(iter(names), ""))
    prefix = match[0] if match else ""
    return prefix if all(name.startswith(prefix) for name in names) else ""


def check_shapes(shapes: Mapping[str, Shape]) -> None:
    """Check that parameters have the names and shapes of a `TransformerNet`.

    Raises:
        StyleError: They are not exactly those of a network with a base width of at most
            `MAX_BASE_WIDTH`.
    """
    expected = parameter_shapes(_claimed_width(shapes.get(WIDTH_KEY, ())))
    _check_names(shapes, expected)
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise StyleError(
                f"expected {name} of shape {expected[name]}, got {shape}, as in another network",
                remedy="use a style model",
            )


def _check_names(shapes: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    missing, unexpected = expected.keys() - shapes.keys(), shapes.keys() - expected.keys()
    if missing or unexpected:
        raise StyleError(
            "expected the state dict of a TransformerNet, got that of another network (missing "
            f"{list_names(missing)}; unexpected {list_names(unexpected)})",
            remedy="use a style model",
        )


def _claimed_width(shape: Shape) -> int:
    """Return the base width that the shape of `WIDTH_KEY` claims, if a network can have it.

    For an impossible one, return the official width: comparing with that tells what is wrong.
    """
    return shape[0] if shape and 1 <= shape[0] <= MAX_BASE_WIDTH else OFFICIAL_BASE_WIDTH


def check_finite(weights: Weights) -> None:
    """Check that no weight is NaN or infinite.

    Raises:
        StyleError: One is.
    """
    broken = [name for name, values in weights.items() if not np.isfinite(values).all()]
    if broken:
        raise StyleError(
            f"expected finite weights, got NaN or infinity in {list_names(broken)}",
            remedy="use another model, as the training of this one failed",
        )


def list_names(names: Iterable[str]) -> str:
    """Return the first few of `names` in order, and how many more there are, for a message."""
    ordered = sorted(names)
    shown = ", ".join(f"{name:.{_NAME_LENGTH}}" for name in ordered[:_NAMES_SHOWN]) or "nothing"
    more = len(ordered) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
