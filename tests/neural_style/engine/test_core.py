"""The compiled module refuses arguments that it cannot paint with, before it reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neural_style.engine import list_kernels
from neural_style.networks.description import official_description
from neural_style.networks.weights import Weights
from neural_style.options import EXACT
from tests.support.networks.engine import weights_of
from tests.support.networks.styles import SMALL_WIDTH, make_picture, make_state

pytest.importorskip("torch")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)


from neural_style.engine._core import Network, Style

KERNEL = list_kernels(EXACT)[0]


@pytest.fixture
def style() -> Style:
    return make_style(weights_of(make_state()))


def pack(weights: Weights, kernel: str = KERNEL, **changed: Any) -> Network:
    found = replace(official_description(SMALL_WIDTH), **changed)
    return Network(weights, kernel, found.channels, found.blocks, found.unnormalized, False)


def make_style(weights: Weights) -> Style:
    return Style(pack(weights), weights)


@pytest.mark.parametrize(
    ("picture", "painted", "threads", "message"),
    [
        ((4, 9), (4, 9), 1, "the picture is too small"),
        ((9, 4), (9, 4), 1, "the picture is too small"),
        ((9, 9), (9, 8), 1, "expected both pictures to have the same size"),
        ((9, 9), (9, 9), 0, "expected at least one thread"),
    ],
    ids=["low", "thin", "sizes", "threads"],
)
def test_arguments_that_do_not_fit_are_refused(
    picture: tuple[int, int],
    painted: tuple[int, int],
    threads: int,
    message: str,
    style: Style,
) -> None:
    colors, target = np.zeros((*picture, 3), np.uint8), np.zeros((*painted, 3), np.uint8)

    with pytest.raises(ValueError, match=message):
        style.paint(colors, target, np.zeros(10**6, np.uint8), threads)


def test_an_arena_that_is_too_small_is_refused(style: Style) -> None:
    colors = np.zeros((9, 9, 3), np.uint8)
    arena = np.zeros(style.network.arena_bytes(9, 9) - 1, np.uint8)

    with pytest.raises(ValueError, match="the arena is too small"):
        style.paint(colors, colors.copy(), arena, 1)


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 4), (9, 9, 1), (1, 9, 9, 3), (0,)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...], style: Style) -> None:
    colors, target = np.zeros(shape, np.uint8), np.zeros((9, 9, 3), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        style.paint(colors, target, np.zeros(10**6, np.uint8), 1)


def test_a_picture_with_strides_is_refused_and_not_copied(
    style: Style,
) -> None:
    strided = np.asarray(make_picture(31, 22))[::-1, ::2]
    arena = np.zeros(style.network.arena_bytes(*strided.shape[:2]), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        style.paint(strided, np.empty(strided.shape, np.uint8), arena, 1)


def test_a_result_with_strides_is_refused_and_not_copied(style: Style) -> None:
    colors = np.zeros((22, 16, 3), np.uint8)
    strided = np.empty((22, 16, 6), np.uint8)[..., ::2]
    arena = np.zeros(style.network.arena_bytes(22, 16), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        style.paint(colors, strided, arena, 1)


def test_what_a_check_raises_cancels_the_painting(style: Style) -> None:
    colors = np.full((9, 9, 3), 80, np.uint8)
    arena = np.zeros(style.network.arena_bytes(9, 9), np.uint8)

    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        style.paint(colors, np.empty_like(colors), arena, 1, check=check)


def test_weights_with_strides_are_refused_and_not_copied() -> None:
    weights = weights_of(make_state())
    weights["conv2.conv2d.weight"] = weights["conv2.conv2d.weight"].transpose(0, 1, 3, 2)

    with pytest.raises(TypeError, match=r"conv2\.conv2d\.weight: expected fp32 in C order"):
        make_style(weights)


def test_weights_that_are_missing_are_refused() -> None:
    weights = weights_of(make_state())
    del weights["res1.in1.bias"]

    with pytest.raises(KeyError, match=r"res1\.in1\.bias"):
        make_style(weights)


def test_weights_of_another_size_are_refused() -> None:
    weights = weights_of(make_state())
    weights["in1.bias"] = weights["in1.bias"][:-1]

    with pytest.raises(ValueError, match=r"in1\.bias: the tensor's size does not fit"):
        make_style(weights)


def test_a_kernel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="this processor cannot run the kernel abacus"):
        pack(weights_of(make_state()), "abacus")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"channels": (8, 16, 32, 16)}, "expected the channels of five layers"),
        ({"channels": (8, 16, 32, 16, 0)}, "expected at least one channel"),
        ({"blocks": -1}, "expected no negative number of blocks"),
    ],
    ids=["four", "zero", "negative"],
)
def test_networks_that_cannot_be_are_refused(
    changed: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        pack(weights_of(make_state()), **changed)


def test_a_missing_bias_is_zero() -> None:
    weights, colors = weights_of(make_state()), np.full((9, 9, 3), 80, np.uint8)
    without = {name: values for name, values in weights.items() if name != "deconv3.conv2d.bias"}
    zero = weights | {"deconv3.conv2d.bias": np.zeros(3, np.float32)}

    first, second = (paint(make_style(some), colors) for some in (without, zero))

    assert (first == second).all()
    assert (first != paint(make_style(weights), colors)).any()


def paint(style: Style, colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    painted = np.empty_like(colors)
    style.paint(colors, painted, np.zeros(style.network.arena_bytes(9, 9), np.uint8), 1)
    return painted
