"""ONNX graphs as styles: known networks, and other graphs, which OpenVINO paints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import DeviceError, Style, StyleError, inspect, load, load_picture
from tests.support.command_line import run_program
from tests.support.networks.styles import assert_close, export_with_old_exporter, make_picture
from tests.support.servers import QuietHandler, serve

pytest.importorskip("openvino")
pytest.importorskip("onnx")

from onnx import helper, numpy_helper

from tests.support.files.onnx_graphs import PICTURE, graph_bytes, scale_channels


@pytest.fixture(scope="module")
def style(onnx_path: Path) -> Style:
    """The style of `onnx_path`, in which a network is recognized."""
    return load(onnx_path)


@pytest.fixture(scope="module")
def many_styles(many_styles_path: Path) -> Style:
    """The numbered styles of a file, which share what is loaded."""
    return load(many_styles_path)


@pytest.fixture
def unknown_path(tmp_path: Path) -> Path:
    """A graph that makes pictures darker; OpenVINO paints it in its process."""
    path = tmp_path / "scale.onnx"
    path.write_bytes(scale_channels([1, 0.5, 0.25]))
    return path


@pytest.fixture
def unknown_styles_path(tmp_path: Path) -> Path:
    """A graph of two styles: the first one halves red, the second one green and blue."""
    table = np.array([[0.5, 1, 1], [1, 0.5, 0.5]], np.float32)
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([1, 3, 1, 1]), "shape"),
    ]
    nodes = [
        helper.make_node("MatMul", ["style_weights", "table"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "shape"], ["factors"]),
        helper.make_node("Mul", ["image", "factors"], ["output"]),
    ]
    path = tmp_path / "styles.onnx"
    path.write_bytes(graph_bytes([PICTURE, ("style_weights", [2])], nodes, constants))
    return path


# One style


def test_a_graph_paints_as_its_checkpoint_does(
    style: Style,
    checkpoint_path: Path,
    photo_path: Path,
) -> None:
    photo = load_picture(photo_path)

    assert_close(style(photo), load(checkpoint_path)(photo), within=1)


@pytest.mark.parametrize("opset", [9, 10, 11, 13, 16])
def test_graphs_of_older_exporters_paint_as_their_checkpoint_does(
    opset: int,
    checkpoint_path: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "small.onnx"
    export_with_old_exporter(checkpoint_path, path, opset)

    assert_close(load(path)(make_picture()), load(checkpoint_path)(make_picture()), within=1)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (4, 4), (5, 3), (9, 6), (13, 17)])
def test_pictures_keep_their_size(
    size: tuple[int, int],
    style: Style,
) -> None:
    assert style(make_picture(*size)).size == size


def test_one_style_paints_pictures_of_several_sizes(
    style: Style,
) -> None:
    sizes = [(8, 8), (20, 9), (8, 8), (8, 8)]

    assert [style(make_picture(*size)).size for size in sizes] == sizes


def test_one_style_has_no_number(onnx_path: Path) -> None:
    assert inspect(onnx_path).count is None


def test_one_style_takes_no_number(onnx_path: Path) -> None:
    with pytest.raises(StyleError, match="expected no style number"):
        load(onnx_path, number=0)


def test_levels_go_in_and_come_out(unknown_path: Path) -> None:
    painted = load(unknown_path)(Image.new("RGB", (8, 8), (100, 100, 100)))

    assert painted.getpixel((0, 0)) == (100, 50, 25)


@pytest.mark.parametrize("device", ["cuda", "accel", "GPU"])
def test_unknown_graphs_are_painted_on_the_cpu_alone(device: str, unknown_path: Path) -> None:
    with pytest.raises(DeviceError, match=rf"scale\.onnx: .*'{device}'; use the device cpu or "):
        load(unknown_path, device)


def test_known_graphs_are_painted_on_accelerators_too(onnx_path: Path) -> None:
    pytest.importorskip("torch")

    with pytest.raises(DeviceError, match="the device 'abacus' does not exist"):
        load(onnx_path, "abacus")


# Numbered styles


def test_styles_are_counted(many_styles_path: Path) -> None:
    assert inspect(many_styles_path).count == 26


@pytest.mark.parametrize("number", [0, 7, 25])
def test_a_numbered_style_paints_as_another_engine_does(
    number: int,
    many_styles: Style,
    many_styles_path: Path,
    photo_path: Path,
) -> None:
    engine = pytest.importorskip("onnxruntime")
    photo = load_picture(photo_path).resize((48, 32))
    session = engine.InferenceSession(many_styles_path, providers=["CPUExecutionProvider"])
    pixels = (np.asarray(photo, np.float32) / 255).transpose(2, 0, 1)[np.newaxis]
    weights = np.eye(26, dtype=np.float32)[number]
    output = session.run(None, {"image": pixels, "style_weights": weights})[0]
    expected = Image.fromarray((output[0].transpose(1, 2, 0) * 255).round().astype(np.uint8))

    painted = many_styles.with_number(number)(photo)

    assert_close(painted, expected, within=1)


def test_numbered_styles_differ(many_styles: Style) -> None:
    first, second = (many_styles.with_number(n)(make_picture()) for n in (0, 1))

    assert first != second


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (7, 5), (33, 34)])
def test_numbered_styles_keep_the_size(
    size: tuple[int, int],
    many_styles: Style,
) -> None:
    assert many_styles.with_number(3)(make_picture(*size)).size == size


def test_the_styles_of_a_file_share_its_graph(
    many_styles: Style,
    many_styles_path: Path,
) -> None:
    for number in (0, 7):
        alone = load(many_styles_path, number=number)
        chosen = many_styles.with_number(number)
        assert_close(chosen(make_picture()), alone(make_picture()), within=0)


@pytest.mark.parametrize("number", [-1, 26, 10**9, None])
def test_a_number_that_does_not_exist_is_answered_with_those_that_do(
    number: int | None,
    many_styles_path: Path,
) -> None:
    with pytest.raises(StyleError, match="expected a style number from 0 to 25"):
        load(many_styles_path, number=number)(make_picture())


@pytest.mark.parametrize("number", ["3", 3.0, True])
def test_a_number_that_is_not_whole_is_a_type_error(number: Any, many_styles_path: Path) -> None:
    with pytest.raises(TypeError, match="whole number, such as number=3, got"):
        load(many_styles_path, number=number)


@pytest.mark.parametrize(
    ("mix", "expected"),
    [({0: 1}, (100, 200, 200)), ({1: 2}, (200, 100, 100)), ({0: 3, 1: 1}, (125, 175, 175))],
)
def test_openvino_mixes_the_styles_of_an_unknown_graph(
    mix: dict[int, float], expected: tuple[int, ...], unknown_styles_path: Path
) -> None:
    style = load(unknown_styles_path).with_mix(mix)

    painted = style(Image.new("RGB", (8, 8), (200, 200, 200)))

    assert style.engine == "OpenVINO"
    assert painted.getpixel((3, 3)) == expected


# Sharing


def test_threads_may_share_a_process(unknown_path: Path) -> None:
    style = load(unknown_path)
    # Of one size, because compiling the graph for another one takes most of the time.
    pictures = [make_picture(48, 40).rotate(angle) for angle in (0, 1, 2, 3)]
    expected = [style(picture) for picture in pictures]

    with ThreadPoolExecutor(4) as pool:
        painted = list(pool.map(style, pictures * 4))

    assert painted == expected * 4


def test_loading_opens_no_connection(unknown_path: Path, tmp_path: Path) -> None:
    requests: list[str] = []

    class Refusal(QuietHandler):
        def do_CONNECT(self) -> None:
            requests.append(self.path)
            self.send_error(403)

    with serve(Refusal) as address:
        program = "import sys, neural_style; neural_style.load(sys.argv[1])"
        # With a new home, in which nobody has answered OpenVINO's question about telemetry.
        environment = {"HTTPS_PROXY": address, "https_proxy": address, "HOME": str(tmp_path)}
        result = run_program(program, unknown_path, **environment)

    assert result.returncode == 0, result.stderr
    assert requests == []
