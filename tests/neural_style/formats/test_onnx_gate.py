"""Which ONNX graphs pass the check, and how the others are refused."""

from __future__ import annotations

from typing import Any

import pytest

from neural_style import StyleError

pytest.importorskip("onnx")

import numpy as np
from onnx import ModelProto, TensorProto, helper

from neural_style.formats.onnx_gate.gate import check_graph
from neural_style.networks.weights import MAX_PARAMETERS
from tests.support.files.onnx_graphs import PICTURE, graph_bytes, scale_channels
from tests.support.files.onnx_hostile import HARMFUL, floats, graph_of, tensor


def refusal_of(data: bytes) -> str:
    with pytest.raises(StyleError) as caught:
        check_graph(data)
    return str(caught.value)


@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_graphs_are_refused_by_what_is_wrong(name: str) -> None:
    data, reason = HARMFUL[name]

    message = refusal_of(data)

    assert reason in message
    assert message.isprintable()


@pytest.mark.parametrize("operator", ["If", "Scan", "ScatterND", "SequenceAt", "Optional", "Where"])
def test_operators_that_are_not_listed_are_refused(operator: str) -> None:
    assert f"got {operator}" in refusal_of(graph_of((operator, ["image"], "output", {})))


def test_channels_that_come_last_are_not_taken_for_a_width() -> None:
    node = helper.make_node("Relu", ["image"], ["output"])
    data = graph_bytes([("image", [1, "height", "width", 3])], [node])

    assert "got the inputs image [1,?,?,3]" in refusal_of(data)


def test_operators_may_be_in_any_order() -> None:
    ordered = graph_of(
        ("Cast", ["image"], "x", {"to": TensorProto.FLOAT16}),
        ("Relu", ["x"], "y", {}),
        ("Cast", ["y"], "output", {"to": TensorProto.FLOAT}),
    )
    mixed = ModelProto.FromString(ordered)
    mixed.graph.node.sort(key=lambda node: node.op_type, reverse=True)

    assert check_graph(mixed.SerializeToString()).model == check_graph(ordered).model


def test_a_negative_side_stands_for_any_size() -> None:
    node = helper.make_node("Relu", ["image"], ["output"])

    graph = check_graph(graph_bytes([("image", [-1, 3, -1, -1])], [node]))

    assert graph.picture_input.dims == (1, 3, "", "")


def test_more_weights_than_those_of_any_network_are_refused() -> None:
    weights = tensor("", np.zeros(MAX_PARAMETERS + 1), np.float16)

    assert "at most 33,554,432 weights" in refusal_of(
        graph_of(("Relu", ["image"], "output", {}), unused=weights)
    )


def test_the_standard_operators_may_be_named() -> None:
    node = helper.make_node("Relu", ["image"], ["output"], domain="ai.onnx")

    check_graph(graph_bytes([PICTURE], [node], domain="ai.onnx"))


def test_operators_of_other_domains_are_refused() -> None:
    node = helper.make_node("Relu", ["image"], ["output"], domain="com.example")

    assert "of the domain 'com.example'" in refusal_of(graph_bytes([PICTURE], [node]))


def test_an_attribute_that_the_operator_does_not_have_is_refused() -> None:
    data = graph_of(("Relu", ["image"], "output", {"axis": 1}))

    assert "has the attributes axis" in refusal_of(data)


@pytest.mark.parametrize("opset", [1, 6, 99])
def test_other_versions_of_the_operators_are_refused(opset: int) -> None:
    data = graph_of(("Relu", ["image"], "output", {}), opset=opset)

    assert f"got {opset}" in refusal_of(data)


def test_an_input_of_another_type_is_named() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(scale_channels([1, 2, 3]))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16

    with pytest.raises(StyleError, match=r"got the inputs image \[1,3,\?,\?\] of float16"):
        check_graph(model.SerializeToString())


def test_long_names_are_cut_in_messages() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(scale_channels([1, np.nan, 3]))
    name = "n" * 100_000
    model.graph.initializer[0].name = model.graph.node[0].input[1] = name

    with pytest.raises(StyleError) as caught:
        check_graph(model.SerializeToString())

    assert len(str(caught.value)) < 300


def test_an_output_that_nothing_makes_is_refused() -> None:
    data = graph_of(("Relu", ["image"], "other", {}))

    assert "makes the output 'output'" in refusal_of(data)


def test_an_output_that_is_made_twice_is_refused() -> None:
    data = graph_of(("Relu", ["image"], "output", {}), ("Tanh", ["image"], "output", {}))

    assert "makes a tensor that exists already" in refusal_of(data)


@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_network_that_returns_another_size_is_refused(factor: float) -> None:
    data = graph_of(
        ("Resize", ["image", "", "by"], "output", {}), by=floats([1, 1, factor, factor])
    )

    assert f"got 1x3x{16 * factor:.0f}x{16 * factor:.0f}" in refusal_of(data)


def test_each_size_of_pictures_is_checked() -> None:
    """The rows of the output are those of the picture up to 500, and 500 from there."""
    data = graph_of(
        ("Slice", ["image", "start", "end", "axis"], "output", {}),
        start=[0], end=[500], axis=[2],
    )  # fmt: skip
    graph = check_graph(data)

    graph.check_size(500, 700)
    with pytest.raises(StyleError, match="expected 1x3x504x700 numbers"):
        graph.check_size(504, 700)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "constants"),
    [
        ("BatchNormalization", ["image", "c", "c", "c", "c"], {}, {"c": floats([1, 2, 3])}),
        ("InstanceNormalization", ["image", "c", "c"], {}, {"c": floats([1, 2, 3])}),
        ("GroupNormalization", ["image", "c", "c"], {"num_groups": 1}, {"c": floats([1, 2, 3])}),
        ("PRelu", ["image", "c"], {}, {"c": floats([[[1]], [[2]], [[3]]])}),
        ("LeakyRelu", ["image"], {"alpha": 0.1}, {}),
        ("Clip", ["image", "low", "high"], {}, {"low": floats(0), "high": floats(np.inf)}),
        ("Clip", ["image"], {}, {}),
        ("Conv", ["image", "w"], {"pads": [1] * 4}, {"w": floats(np.zeros((3, 3, 3, 3)))}),
        ("Conv", ["image", "w"], {"auto_pad": "SAME_UPPER"}, {"w": floats(np.zeros((3, 3, 9, 9)))}),
        ("Conv", ["image", "w"], {"group": 3}, {"w": floats(np.zeros((3, 1, 1, 1)))}),
        ("ConvTranspose", ["image", "w"], {"pads": [1] * 4}, {"w": floats(np.zeros((3, 3, 3, 3)))}),
        ("Transpose", ["image"], {"perm": [0, 1, 2, 3]}, {}),
        ("DepthToSpace", ["image"], {"blocksize": 1, "mode": "CRD"}, {}),
        ("Erf", ["image"], {}, {}),
        ("Gelu", ["image"], {"approximate": "tanh"}, {}),
        ("Mish", ["image"], {}, {}),
        ("Celu", ["image"], {"alpha": 2.0}, {}),
        ("Round", ["image"], {}, {}),
        ("Gather", ["image", "at"], {"axis": 1}, {"at": [2, 1, 0]}),
        ("Pad", ["image", "pads"], {"mode": "edge"}, {"pads": [0, 0, 0, 0, 0, 0, 0, 0]}),
    ],
)
def test_operators_of_style_networks_pass(
    operator: str,
    inputs: list[str],
    attributes: dict[str, object],
    constants: dict[str, Any],
) -> None:
    check_graph(graph_of((operator, inputs, "output", attributes), **constants))


def test_what_is_checked_is_what_engines_get() -> None:
    onnx = pytest.importorskip("onnx")
    data = scale_channels([1, 2, 3])
    whole = onnx.load_from_string(data)
    whole.doc_string = whole.graph.doc_string = "words"
    whole.metadata_props.add(key="secret", value="words")

    written = onnx.load_from_string(check_graph(whole.SerializeToString()).to_bytes())

    assert written == onnx.load_from_string(check_graph(data).to_bytes())
    assert written.graph.initializer == whole.graph.initializer
    assert [node.op_type for node in written.graph.node] == ["Mul"]


@pytest.mark.filterwarnings("error")
def test_whole_numbers_may_be_stored_in_half_precision() -> None:
    data = graph_of(
        ("Cast", ["places"], "at", {"to": TensorProto.INT64}),
        ("Gather", ["image", "at"], "output", {"axis": 1}),
        places=tensor("", [2, 1, 0], np.float16),
    )

    check_graph(data)


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_networks_may_compute_in_other_floats(dtype: int) -> None:
    data = graph_of(
        ("Cast", ["image"], "x", {"to": dtype}),
        ("Relu", ["x"], "y", {}),
        ("Cast", ["y"], "output", {"to": TensorProto.FLOAT}),
    )

    check_graph(data)
