"""The parameters of a network: their names, shapes and valid values, without PyTorch.

The decoders of all formats check what they read: `describe_shapes` before they convert weights to
fp32, and `check_finite` afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import StyleError
from .description import (
    OFFICIAL_BLOCKS,
    OFFICIAL_CHANNELS,
    Channels,
    NetworkDescription,
    Shape,
    parameter_shapes,
)

Weights = dict[str, NDArray[np.float32]]
"""All parameters of a network by name."""

AnyTensor = TypeVar("AnyTensor")

MAX_BASE_WIDTH = 128
"""The largest base width that is accepted; an official network of it has 27 million parameters."""

MAX_CHANNELS: Channels = (
    MAX_BASE_WIDTH, 2 * MAX_BASE_WIDTH, 4 * MAX_BASE_WIDTH, 2 * MAX_BASE_WIDTH, MAX_BASE_WIDTH
)  # fmt: skip
"""The most channels that are accepted after each layer: see `NetworkDescription.channels`."""

MAX_BLOCKS = 32
"""The most residual blocks that are accepted."""

MAX_STYLES = 4096
"""Far more styles than a network of this kind can distinguish."""

FIRST_WEIGHT = "conv1.conv2d.weight"
"""The name by which a network is recognized; all have it."""

MAX_PARAMETERS = 2**25
"""The most parameters of a network, and the most weights of a graph."""

_CHANNEL_KEYS = ("conv1", "conv2", "conv3", "deconv1", "deconv2")
_OLD_STATISTICS = re.compile(r"(^|\.)in\d+\.running_(mean|var)$")
_WRAPPERS = re.compile(r"(module\.|_orig_mod\.){1,2}")
_NAMES_SHOWN = 3
_NAME_LENGTH = 80  # characters of each; a hostile file may choose them


def canonicalize_names(state: Mapping[str, AnyTensor]) -> dict[str, AnyTensor]:
    """Return a copy of `state` with the names of the network itself, without old statistics.

    Data-parallel and compiled networks put "module." and "_orig_mod." before every name, and a
    module that contains the network puts its name there. PyTorch before 0.4 stored running
    statistics of the instance norms, which the networks never used.
    """
    prefix = _find_prefix(state)
    names = {name: name.removeprefix(prefix) for name in state}
    return {names[k]: v for k, v in state.items() if not _OLD_STATISTICS.search(names[k])}


def _find_prefix(names: Collection[str]) -> str:
    """Return what wrappers put before all of `names`; empty if it is not before all."""
    match = _WRAPPERS.match(next(iter(names), ""))
    prefix = match[0] if match else ""
    firsts = [name for name in names if name.endswith(f".{FIRST_WEIGHT}")]
    if firsts:  # the residual blocks have such a weight, too, with longer names
        prefix = min(firsts, key=len).removesuffix(FIRST_WEIGHT)
    return prefix if all(name.startswith(prefix) for name in names) else ""


def describe_shapes(
    shapes: Mapping[str, Shape], ends: NetworkDescription | None = None
) -> NetworkDescription:
    """Describe the network whose parameters have these names and shapes.

    Args:
        shapes: Of all parameters in a file.
        ends: What the file's metadata say about input and output; other fields do not count. None
            if they say nothing: the file must then have all norms and biases of an official model.
            Otherwise norms may be missing, and so may biases, which stand for zeros.

    Raises:
        StyleError: They are not exactly those of a network of the family, or exceed a limit.
    """
    claimed = _claim(shapes, ends)
    expected = parameter_shapes(claimed)
    is_optional = (lambda name: False) if ends is None else _is_bias
    missing = {name for name in expected.keys() - shapes.keys() if not is_optional(name)}
    _check_names(missing, shapes.keys() - expected.keys())
    for name, shape in shapes.items():
        if shape != expected[name]:
            raise StyleError(
                f"expected {name} of shape {expected[name]}, got {shape}, as in another network",
                remedy="use a style model",
            )
    parameters = sum(map(prod, expected.values()))
    if parameters > MAX_PARAMETERS:
        raise StyleError(
            f"expected a network of at most {MAX_PARAMETERS:,} parameters, got {parameters:,}",
            remedy="use a style model",
        )
    return claimed


def _claim(shapes: Mapping[str, Shape], ends: NetworkDescription | None) -> NetworkDescription:
    """Return the description that shapes claim, where a network can have it.

    For what is impossible, it has the official value: comparing with that tells what is wrong.
    """
    sizes = [shapes.get(f"{name}.conv2d.weight", ())[:1] for name in _CHANNEL_KEYS]
    first, second, third, fourth, fifth = (
        size[0] if size and 1 <= size[0] <= most else official
        for size, most, official in zip(sizes, MAX_CHANNELS, OFFICIAL_CHANNELS, strict=True)
    )
    claimed = NetworkDescription(
        channels=(first, second, third, fourth, fifth),
        blocks=_count_blocks(shapes),
        styles=count_styles(shapes),
    )
    if ends is None:
        return claimed
    all_norms = replace(claimed, unnormalized=frozenset()).norms
    unnormalized = frozenset(norm for norm in all_norms if f"{norm}.weight" not in shapes)
    return replace(
        claimed,
        unnormalized=unnormalized,
        output=ends.output,
        input_levels=ends.input_levels,
    )


def _count_blocks(shapes: Mapping[str, Shape]) -> int:
    numbers = range(1, MAX_BLOCKS + 1)
    found = [number for number in numbers if f"res{number}.conv1.conv2d.weight" in shapes]
    return max(found, default=OFFICIAL_BLOCKS)


def count_styles(shapes: Mapping[str, Shape]) -> int:
    """Return how many styles the shape of a norm claims: that of any, as any may be missing."""
    norms = (
        shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and not name.endswith(".conv2d.weight")
    )
    shape = next(norms, ())
    return shape[0] if len(shape) == 2 and 1 < shape[0] <= MAX_STYLES else 1


def _is_bias(name: str) -> bool:
    return name.endswith(".conv2d.bias")


def _check_names(missing: set[str], unexpected: set[str]) -> None:
    if missing or unexpected:
        raise StyleError(
            "expected the state dict of a TransformerNet, got that of another network (missing "
            f"{list_names(missing)}; unexpected {list_names(unexpected)})",
            remedy="use a style model",
        )


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
