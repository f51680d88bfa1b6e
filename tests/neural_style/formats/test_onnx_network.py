"""Graphs in which a network of the family is recognized, and graphs in which none is.

What is recognized is computed by its definition and compared with what onnxruntime computes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

import onnxruntime
import torch

from neural_style import StyleError, load
from neural_style.formats.checkpoint import build_network
from neural_style.formats.onnx_export import export_network
from neural_style.formats.onnx_gate.encoding import encode
from neural_style.formats.onnx_gate.gate import check_graph
from neural_style.formats.onnx_gate.model import Model, Node, decode
from neural_style.formats.onnx_network.recognition import recognize
from neural_style.networks.network import StyleNetwork
from neural_style.system.warning_filter import suppress_warnings
from tests.support.command_line import run_program
from tests.support.networks.family import (
    FAMILY,
    PLAIN,
    compute_by_definition,
    make_family_network,
)
from tests.support.networks.styles import make_picture

TOLERANCE = 0.1  # levels; the graphs compute in fp32, where layers without norms round more
SIZES = [(5, 5), (21, 34), (34, 21)]
MIX = {1: 0.75, 2: 0.25}


def run_graph(data: bytes, network: StyleNetwork, picture: Image.Image) -> Any:
    """Return the levels that onnxruntime computes, H' x W' x 3, before they are rounded."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    pixels = np.asarray(picture, np.float32).transpose(2, 0, 1)[None]
    count = network.count
    inputs: dict[str, Any] = {session.get_inputs()[0].name: pixels}
    if count is not None:
        weights = np.zeros(count, np.float32)
        weights[list(MIX)] = list(MIX.values())
        inputs = {"image": pixels / 255, "style_weights": weights}
    (painted,) = session.run(None, inputs)[0]
    if count is not None:
        painted = painted * 255
    elif network.description.output == "sigmoid":
        painted = painted - 0.5  # which the graph adds, so that fractions can be cut off
    return painted.transpose(1, 2, 0).clip(0, 255)


def measure_difference(data: bytes, network: StyleNetwork) -> float:
    """Return the largest difference of a network to its graph, in levels, at several sizes."""
    differences = []
    for size in SIZES:
        picture = make_picture(*size)
        expected = run_graph(data, network, picture)
        computed = compute_by_definition(network, picture, MIX)
        differences.append(np.abs(computed - expected).max())
    return float(max(differences))


def export_with(network: StyleNetwork, **settings: Any) -> bytes:
    """Return the graph that an exporter of PyTorch writes."""
    file: Any = BytesIO()
    with suppress_warnings():
        torch.onnx.export(
            build_network(network),
            (torch.zeros(1, 3, 32, 48),),
            file,
            dynamo=False,
            input_names=["x"],
            dynamic_axes={"x": {2: "h", 3: "w"}},
            **settings,
        )
    data: bytes = file.getvalue()
    return data


@pytest.fixture(scope="module", params=["many", pytest.param("thin", marks=pytest.mark.soak)])
def exported(request: pytest.FixtureRequest) -> tuple[StyleNetwork, bytes]:
    """A network, and its graph as `convert` writes it; `test_export` has one like the official."""
    network = make_family_network(FAMILY[request.param])
    return network, export_network(network)


@pytest.fixture(scope="module")
def plain() -> bytes:
    """The graph of a plain network."""
    return export_with(make_family_network(PLAIN), opset_version=17)


def test_what_convert_writes_is_recognized(
    exported: tuple[StyleNetwork, bytes],
) -> None:
    network, data = exported
    found = recognize(check_graph(data))

    assert found is not None
    described = replace(network.description, input_levels=found.description.input_levels)
    assert found.description == described
    assert measure_difference(data, found) < TOLERANCE


@pytest.mark.parametrize("is_folded", [True, False])
@pytest.mark.parametrize("opset", [9, 11, 17])
def test_what_the_old_exporter_writes_is_recognized(
    opset: int,
    is_folded: bool,
) -> None:
    network = make_family_network(PLAIN)
    data = export_with(network, opset_version=opset, do_constant_folding=is_folded)

    found = recognize(check_graph(data))

    assert found is not None and found.description == PLAIN
    assert all(np.array_equal(found.weights[k], network.weights[k]) for k in network.weights)
    assert measure_difference(data, found) < TOLERANCE


def test_weights_may_be_constants_among_the_operators(plain: bytes) -> None:
    model = decode(plain)
    constants = [
        Node("Constant", (), name, {"value": array}) for name, array in model.initializers.items()
    ]
    unfolded = replace(model, initializers={}, nodes=(*constants, *model.nodes))

    found, expected = (recognize(check_graph(encode(m))) for m in (unfolded, model))

    assert found is not None and expected is not None
    assert all(np.array_equal(found.weights[k], expected.weights[k]) for k in expected.weights)


def test_the_26_styles_are_recognized(many_styles_path: Path) -> None:
    data = many_styles_path.read_bytes()

    found = recognize(check_graph(data))

    assert found is not None
    description = found.description
    assert (description.channels, description.blocks) == ((32, 32, 32, 8, 4), 6)
    assert (description.styles, description.unnormalized) == (26, frozenset())
    assert (description.output, description.input_levels) == ("sigmoid", 1)
    assert measure_difference(data, found) < TOLERANCE


def test_recognized_graphs_need_no_openvino(plain: bytes, tmp_path: Path) -> None:
    path = tmp_path / "style.onnx"
    path.write_bytes(plain)
    program = (
        "import sys; sys.modules['openvino'] = None\n"
        "import neural_style; from PIL import Image\n"
        "print(neural_style.load(sys.argv[1])(Image.new('RGB', (9, 7))).size)"
    )

    result = run_program(program, path)

    assert result.stdout == "(9, 7)\n", result.stderr


# Graphs that are not of the family

Edit = Callable[[Model], Model]


def edit_nodes(edit: Callable[[Node], Node]) -> Edit:
    return lambda model: replace(model, nodes=tuple(map(edit, model.nodes)))


def set_attribute(operator: str, name: str, value: Any) -> Edit:
    def edit(node: Node) -> Node:
        return (
            replace(node, attributes={**node.attributes, name: value})
            if node.operator == operator
            else node
        )

    return edit_nodes(edit)


def rename_operator(operator: str, other: str) -> Edit:
    def edit(node: Node) -> Node:
        is_it = node.operator == operator
        return replace(node, operator=other, attributes={}) if is_it else node

    return edit_nodes(edit)


def scale_output(factor: float) -> Edit:
    def edit(model: Model) -> Model:
        (output,) = model.outputs
        node = Node("Mul", (output.name, "factor"), "scaled", {})
        constants = {**model.initializers, "factor": np.array(factor, "<f4")}
        return replace(
            model,
            nodes=(*model.nodes, node),
            initializers=constants,
            outputs=(replace(output, name="scaled"),),
        )

    return edit


def fix_size(model: Model) -> Model:
    return replace(model, inputs=tuple(replace(p, dims=(1, 3, 16, 16)) for p in model.inputs))


@pytest.mark.parametrize(
    "edit",
    [
        set_attribute("InstanceNormalization", "epsilon", 1e-3),
        set_attribute("Pad", "mode", "edge"),
        set_attribute("Resize", "nearest_mode", "ceil"),
        set_attribute("Resize", "mode", "linear"),
        rename_operator("Relu", "Tanh"),
        rename_operator("Add", "Sub"),
        scale_output(0.5),
        scale_output(255.0),
        fix_size,
    ],
    ids=[
        "epsilon", "padding", "rounding", "interpolation", "activation", "skip", "dark", "bright",
        "size",
    ],
)  # fmt: skip
def test_a_graph_that_computes_something_else_is_not_recognized(edit: Edit, plain: bytes) -> None:
    model = decode(plain)

    assert recognize(check_graph(encode(model))) is not None
    assert recognize(check_graph(encode(edit(model)))) is None


def test_an_unknown_graph_is_painted_by_openvino(
    plain: bytes,
    tmp_path: Path,
) -> None:
    pytest.importorskip("openvino")
    path = tmp_path / "style.onnx"
    path.write_bytes(encode(scale_output(0.5)(decode(plain))))

    style = load(path)

    assert (style.engine, style.network) == ("OpenVINO", None)
    assert style(make_picture(12, 9)).size == (12, 9)


# Random changes

_OTHERS = ("Add", "Identity", "Mul", "Neg", "Relu", "Sigmoid", "Sub", "Tanh")


def change_at_random(model: Model, rng: random.Random) -> Model:
    """Return a graph with one change: a wire, an operator, an attribute or a constant."""
    nodes = list(model.nodes)
    index = rng.randrange(len(nodes))
    node = nodes[index]
    kind = rng.randrange(4)
    if kind == 0 and node.inputs:
        before = [*(n.output for n in nodes[:index]), *(p.name for p in model.inputs)]
        inputs = list(node.inputs)
        inputs[rng.randrange(len(inputs))] = rng.choice([*before, *model.initializers])
        nodes[index] = replace(node, inputs=tuple(inputs))
    elif kind == 1:
        nodes[index] = replace(node, operator=rng.choice(_OTHERS), attributes={})
    elif kind == 2 and node.attributes:
        name = rng.choice(list(node.attributes))
        nodes[index] = replace(
            node, attributes={**node.attributes, name: _change(node.attributes[name], rng)}
        )
    elif whole := [name for name, array in model.initializers.items() if array.dtype.kind == "i"]:
        # Weights are only carried over, and other ones may leave a layer without any variation.
        name = rng.choice(whole)
        values = _change(np.array(model.initializers[name]), rng)
        return replace(model, initializers={**model.initializers, name: values})
    return replace(model, nodes=tuple(nodes))


def _change(value: Any, rng: random.Random) -> Any:
    if isinstance(value, np.ndarray) and value.size:
        value = value.copy()
        place = rng.randrange(value.size)
        value.reshape(-1)[place] = value.reshape(-1)[place] + rng.choice((-1, 1, 2))
        return value
    if isinstance(value, tuple) and value:
        place = rng.randrange(len(value))
        return (*value[:place], value[place] + rng.choice((-1, 1)), *value[place + 1 :])
    if isinstance(value, str):
        return rng.choice(
            ("asymmetric", "ceil", "edge", "floor", "half_pixel", "linear", "reflect")
        )
    return value * 2 + 1 if isinstance(value, int | float) else value


def change_and_recognize(data: bytes, seed: int) -> Iterator[tuple[bytes, StyleNetwork]]:
    """Yield changed graphs in which a network is still recognized."""
    rng, model = random.Random(seed), decode(data)
    while True:
        changed = encode(change_at_random(model, rng))
        try:
            found = recognize(check_graph(changed))
        except StyleError:
            continue
        if found is not None:
            yield changed, found


@pytest.mark.parametrize("count", [8, pytest.param(1000, marks=pytest.mark.soak)])
def test_changed_graphs_are_recognized_only_as_what_they_compute(
    count: int,
    plain: bytes,
) -> None:
    from onnxruntime.capi.onnxruntime_pybind11_state import InvalidGraph

    graphs, compared = change_and_recognize(plain, seed=1), 0

    while compared < count:
        changed, found = next(graphs)
        try:
            difference = measure_difference(changed, found)
        except InvalidGraph:  # such as a constant of another type: nothing to compare with
            continue
        # Layers that lost their norm may round more than the graph did before.
        assert difference < 1
        compared += 1
