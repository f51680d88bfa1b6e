"""Styles paint a small picture before they are called styles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neural_style import StyleDescription, StyleError, inspect
from tests.support.networks.styles import make_state

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from onnx import helper

from tests.support.files.onnx_graphs import PICTURE, graph_bytes, scale_channels
from tests.support.files.onnx_hostile import floats, graph_of


def refusal_of(data: bytes, path: Path) -> str:
    path.write_bytes(data)
    with pytest.raises(StyleError) as caught:
        inspect(path)
    assert str(caught.value).startswith(f"{path}: expected ")
    return str(caught.value)


def numbered(*nodes: tuple[str, list[str], str], count: int) -> bytes:
    inputs = [PICTURE, ("style_weights", [count])]
    constants = [floats([[[[-1.0]]]]), floats(np.arange(count) - 40.0)]
    constants[0].name, constants[1].name = "below", "offsets"
    return graph_bytes(inputs, [helper.make_node(op, i, [o]) for op, i, o in nodes], constants)


def test_a_graph_that_paints_is_described(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(scale_channels([1, 1, 1]))

    assert inspect(path) == StyleDescription(None, None)


def test_a_graph_that_paints_nan_is_refused(tmp_path: Path) -> None:
    data = graph_of(("Div", ["image", "image"], "output", {}))  # 0 / 0 where the picture is black

    assert "finite colors from this network" in refusal_of(data, tmp_path / "model.onnx")


@pytest.mark.parametrize("activation", ["Sigmoid", "Tanh"])
def test_a_graph_whose_colors_end_at_1_is_refused(activation: str, tmp_path: Path) -> None:
    data = graph_of((activation, ["image"], "output", {}))

    message = refusal_of(data, tmp_path / "model.onnx")

    assert "those that it paints end at 1; export it with an output that is multi" in message


def test_numbered_styles_that_paint_infinity_are_refused(tmp_path: Path) -> None:
    data = numbered(
        ("MatMul", ["style_weights", "offsets"], "which"),
        ("Exp", ["which"], "large"),
        ("Exp", ["large"], "larger"),
        ("Mul", ["image", "larger"], "output"),
        count=60,
    )

    assert "finite colors from this network" in refusal_of(data, tmp_path / "model.onnx")


def test_a_graph_for_another_size_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["image"], ["output"])
    data = graph_bytes([("image", [1, 3, 224, 224])], [node])

    message = refusal_of(data, tmp_path / "model.onnx")

    assert "got one for 224x224 px only; export it with dynamic axes" in message


def test_a_graph_that_returns_a_smaller_picture_is_refused(tmp_path: Path) -> None:
    data = graph_of(
        ("Slice", ["image", "start", "end"], "output", {}), start=[0, 0, 1], end=[1, 3, 99]
    )

    assert "got 1x3x15x16" in refusal_of(data, tmp_path / "model.onnx")


def test_a_checkpoint_that_paints_nan_is_refused(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    weights = {name: value.numpy() for name, value in make_state().items()}
    weights["deconv3.conv2d.weight"] = np.full_like(weights["deconv3.conv2d.weight"], 3e38)

    message = refusal_of(safetensors.save(weights), tmp_path / "model.safetensors")

    assert "finite colors from this network" in message
