from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import MissingDependencyError, StyleDescription, inspect, load, load_picture
from neural_style.neural_style import main
from neural_style.system.warning_filter import without_warnings

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from neural_style.formats.saving import convert  # noqa: E402  (it needs torch)
from neural_style.pictures.arrays import (
    to_levels,
    to_pixels,  # noqa: E402
)

CommandLine = Callable[..., "subprocess.CompletedProcess[str]"]
AssertClose = Callable[..., None]
MakePicture = Callable[..., Image.Image]

SIZES = [(5, 5), (9, 5), (48, 32), (53, 37), (37, 53), (301, 227), (130, 71)]
"""In px, as Pillow has them: width, height. The graph was traced with one of 48x32."""


@dataclass(frozen=True)
class Exported:
    """A style as a graph, and what the command that wrote it said."""

    path: Path
    said: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def exported(
    run: CommandLine, checkpoint_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    """The small style as a graph; the export takes seconds, and is done once."""
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    said = run("convert", "--model", checkpoint_path, "--output-model", path)
    assert said.returncode == 0, said.stderr
    return Exported(path, said)


@pytest.fixture(scope="module")
def session(exported: Exported) -> Any:
    """The graph in an engine that is not ours."""
    engine = pytest.importorskip("onnxruntime")
    return engine.InferenceSession(exported.path, providers=["CPUExecutionProvider"])


def eval_arguments(picture_path: Path, model_path: Path, *more: object) -> list[str]:
    output_path = picture_path.with_name("painted.png")
    paths = {"content-image": picture_path, "model": model_path, "output-image": output_path}
    return ["eval", *(f"--{name}={path}" for name, path in paths.items()), *map(str, more)]


# The file


def test_nothing_is_said_but_what_was_written(exported: Exported) -> None:
    assert (exported.said.stdout, exported.said.stderr) == (f"wrote {exported.path}\n", "")


def test_the_graph_is_one_file(exported: Exported) -> None:
    assert [path.name for path in exported.path.parent.iterdir()] == ["small.onnx"]


def test_the_graph_holds_its_weights(exported: Exported, checkpoint_path: Path) -> None:
    held = {tensor.name for tensor in onnx.load(exported.path).graph.initializer if tensor.raw_data}
    # Those of the norms are all equal before training, and the exporter keeps one of them.
    assert held >= {key for key in torch.load(checkpoint_path) if key.endswith("conv2d.weight")}


def test_the_graph_is_a_valid_one(exported: Exported) -> None:
    onnx.checker.check_model(onnx.load(exported.path), full_check=True)


def test_the_graph_takes_pictures_of_any_height_and_width(exported: Exported) -> None:
    (picture,) = onnx.load(exported.path).graph.input
    sides = [side.dim_param or side.dim_value for side in picture.type.tensor_type.shape.dim]
    assert sides == [1, 3, "height", "width"]


def test_the_graph_does_not_tell_where_it_was_made(exported: Exported) -> None:
    source = Path(torch.__file__).parent, Path(__file__).resolve().parents[2]
    data = exported.path.read_bytes()
    assert [folder for folder in source if str(folder).encode() in data] == []


def test_the_width_is_known(exported: Exported) -> None:
    assert inspect(exported.path) == StyleDescription(base_width=8, count=None)


# Its pixels


@pytest.mark.parametrize("size", SIZES)
def test_another_engine_paints_it_as_we_paint_the_checkpoint(
    size: tuple[int, int],
    session: Any,
    checkpoint_path: Path,
    photo_path: Path,
    assert_close: AssertClose,
) -> None:
    photo = load_picture(photo_path).resize(size)
    (painted,) = session.run(None, {"input": to_pixels(photo)})
    picture = Image.fromarray(to_levels(painted)).crop((0, 0, *size))
    assert_close(picture, load(checkpoint_path)(photo), within=1)


@pytest.mark.parametrize("size", SIZES)
def test_we_paint_it_as_the_checkpoint(
    size: tuple[int, int],
    exported: Exported,
    checkpoint_path: Path,
    photo_path: Path,
    assert_close: AssertClose,
) -> None:
    photo = load_picture(photo_path).resize(size)
    assert_close(load(exported.path)(photo), load(checkpoint_path)(photo), within=1)


@pytest.mark.parametrize(("side", "painted_side"), [(5, 8), (8, 8), (33, 36)])
def test_a_side_comes_back_as_the_next_multiple_of_four(
    side: int, painted_side: int, session: Any
) -> None:
    (painted,) = session.run(None, {"input": np.zeros((1, 3, side, 16), np.float32)})
    assert painted.shape == (1, 3, painted_side, 16)


def test_an_official_model_is_painted_as_its_checkpoint(
    weights_dir: Path, photo_path: Path, tmp_path: Path, assert_close: AssertClose
) -> None:
    photo = load_picture(photo_path)
    convert(weights_dir / "mosaic.pth", tmp_path / "mosaic.onnx")
    expected = load(weights_dir / "mosaic.pth")(photo)
    assert_close(load(tmp_path / "mosaic.onnx")(photo), expected, within=1)


# While painting, as the reference does


def test_eval_paints_and_exports(
    exported: Exported,
    checkpoint_path: Path,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    export_path = tmp_path / "graph.onnx"
    arguments = eval_arguments(picture_path, checkpoint_path, "--export_onnx", export_path)
    assert main(arguments) == 0
    assert load_picture(tmp_path / "painted.png") == load(checkpoint_path)(
        load_picture(picture_path)
    )
    assert export_path.read_bytes() == exported.path.read_bytes()
    assert capsys.readouterr().out == f"wrote {export_path}\nwrote {tmp_path / 'painted.png'}\n"


@pytest.mark.parametrize("flag", ["--export_onnx", "--export-onnx"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("graph.pth", "graph.pth: expected a name ending in .onnx"),
        ("absent/graph.onnx", "absent to exist; create it first"),
        ("folder.onnx", "folder.onnx: expected a file to write, got a folder"),
    ],
)
def test_an_impossible_export_is_found_before_painting(
    name: str,
    said: str,
    flag: str,
    checkpoint_path: Path,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    assert main(eval_arguments(picture_path, checkpoint_path, flag, tmp_path / name)) == 1
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.onnx", "picture.png"]


def test_a_graph_is_not_exported_again(
    exported: Exported, picture_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--export_onnx", tmp_path / "again.onnx"]
    assert main(eval_arguments(picture_path, exported.path, *arguments)) == 1
    assert "expected a checkpoint, got an ONNX graph" in capsys.readouterr().err


# What keeps it from being done


def test_a_missing_package_is_named(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingDependencyError, match="expected onnxscript to be installed"):
        convert(checkpoint_path, tmp_path / "out.onnx")


def test_an_exporter_that_does_not_fit_is_one_line(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no such operator\n" + "a long report\n" * 100)

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(MissingDependencyError, match=r"failed \(no such operator\); run: pip"):
        convert(checkpoint_path, tmp_path / "out.onnx")


def test_a_picture_read_meanwhile_by_another_thread_leaves_warnings_as_they_were(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = without_warnings()  # begins within and ends after

    def fail(*_: object, **__: object) -> None:
        reading.__enter__()
        raise torch.onnx.OnnxExporterError("no such operator")

    monkeypatch.setattr(torch.onnx, "export", fail)
    before = list(warnings.filters)
    with pytest.raises(MissingDependencyError):
        convert(checkpoint_path, tmp_path / "out.onnx")
    reading.__exit__(None, None, None)
    assert list(warnings.filters) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_export_leaves_the_earlier_file_and_nothing_else(
    error: type[BaseException],
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise error

    path = tmp_path / "out.onnx"
    path.write_bytes(b"made earlier")
    monkeypatch.setattr(torch.onnx, "export", interrupt)
    with pytest.raises(error):
        convert(checkpoint_path, path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "out.onnx": b"made earlier"
    }
