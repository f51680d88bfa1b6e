"""What OpenVINO is asked to compile, and how exactly it normalizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import load, load_picture
from neural_style.options import RenderingOptions
from tests.support.networks.engine import paint_with_torch
from tests.support.networks.styles import make_picture

openvino = pytest.importorskip("openvino")
pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402  (it may be missing)

from neural_style.backends.onnx_graph import OnnxGraph  # noqa: E402
from neural_style.formats.onnx_gate.gate import check_graph  # noqa: E402
from tests.support.files.onnx_graphs import PICTURE, graph_bytes  # noqa: E402

Properties = dict[str, Any]


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Properties]:
    """The properties that OpenVINO gets with each graph, which it compiles all the same."""
    recorded: list[Properties] = []
    compile_model = openvino.Core.compile_model

    def record(core: Any, model: Any, device: str, properties: Mapping[Any, Any]) -> Any:
        recorded.append({str(key): value for key, value in properties.items()})
        return compile_model(core, model, device, properties)

    monkeypatch.setattr(openvino.Core, "compile_model", record)
    return recorded


def load_here(path: Path, **options: Any) -> OnnxGraph:
    """Load a graph as its own process does, in this one."""
    graph = check_graph(path.read_bytes())
    return OnnxGraph(str(path), graph.to_bytes(), graph.styles, RenderingOptions(**options))


def test_pictures_of_one_size_share_a_compiled_network(
    onnx_path: Path, compilations: list[Properties]
) -> None:
    style = load_here(onnx_path)

    for _ in range(3):
        style(make_picture(8, 8))

    assert len(compilations) == 1


@pytest.mark.parametrize(("threads", "precision"), [(1, "exact"), (2, "fast")])
def test_openvino_gets_threads_and_precision(
    threads: int,
    precision: str,
    onnx_path: Path,
    compilations: list[Properties],
) -> None:
    load_here(onnx_path, threads=threads, precision=precision)(make_picture())

    (properties,) = compilations
    assert properties["INFERENCE_NUM_THREADS"] == threads
    assert ("INFERENCE_PRECISION_HINT" in properties) == (precision == "exact")


# Normalization


def test_sums_over_large_layers_are_not_rounded_much(
    onnx_path: Path, checkpoint_path: Path, photo_path: Path
) -> None:
    photo = load_picture(photo_path).resize((1280, 960))

    painted = np.asarray(load_here(onnx_path)(photo))

    # With OpenVINO's own normalization a fifth of a percent of the values differ, and more in
    # larger pictures: those of 8 megapixels by up to 5 levels.
    expected = np.asarray(paint_with_torch(checkpoint_path, photo))
    assert np.mean(painted != expected) < 0.001


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_graphs_of_halves_are_normalized_too(kind: int, tmp_path: Path) -> None:
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=kind),
        helper.make_node("InstanceNormalization", ["x", "scale", "bias"], ["y"]),
        helper.make_node("Cast", ["y"], ["output"], to=TensorProto.FLOAT),
    ]
    constants = [
        numpy_helper.from_array(np.full(3, value, dtype), name)
        for name, value in (("scale", 30), ("bias", 120))
    ]
    (tmp_path / "model.onnx").write_bytes(graph_bytes([PICTURE], nodes, constants))
    picture = make_picture(40, 30)

    painted = np.asarray(load(tmp_path / "model.onnx")(picture), dtype=float)

    levels = np.asarray(picture, dtype=float)
    expected = (levels - levels.mean((0, 1))) / levels.std((0, 1)) * 30 + 120
    assert np.abs(painted - expected.clip(0, 255)).max() < 1.1


def test_an_unknown_normalization_is_left_to_openvino(tmp_path: Path) -> None:
    node = helper.make_node("MeanVarianceNormalization", ["image"], ["output"])
    del node.attribute[:]
    (tmp_path / "model.onnx").write_bytes(graph_bytes([PICTURE], [node], opset=8))

    levels = np.asarray(load(tmp_path / "model.onnx")(make_picture(40, 30)))

    assert 0 < levels.max() < 10
