from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import DeviceError, Style, StyleError, inspect, load, load_picture
from neural_style.backends.loading import load_weights
from neural_style.options import PaintingOptions

pytest.importorskip("openvino")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402  (it may be missing)

MakePicture = Callable[..., Image.Image]
RefusalOf = Callable[[bytes, str], str]
AssertClose = Callable[..., None]
Serving = Callable[..., AbstractContextManager[str]]

PICTURE: tuple[str, list[Any]] = ("image", [1, 3, "height", "width"])


def graph_bytes(
    inputs: list[tuple[str, list[Any]]],
    nodes: list[Any],
    constants: list[Any] | None = None,
    outputs: tuple[str, ...] = ("output",),
    opset: int = 17,
) -> bytes:
    """An ONNX file; every output has the shape of a picture."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, PICTURE[1]) for name in outputs],
        constants or [],
    )
    opsets = [helper.make_opsetid("", opset)]
    data = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    assert isinstance(data, bytes)
    return data


def scaling(factors: list[float]) -> bytes:
    """A "style" that multiplies each channel by its factor."""
    constant = numpy_helper.from_array(np.array(factors, np.float32).reshape(1, 3, 1, 1), "factors")
    node = helper.make_node("Mul", ["image", "factors"], ["output"])
    return graph_bytes([PICTURE], [node], [constant])


# One style


def test_onnx_paints_as_the_checkpoint_does(
    onnx_path: Path, checkpoint_path: Path, photo_path: Path, assert_close: AssertClose
) -> None:
    photo = load_picture(photo_path)
    assert_close(load(onnx_path)(photo), load(checkpoint_path)(photo), within=1)


def test_sums_over_large_layers_are_not_rounded_much(
    onnx_path: Path, checkpoint_path: Path, photo_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    from neural_style.backends.pytorch import TorchStyle

    by_torch = TorchStyle(
        checkpoint_path, load_weights(checkpoint_path), torch.device("cpu"), PaintingOptions()
    )
    photo = load_picture(photo_path).resize((1280, 960))
    painted, expected = (np.asarray(style(photo)) for style in (load(onnx_path), by_torch))
    # With OpenVINO's own normalization a fifth of a percent of values differ, and more on larger
    # pictures: those of 8 megapixels by up to 5 levels.
    assert np.mean(painted != expected) < 0.001


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_graphs_of_halves_are_normalized_too(
    kind: int, make_picture: MakePicture, tmp_path: Path
) -> None:
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
    levels = np.asarray(picture, dtype=float)
    expected = (levels - levels.mean((0, 1))) / levels.std((0, 1)) * 30 + 120
    painted = np.asarray(load(tmp_path / "model.onnx")(picture), dtype=float)
    assert np.abs(painted - expected.clip(0, 255)).max() < 1.1


def test_a_normalization_that_is_not_known_is_left_to_openvino(
    make_picture: MakePicture, tmp_path: Path
) -> None:
    node = helper.make_node("MeanVarianceNormalization", ["image"], ["output"])
    del node.attribute[:]
    data = graph_bytes([PICTURE], [node], opset=8)
    (tmp_path / "model.onnx").write_bytes(data)
    levels = np.asarray(load(tmp_path / "model.onnx")(make_picture(40, 30)))
    assert 0 < levels.max() < 10


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (4, 4), (5, 3), (9, 6), (13, 17)])
def test_pictures_keep_their_size(
    size: tuple[int, int], onnx_path: Path, make_picture: MakePicture
) -> None:
    assert load(onnx_path)(make_picture(*size)).size == size


def test_one_style_paints_pictures_of_several_sizes(
    onnx_path: Path, make_picture: MakePicture
) -> None:
    style = load(onnx_path)
    sizes = [(8, 8), (20, 9), (8, 8), (8, 8)]
    assert [style(make_picture(*size)).size for size in sizes] == sizes


def test_the_network_is_compiled_once_for_pictures_of_one_size(
    onnx_path: Path, make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openvino

    compiled: list[object] = []
    compile_model = openvino.Core.compile_model

    def counting(core: Any, *arguments: Any) -> Any:
        compiled.append(arguments)
        return compile_model(core, *arguments)

    monkeypatch.setattr(openvino.Core, "compile_model", counting)
    style = load(onnx_path)
    for _ in range(3):
        style(make_picture(8, 8))
    assert len(compiled) == 1


def test_one_style_has_no_number(onnx_path: Path) -> None:
    assert inspect(onnx_path).count is None


def test_one_style_takes_no_number(onnx_path: Path) -> None:
    with pytest.raises(StyleError, match="expected no style number"):
        load(onnx_path, number=0)


def test_levels_go_in_and_come_out(tmp_path: Path) -> None:
    path = tmp_path / "scaling.onnx"
    path.write_bytes(scaling([1, 0.5, 2]))
    painted = load(path)(Image.new("RGB", (8, 8), (100, 100, 100)))
    assert painted.getpixel((0, 0)) == (100, 50, 200)


# Many styles


def test_styles_are_counted(many_styles_path: Path) -> None:
    assert inspect(many_styles_path).count == 26


@pytest.mark.parametrize("number", [0, 7, 25])
def test_a_numbered_style_paints_as_another_engine_does(
    number: int, many_styles_path: Path, photo_path: Path, assert_close: AssertClose
) -> None:
    engine = pytest.importorskip("onnxruntime")
    photo = load_picture(photo_path).resize((48, 32))
    session = engine.InferenceSession(many_styles_path, providers=["CPUExecutionProvider"])
    pixels = (np.asarray(photo, np.float32) / 255).transpose(2, 0, 1)[np.newaxis]
    weights = np.eye(26, dtype=np.float32)[number]
    output = session.run(None, {"image": pixels, "style_weights": weights})[0]
    expected = Image.fromarray((output[0].transpose(1, 2, 0) * 255).round().astype(np.uint8))
    assert_close(load(many_styles_path, number=number)(photo), expected, within=1)


def test_numbered_styles_differ(many_styles_path: Path, make_picture: MakePicture) -> None:
    first, second = (load(many_styles_path, number=n)(make_picture()) for n in (0, 1))
    assert first != second


def test_threads_may_share_a_style(onnx_path: Path, make_picture: MakePicture) -> None:
    style = load(onnx_path)
    pictures = [make_picture(width, 48) for width in (40, 48, 56, 64)]
    expected = [style(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        painted = list(pool.map(style, pictures * 4))
    assert painted == expected * 4


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (7, 5), (33, 34)])
def test_numbered_styles_keep_the_size(
    size: tuple[int, int], many_styles_path: Path, make_picture: MakePicture
) -> None:
    assert load(many_styles_path, number=3)(make_picture(*size)).size == size


def test_the_styles_of_a_file_share_its_graph(
    many_styles_path: Path, make_picture: MakePicture, assert_close: AssertClose
) -> None:
    whole = load(many_styles_path)
    for number in (0, 7):
        alone = load(many_styles_path, number=number)
        chosen = whole.with_number(number)
        assert_close(chosen(make_picture()), alone(make_picture()), within=0)


@pytest.mark.parametrize("number", [-1, 26, 10**9, None])
def test_a_number_that_does_not_exist_is_answered_with_those_that_do(
    number: int | None, many_styles_path: Path, make_picture: MakePicture
) -> None:
    with pytest.raises(StyleError, match="expected a style number from 0 to 25"):
        load(many_styles_path, number=number)(make_picture())


@pytest.mark.parametrize("number", ["3", 3.0, True])
def test_a_number_that_is_no_whole_one_is_a_type_error(number: Any, many_styles_path: Path) -> None:
    with pytest.raises(TypeError, match="whole number, such as number=3, got"):
        load(many_styles_path, number=number)


# What is none


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"not found", "text that begins 'not found'"),
        (b"\x80\x02}q\0.", "other or damaged data"),
    ],
    ids=["empty", "text", "pickle"],
)
def test_bytes_that_are_no_graph_are_described(
    data: bytes, said: str, refusal_of: RefusalOf
) -> None:
    assert said in refusal_of(data, "model.onnx")


def test_a_graph_cut_short_is_called_damaged(onnx_path: Path, refusal_of: RefusalOf) -> None:
    data = onnx_path.read_bytes()
    assert "damaged" in refusal_of(data[: len(data) // 2], "model.onnx")


def add_to(name: str) -> Any:
    return helper.make_node("Add", ["image", name], ["output"])


@pytest.mark.parametrize(
    ("inputs", "nodes", "said"),
    [
        ([("image", [1, 10])], [add_to("image")], "got the inputs image [1,10]"),
        ([("image", [1, 1, 8, 8])], [add_to("image")], "got the inputs image [1,1,8,8]"),
        ([("image", [4, 3, 8, 8])], [add_to("image")], "got the inputs image [4,3,8,8]"),
        ([PICTURE, ("mask", [1, 3, 8, 8])], [add_to("mask")], "mask [1,3,8,8]"),
        ([PICTURE, ("style_weights", ["n"])], [add_to("style_weights")], "style_weights [?]"),
        ([PICTURE, ("style_weights", [10**12])], [add_to("style_weights")], "style_weights [1000"),
    ],
    ids=["classes", "gray", "batch", "mask", "any number", "too many"],
)
def test_another_network_is_told_by_its_inputs(
    inputs: list[tuple[str, list[Any]]], nodes: list[Any], said: str, refusal_of: RefusalOf
) -> None:
    assert said in refusal_of(graph_bytes(inputs, nodes), "model.onnx")


def test_a_network_with_two_outputs_is_refused(refusal_of: RefusalOf) -> None:
    nodes = [helper.make_node("Relu", ["image"], [name]) for name in ("one", "two")]
    assert "2 outputs" in refusal_of(
        graph_bytes([PICTURE], nodes, outputs=("one", "two")), "model.onnx"
    )


def test_an_unknown_operation_is_named(refusal_of: RefusalOf) -> None:
    node = helper.make_node("Summon", ["image"], ["output"])
    assert "operations: Summon" in refusal_of(graph_bytes([PICTURE], [node]), "model.onnx")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value: float, refusal_of: RefusalOf) -> None:
    assert "expected finite weights" in refusal_of(scaling([1, value, 1]), "model.onnx")


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
    data = graph_bytes([PICTURE], [node], [constant])
    assert "refers to other files" in refusal_of(data, "model.onnx")


@pytest.mark.parametrize("device", ["cuda", "accel", "GPU"])
def test_onnx_styles_run_on_the_cpu_alone(device: str, onnx_path: Path) -> None:
    with pytest.raises(DeviceError, match="expected cpu or auto"):
        load(onnx_path, device)


@pytest.mark.parametrize("seed", range(3))
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


def test_loading_calls_nobody(serving: Serving, onnx_path: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    class Refusal(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(Refusal) as address:
        program = "import sys, neural_style; neural_style.load(sys.argv[1])"
        # A home of its own, where nobody has said yet what may be told.
        environment = {"HTTPS_PROXY": address, "https_proxy": address, "HOME": str(tmp_path)}
        subprocess.run([sys.executable, "-c", program, onnx_path], env=environment, check=True)
    assert asked == []
