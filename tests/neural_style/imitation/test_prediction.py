"""The style prediction network, beside onnxruntime and PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neural_style.formats.onnx_gate.model import Node
from neural_style.imitation.magenta import Network
from neural_style.imitation.prediction import _convolve, predict_style
from neural_style.imitation.style_picture import read_style_picture
from tests.neural_style.imitation.conftest import LoadSession

STEP = 0.0199
"""The distance of two numbers that onnxruntime can return: it rounds all activations."""


def test_the_numbers_are_those_of_onnxruntime_up_to_its_rounding(
    prediction: Network, prediction_path: Path, photo_path: Path, load_session: LoadSession
) -> None:
    session = load_session(prediction_path)
    square = read_style_picture(photo_path).squares[0]

    (rounded,) = session.run(None, {"style_image": square[np.newaxis].astype(np.float32)})

    difference = predict_style(prediction, square) - rounded.ravel()
    assert rounded.std() > 20 * STEP
    assert np.sqrt(np.mean(difference**2)) < STEP
    assert np.abs(difference).max() < 4 * STEP


def test_other_pictures_have_other_numbers(prediction: Network, photo_path: Path) -> None:
    square = read_style_picture(photo_path).squares[0]

    difference = predict_style(prediction, square) - predict_style(prediction, 1 - square)

    assert np.sqrt(np.mean(difference**2)) > 10 * STEP


@pytest.mark.parametrize("group", [1, 4])
@pytest.mark.parametrize(("step", "padding"), [(1, (1, 1, 1, 1)), (2, (0, 0, 1, 1))])
def test_a_convolution_is_that_of_pytorch(
    group: int, step: int, padding: tuple[int, int, int, int]
) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    x = random.normal(size=(1, 4, 9, 12))
    weight, bias = random.normal(size=(4, 4 // group, 3, 3)), random.normal(size=4)
    node = Node("Conv", (), "y", {"group": group, "strides": (step, step), "pads": padding})

    computed = _convolve(node, x, weight, bias)

    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    tensors = map(torch.from_numpy, (padded, weight, bias))
    expected = torch.nn.functional.conv2d(*tensors, stride=step, groups=group).numpy()
    np.testing.assert_allclose(computed, expected, atol=1e-12)
