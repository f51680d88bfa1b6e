"""The compiled module refuses arguments that it cannot paint with, before it reads them."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style.engine import list_kernels
from neural_style.options import EXACT
from tests.support.networks.engine import weights_of
from tests.support.networks.styles import MakePicture, MakeState

pytest.importorskip("torch")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)


from neural_style.engine._core import Network

KERNEL = list_kernels(EXACT)[0]


@pytest.fixture
def network(make_state: MakeState) -> Network:
    return Network(weights_of(make_state()), KERNEL)


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
    network: Network,
) -> None:
    colors, target = np.zeros((*picture, 3), np.uint8), np.zeros((*painted, 3), np.uint8)

    with pytest.raises(ValueError, match=message):
        network.paint(colors, target, np.zeros(10**6, np.uint8), threads)


def test_an_arena_that_is_too_small_is_refused(network: Network) -> None:
    colors = np.zeros((9, 9, 3), np.uint8)
    arena = np.zeros(network.arena_bytes(9, 9) - 1, np.uint8)

    with pytest.raises(ValueError, match="the arena is too small"):
        network.paint(colors, colors.copy(), arena, 1)


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 4), (9, 9, 1), (1, 9, 9, 3), (0,)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...], network: Network) -> None:
    colors, target = np.zeros(shape, np.uint8), np.zeros((9, 9, 3), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        network.paint(colors, target, np.zeros(10**6, np.uint8), 1)


def test_a_picture_with_strides_is_refused_and_not_copied(
    network: Network, make_picture: MakePicture
) -> None:
    strided = np.asarray(make_picture(31, 22))[::-1, ::2]
    arena = np.zeros(network.arena_bytes(*strided.shape[:2]), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        network.paint(strided, np.empty(strided.shape, np.uint8), arena, 1)


def test_a_result_with_strides_is_refused_and_not_copied(network: Network) -> None:
    colors = np.zeros((22, 16, 3), np.uint8)
    strided = np.empty((22, 16, 6), np.uint8)[..., ::2]
    arena = np.zeros(network.arena_bytes(22, 16), np.uint8)

    with pytest.raises(TypeError, match="incompatible function arguments"):
        network.paint(colors, strided, arena, 1)


def test_weights_with_strides_are_refused_and_not_copied(make_state: MakeState) -> None:
    weights = weights_of(make_state())
    weights["conv2.conv2d.weight"] = weights["conv2.conv2d.weight"].transpose(0, 1, 3, 2)

    with pytest.raises(TypeError, match=r"conv2\.conv2d\.weight: expected fp32 in C order"):
        Network(weights, KERNEL)


def test_weights_that_are_missing_are_refused(make_state: MakeState) -> None:
    weights = weights_of(make_state())
    del weights["res1.in1.bias"]

    with pytest.raises(KeyError, match=r"res1\.in1\.bias"):
        Network(weights, KERNEL)


def test_weights_of_another_size_are_refused(make_state: MakeState) -> None:
    weights = weights_of(make_state())
    weights["in1.bias"] = weights["in1.bias"][:-1]

    with pytest.raises(ValueError, match=r"in1\.bias: the tensor's size does not fit"):
        Network(weights, KERNEL)


def test_a_kernel_that_does_not_exist_is_refused(make_state: MakeState) -> None:
    with pytest.raises(ValueError, match="this processor cannot run the kernel abacus"):
        Network(weights_of(make_state()), "abacus")
