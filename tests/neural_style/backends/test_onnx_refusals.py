"""Files that are not ONNX styles, and how each is refused."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from neural_style import Style, StyleError, load
from tests.support.networks.styles import RefusalOf

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from onnx import NodeProto, TensorProto, helper

from tests.support.files.onnx_graphs import (
    PICTURE,
    Shape,
    graph_bytes,
    scale_channels,
)


def add_input(name: str) -> NodeProto:
    """Return a node that adds the input `name` to the image."""
    return helper.make_node("Add", ["image", name], ["output"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (b"not found", "text that begins 'not found'"),
        (b"\x80\x02}q\0.", "other or damaged data"),
    ],
    ids=["empty", "text", "pickle"],
)
def test_bytes_that_are_not_a_graph_are_described(
    data: bytes, reason: str, refusal_of: RefusalOf
) -> None:
    assert reason in refusal_of(data, "model.onnx")


def test_a_graph_cut_short_is_called_damaged(onnx_path: Path, refusal_of: RefusalOf) -> None:
    data = onnx_path.read_bytes()

    assert "damaged" in refusal_of(data[: len(data) // 2], "model.onnx")


def test_a_graph_without_its_last_bytes_is_refused(onnx_path: Path, refusal_of: RefusalOf) -> None:
    """The last four name the version of the operators; what comes before them is whole."""
    data = onnx_path.read_bytes()

    for missing in range(1, 33):
        refusal_of(data[:-missing], "model.onnx")


@pytest.mark.parametrize(
    ("inputs", "node", "reason"),
    [
        ([("image", [1, 10])], add_input("image"), "got the inputs image [1,10]"),
        ([("image", [1, 1, 8, 8])], add_input("image"), "got the inputs image [1,1,8,8]"),
        ([("image", [4, 3, 8, 8])], add_input("image"), "got the inputs image [4,3,8,8]"),
        ([PICTURE, ("mask", [1, 3, 8, 8])], add_input("mask"), "mask [1,3,8,8]"),
        ([PICTURE, ("style_weights", ["n"])], add_input("style_weights"), "style_weights [?]"),
        ([PICTURE, ("style_weights", [10**12])], add_input("style_weights"), "style_weights [1000"),
    ],
    ids=["classes", "gray", "batch", "mask", "any number", "too many"],
)
def test_another_network_is_described_by_its_inputs(
    inputs: list[tuple[str, Shape]], node: NodeProto, reason: str, refusal_of: RefusalOf
) -> None:
    assert reason in refusal_of(graph_bytes(inputs, [node]), "model.onnx")


def test_a_network_with_two_outputs_is_refused(refusal_of: RefusalOf) -> None:
    names = ("one", "two")
    nodes = [helper.make_node("Relu", ["image"], [name]) for name in names]

    assert "2 outputs" in refusal_of(graph_bytes([PICTURE], nodes, outputs=names), "model.onnx")


def test_an_unknown_operation_is_named(refusal_of: RefusalOf) -> None:
    node = helper.make_node("Summon", ["image"], ["output"])

    assert "got Summon" in refusal_of(graph_bytes([PICTURE], [node]), "model.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value: float, refusal_of: RefusalOf) -> None:
    assert "expected finite weights" in refusal_of(scale_channels([1, value, 1]), "model.onnx")


@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin", "/etc/hostname"])
def test_weights_in_other_files_are_refused(
    location: str, tmp_path: Path, refusal_of: RefusalOf
) -> None:
    np.ones(3, np.float32).tofile(tmp_path / "weights.bin")
    constant = TensorProto(name="factors", data_type=TensorProto.FLOAT, dims=[1, 3, 1, 1])
    constant.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": "12"}.items():
        constant.external_data.add(key=key, value=value)
    node = helper.make_node("Mul", ["image", "factors"], ["output"])

    message = refusal_of(graph_bytes([PICTURE], [node], [constant]), "model.onnx")

    assert "refers to other files" in message


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 10))]
)
def test_mutilated_graphs_raise_nothing_but_style_errors(
    seed: int, onnx_path: Path, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    whole = onnx_path.read_bytes()
    path = tmp_path / "mutilated.onnx"

    for _ in range(30):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(1, len(whole))))])
        for _ in range(rng.randrange(1, 5)):
            place = min(int(rng.expovariate(1 / 2000)), len(data) - 1)
            data[rng.choice((place, -1 - place))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            assert isinstance(load(path), Style)
        except StyleError as error:
            assert str(error).isprintable()
