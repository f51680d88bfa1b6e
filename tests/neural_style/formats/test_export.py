"""Export of a style as an ONNX graph."""

from __future__ import annotations

import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

import onnx
import torch

from neural_style import (
    MissingDependencyError,
    Style,
    inspect,
    load,
    load_picture,
)
from neural_style.formats.saving import convert
from neural_style.neural_style import main
from neural_style.pictures.arrays import to_levels, to_pixels
from neural_style.system.warning_filter import suppress_warnings
from tests.support.files.onnx_graphs import scale_channels
from tests.support.networks.styles import (
    ROOT,
    assert_close,
    assert_same_pixels,
    files_in,
    run_command,
)

SIZES = [(5, 5), (9, 5), (48, 32), (53, 37), (37, 53), (301, 227), (130, 71)]
"""Widths and heights in px. The exporter follows a picture of 48x32."""

Session = Any
"""An `onnxruntime.InferenceSession`, a package without types."""


@dataclass(frozen=True)
class Export:
    """A style as a graph, and the command that wrote it."""

    path: Path
    result: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def export(checkpoint_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The small style as a graph, in a folder of its own; it is exported once, in seconds."""
    path = tmp_path_factory.mktemp("exported") / "small.onnx"
    result = run_command("convert", "--model", checkpoint_path, "--output-model", path)
    assert result.returncode == 0, result.stderr
    return Export(path, result)


@pytest.fixture(scope="module")
def session(export: Export) -> Session:
    """The graph in another program than the ones that this package uses."""
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(export.path, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def style(export: Export) -> Style:
    """The graph as a style; tests share its process."""
    return load(export.path)


def eval_arguments(picture_path: Path, model_path: Path, *more: object) -> list[str]:
    """Return the arguments to paint a picture to painted.png beside it."""
    output_path = picture_path.with_name("painted.png")
    paths = {"content-image": picture_path, "model": model_path, "output-image": output_path}
    return ["eval", *(f"--{name}={path}" for name, path in paths.items()), *map(str, more)]


# The file


def test_the_command_says_only_what_it_wrote(export: Export) -> None:
    assert (export.result.stdout, export.result.stderr) == (f"wrote {export.path}\n", "")


def test_the_graph_is_a_single_file(export: Export) -> None:
    assert list(files_in(export.path.parent)) == ["small.onnx"]


def test_the_graph_contains_its_weights(export: Export, checkpoint_path: Path) -> None:
    initializers = onnx.load(export.path).graph.initializer

    # The weights of the norms are all equal before training; the exporter keeps one of them.
    weights = {key for key in torch.load(checkpoint_path) if key.endswith("conv2d.weight")}
    assert {tensor.name for tensor in initializers if tensor.raw_data} >= weights


def test_the_graph_is_valid(export: Export) -> None:
    onnx.checker.check_model(onnx.load(export.path), full_check=True)


def test_the_graph_takes_pictures_of_any_size(export: Export) -> None:
    (picture,) = onnx.load(export.path).graph.input

    sides = [side.dim_param or side.dim_value for side in picture.type.tensor_type.shape.dim]
    assert sides == [1, 3, "height", "width"]


def test_the_graph_contains_no_paths_of_this_machine(export: Export) -> None:
    folders = Path(torch.__file__).parent, ROOT

    data = export.path.read_bytes()

    assert [folder for folder in folders if str(folder).encode() in data] == []


def test_the_width_is_known(export: Export) -> None:
    assert inspect(export.path).base_width == 8


# Its pixels


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_another_program_paints_what_the_checkpoint_paints(
    size: tuple[int, int], session: Session, checkpoint_path: Path, photo_path: Path
) -> None:
    photo = load_picture(photo_path).resize(size)

    (painted,) = session.run(None, {"input": to_pixels(photo)})

    picture = Image.fromarray(to_levels(painted)).crop((0, 0, *size))
    assert_close(picture, load(checkpoint_path)(photo), within=1)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_graph_paints_what_the_checkpoint_paints(
    size: tuple[int, int], style: Style, checkpoint_path: Path, photo_path: Path
) -> None:
    photo = load_picture(photo_path).resize(size)

    painted = style(photo)

    assert_close(painted, load(checkpoint_path)(photo), within=1)


@pytest.mark.parametrize(("side", "painted_side"), [(5, 8), (8, 8), (33, 36)])
def test_a_side_is_rounded_up_to_a_multiple_of_four(
    side: int, painted_side: int, session: Session
) -> None:
    (painted,) = session.run(None, {"input": np.zeros((1, 3, side, 16), np.float32)})

    assert painted.shape == (1, 3, painted_side, 16)


@pytest.mark.soak
def test_an_official_model_paints_what_its_checkpoint_paints(
    weights_dir: Path, photo_path: Path, tmp_path: Path
) -> None:
    photo = load_picture(photo_path)
    convert(weights_dir / "mosaic.pth", tmp_path / "mosaic.onnx")

    painted = load(tmp_path / "mosaic.onnx")(photo)

    assert_close(painted, load(weights_dir / "mosaic.pth")(photo), within=1)


# Export while painting, as the reference does it


@pytest.mark.soak
def test_eval_paints_and_exports(
    export: Export,
    checkpoint_path: Path,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph_path, painted_path = tmp_path / "graph.onnx", tmp_path / "painted.png"

    assert main(eval_arguments(picture_path, checkpoint_path, "--export_onnx", graph_path)) == 0

    expected = load(checkpoint_path)(load_picture(picture_path))
    assert_same_pixels(load_picture(painted_path), expected)
    assert graph_path.read_bytes() == export.path.read_bytes()
    assert capsys.readouterr().out == f"wrote {graph_path}\nwrote {painted_path}\n"


@pytest.mark.parametrize("flag", ["--export_onnx", "--export-onnx"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("graph.pth", "graph.pth: expected a name ending in .onnx"),
        ("absent/graph.onnx", "absent to exist; create it first"),
        ("folder.onnx", "folder.onnx: expected a file to write, got a folder"),
    ],
)
def test_an_impossible_export_is_refused_before_painting(
    name: str,
    message: str,
    flag: str,
    checkpoint_path: Path,
    picture_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder.onnx").mkdir()

    assert main(eval_arguments(picture_path, checkpoint_path, flag, tmp_path / name)) == 1

    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.onnx", "picture.png"]


def test_an_unknown_graph_is_not_exported_again(
    picture_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scale.onnx"
    path.write_bytes(scale_channels([1, 1, 1]))
    flag = f"--export_onnx={tmp_path / 'again.onnx'}"

    assert main(eval_arguments(picture_path, path, flag)) == 1

    assert "expected a style network, got an ONNX graph that computes" in capsys.readouterr().err


def test_an_exported_graph_is_a_checkpoint_again(
    export: Export, checkpoint_path: Path, tmp_path: Path
) -> None:
    convert(export.path, tmp_path / "again.pth")

    again, first = torch.load(tmp_path / "again.pth"), torch.load(checkpoint_path)
    assert again.keys() == first.keys()
    assert all(torch.equal(again[name], first[name].float()) for name in first)


# Exports that fail


def test_an_error_names_a_missing_package(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)

    with pytest.raises(MissingDependencyError, match="expected onnxscript to be installed"):
        convert(checkpoint_path, tmp_path / "out.onnx")


def test_an_exporter_that_does_not_fit_pytorch_is_one_line(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no such operator\n" + "a long report\n" * 100)

    monkeypatch.setattr(torch.onnx, "export", fail)

    with pytest.raises(MissingDependencyError, match=r"failed \(no such operator\); run .* -m pip"):
        convert(checkpoint_path, tmp_path / "out.onnx")


def test_warning_filters_survive_an_overlap_with_another_thread(
    checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_thread = suppress_warnings()  # begins during the export and ends after it

    def fail(*_: object, **__: object) -> None:
        other_thread.__enter__()
        raise torch.onnx.OnnxExporterError("no such operator")

    monkeypatch.setattr(torch.onnx, "export", fail)
    before = list(warnings.filters)

    with pytest.raises(MissingDependencyError):
        convert(checkpoint_path, tmp_path / "out.onnx")
    other_thread.__exit__(None, None, None)

    assert list(warnings.filters) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_export_leaves_only_the_previous_file(
    error: type[BaseException],
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise error

    path = tmp_path / "out.onnx"
    path.write_bytes(b"previous")
    monkeypatch.setattr(torch.onnx, "export", interrupt)

    with pytest.raises(error):
        convert(checkpoint_path, path)

    assert files_in(tmp_path) == {"out.onnx": b"previous"}
