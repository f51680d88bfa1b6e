"""The bytes of ONNX files: what is damaged, what is refused, and what is read as protobuf says."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style import StyleError

pytest.importorskip("onnx")

from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper, load_from_string

from neural_style.formats.onnx_gate import protobuf
from neural_style.formats.onnx_gate.gate import check_graph
from neural_style.formats.onnx_gate.model import decode
from neural_style.formats.onnx_gate.protobuf import bytes_field, integer_field
from tests.support.files.onnx_graphs import PICTURE, graph_bytes, scale_channels

FACTORS = [0.5, 1.0, 2.0]
OTHER_FILES = "refers to other files"


def refusal_of(data: bytes | ModelProto) -> str:
    with pytest.raises(StyleError) as caught:
        check_graph(data if isinstance(data, bytes) else data.SerializeToString())
    return str(caught.value)


def scaling() -> ModelProto:
    """Return a graph that multiplies each channel by its factor."""
    return load_from_string(scale_channels(FACTORS))


def refer_to_file(tensor: TensorProto, location: str = "/etc/hostname") -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def factors_of(data: bytes) -> list[float]:
    values: list[float] = decode(data).initializers["factors"].ravel().tolist()
    return values


# Damage


@pytest.mark.parametrize("cut", [1, 4, 20, 100])
def test_a_file_cut_short_is_damaged(cut: int) -> None:
    assert "damaged data (it ends too early" in refusal_of(scale_channels(FACTORS)[:-cut])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08",
        b"\x08" + b"\xff" * 11,
        b"\x00\x01",
        b"\x0b\x0c",
        b"\xff" * 9 + b"\x01\x00",
        b"\x3a\xff\xff\xff\xff\x0f",
        b"\x38\x01",
        bytes_field(7, bytes_field(1, text := b"\x22\x02\xff\xfe")),
    ],
)
def test_bytes_that_are_no_message_are_damaged(data: bytes) -> None:
    assert "other or damaged data" in refusal_of(data)


@pytest.mark.parametrize("dims", [[4], [1, 3, 1, 2], [1, 3, 1, 10**18], [-3], [0, 10**18], [3] * 9])
def test_weights_must_fill_their_shape(dims: list[int]) -> None:
    model = scaling()
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)

    assert "the weights 'factors' have" in refusal_of(model)


def test_weights_that_end_inside_a_number_are_damaged() -> None:
    model = scaling()
    model.graph.initializer[0].raw_data += b"\x00"

    assert "ends inside a number" in refusal_of(model)


def test_two_weights_of_one_name_are_refused() -> None:
    model = scaling()
    model.graph.initializer.add().CopyFrom(model.graph.initializer[0])

    assert "two weights have one name" in refusal_of(model)


@pytest.mark.parametrize(
    "field", [integer_field(30, 1), bytes_field(30)], ids=["integers", "messages"]
)
def test_the_number_of_fields_is_limited(field: bytes) -> None:
    data = scale_channels(FACTORS) + field * protobuf.MAX_FIELDS

    assert "of at most 200,000 fields" in refusal_of(data)


def test_the_number_of_packed_integers_is_limited() -> None:
    model = scaling()
    model.graph.initializer.add(name="n", data_type=TensorProto.INT64, dims=[10**6]).int64_data[
        :
    ] = range(10**6)

    assert "of at most 200,000 fields" in refusal_of(model)


# Parts that are refused


def test_weights_in_other_files_are_refused() -> None:
    model = scaling()
    refer_to_file(model.graph.initializer[0])

    assert OTHER_FILES in refusal_of(model)


def test_constants_in_other_files_are_refused() -> None:
    model = scaling()
    value = TensorProto(data_type=TensorProto.FLOAT, dims=[1, 3, 1, 1])
    refer_to_file(value)
    constant = helper.make_node("Constant", [], ["constant"], value=value)
    model.graph.node.insert(0, constant)

    assert OTHER_FILES in refusal_of(model)


def test_a_location_without_a_file_is_refused() -> None:
    model = scaling()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL

    assert OTHER_FILES in refusal_of(model)


def test_a_location_written_with_a_long_length_is_refused() -> None:
    """A search for the usual encoding of `location` does not find this one."""
    entry = b"\x0a\x88\x80\x00location" + bytes_field(2, b".env")
    tensor = integer_field(1, 3) + integer_field(2, 1) + bytes_field(8, b"x")
    tensor += bytes_field(13, entry) + integer_field(14, 1)
    data = scale_channels(FACTORS) + bytes_field(7, bytes_field(5, tensor))

    assert b"\x0a\x08location" not in data
    assert OTHER_FILES in refusal_of(data)


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        (AttributeProto(name="g", type=AttributeProto.GRAPH, g=GraphProto()), "'g' of Relu"),
        (AttributeProto(name="s", type=AttributeProto.STRINGS, strings=[b"x"]), "'s' of Relu"),
        (AttributeProto(name="t", type=AttributeProto.TENSORS), "'t' of Relu"),
        (AttributeProto(name="i", type=AttributeProto.INT, g=GraphProto()), "'i' of Relu"),
        (AttributeProto(name="r", ref_attr_name="x", type=AttributeProto.INT), "'r' of Relu"),
        (AttributeProto(name="n", i=3), "'n' of Relu"),
    ],
)
def test_attributes_of_other_kinds_are_refused(attribute: AttributeProto, kind: str) -> None:
    node = helper.make_node("Relu", ["image"], ["output"])
    node.attribute.append(attribute)

    assert kind in refusal_of(graph_bytes([PICTURE], [node]))


def test_sparse_weights_are_refused() -> None:
    model = scaling()
    model.graph.sparse_initializer.add()

    assert "without sparse tensors" in refusal_of(model)


def test_functions_are_refused() -> None:
    model = scaling()
    model.functions.add(name="Mul", domain="")

    assert "without functions" in refusal_of(model)


def test_training_information_is_refused() -> None:
    model = scaling()
    model.training_info.add()

    assert "without training information" in refusal_of(model)


def test_a_sequence_as_input_is_refused() -> None:
    model = scaling()
    model.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT

    assert "expected tensors only" in refusal_of(model)


@pytest.mark.parametrize("dtype", [TensorProto.STRING, TensorProto.UINT8, TensorProto.BFLOAT16, 99])
def test_weights_of_other_types_are_refused(dtype: int) -> None:
    model = scaling()
    model.graph.initializer[0].data_type = dtype

    assert f"the ONNX data type {dtype} for 'factors'" in refusal_of(model)


# What protobuf allows


def test_numbers_may_be_written_with_more_bytes() -> None:
    data = scale_channels(FACTORS)
    (graph,) = (bytes(graph) for graph in [load_from_string(data).graph.SerializeToString()])
    long = b"\xba\x80\x00" + bytes([len(graph) & 0x7F | 0x80, len(graph) >> 7 | 0x80, 0x80, 0])
    opset = load_from_string(data).opset_import[0].SerializeToString()

    assert factors_of(long + graph + bytes_field(8, opset)) == FACTORS


def test_unknown_fields_are_skipped() -> None:
    more = integer_field(99, 2**64 - 1) + bytes_field(100, b"x") + b"\xad\x06abcd\xb1\x06abcdefgh"

    assert factors_of(more + scale_channels(FACTORS) + more) == FACTORS


def test_a_graph_in_two_parts_is_merged() -> None:
    model = scaling()
    rest = ModelProto(graph=GraphProto(initializer=model.graph.initializer))
    del model.graph.initializer[:]

    assert factors_of(model.SerializeToString() + rest.SerializeToString()) == FACTORS


def test_the_last_of_several_numbers_counts() -> None:
    data = integer_field(1, 3) + scale_channels(FACTORS) + bytes_field(8, integer_field(2, 13))

    assert decode(data).opset == 13


@pytest.mark.parametrize("packed", [True, False])
def test_repeated_numbers_may_be_packed(packed: bool) -> None:
    dims = bytes_field(1, b"\x01\x03\x01\x01") if packed else b"\x08\x01\x08\x03\x08\x01\x08\x01"
    values = np.array(FACTORS, "<f4").tobytes()
    floats = (
        bytes_field(4, values)
        if packed
        else b"".join(b"\x25" + values[place : place + 4] for place in (0, 4, 8))
    )
    tensor = bytes_field(5, dims, integer_field(2, 1), bytes_field(8, b"factors"), floats)
    model = scaling()
    del model.graph.initializer[:]

    assert factors_of(model.SerializeToString() + bytes_field(7, tensor)) == FACTORS


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TensorProto.FLOAT16, [0.5, -2.0]),
        (TensorProto.DOUBLE, [0.25, 1e300]),
        (TensorProto.INT32, [-1, 2**31 - 1]),
        (TensorProto.INT64, [-(2**63), 2**63 - 1]),
    ],
)
def test_values_may_be_stored_in_the_fields_of_their_type(kind: int, values: list[float]) -> None:
    model = scaling()
    model.graph.initializer.append(helper.make_tensor("values", kind, [2], values))

    assert decode(model.SerializeToString()).initializers["values"].tolist() == values


def test_weights_may_be_inputs_too() -> None:
    """Before version 4 of the format, each initializer was also an input."""
    model = scaling()
    model.ir_version = 3
    model.graph.input.append(
        helper.make_tensor_value_info("factors", TensorProto.FLOAT, [1, 3, 1, 1])
    )

    assert [port.name for port in check_graph(model.SerializeToString()).model.inputs] == ["image"]
