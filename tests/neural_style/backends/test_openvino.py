"""What paints checkpoints where the C++ engine is not installed."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import neural_style
from neural_style import DeviceError, load
from neural_style.backends import openvino_compiler
from neural_style.backends.loading import load_network
from tests.support.command_line import eval_arguments, run_without
from tests.support.networks.engine import paint_with_torch
from tests.support.networks.styles import assert_close, make_picture, make_state

torch = pytest.importorskip("torch")
pytest.importorskip("openvino")

ENGINE = "neural_style.engine._core"


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C++ engine seems not to be installed."""
    monkeypatch.setattr("neural_style.backends.loading.find_obstacle", lambda: "there is no engine")


# The command line


@pytest.mark.parametrize(
    ("modules", "backend"), [([ENGINE], "OpenVINO"), ([ENGINE, "openvino"], "PyTorch")]
)
def test_another_backend_takes_over_and_one_note_says_so(
    modules: list[str],
    backend: str,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
) -> None:
    output_path = tmp_path / "painted.png"

    result = run_without(modules, *eval_arguments(picture_path, checkpoint_path, output_path))

    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("note: the C++ engine is not installed (")
    assert result.stderr.endswith(f"; painting with {backend}\n")
    assert result.stderr.count("\n") == 1
    expected = paint_with_torch(checkpoint_path, make_picture())
    assert_close(neural_style.load_picture(output_path), expected, within=1)


def test_without_any_backend_the_install_command_is_named(
    checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    load_network(checkpoint_path)  # cached, so reading it needs no PyTorch
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png")

    result = run_without([ENGINE, "openvino", "torch"], *arguments)

    assert result.returncode == 1
    assert "pip install '.[style]'" in result.stderr


def test_info_says_why_the_engine_is_not_used() -> None:
    result = run_without([ENGINE], "info")

    assert result.returncode == 0, result.stderr
    assert "OpenVINO: the C++ engine is not installed (" in result.stdout


# OpenVINO


@pytest.mark.usefixtures("without_engine")
@pytest.mark.parametrize("size", [(5, 5), (37, 23), (64, 9)])
@pytest.mark.parametrize("base_width", [1, 12])
def test_networks_of_all_widths_are_painted(
    base_width: int,
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pth"
    torch.save(make_state(base_width), path)
    notes: list[str] = []

    painted = load(path, notify=notes.append)(make_picture(*size))

    assert_close(painted, paint_with_torch(path, make_picture(*size)), within=1)
    assert notes == ["there is no engine; painting with OpenVINO"]


@pytest.mark.usefixtures("without_engine")
def test_a_picture_beyond_the_limit_is_an_error_before_it_is_painted(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save(make_state(12), path)

    with pytest.raises(DeviceError, match=r"expected a limit of at least .*--max-side"):
        load(path, memory=1)(make_picture())


@pytest.mark.soak
@pytest.mark.usefixtures("without_engine")
@pytest.mark.parametrize("base_width", [8, 16])
def test_sums_over_large_layers_are_not_rounded_much(
    base_width: int, photo_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.pth"
    torch.save(make_state(base_width), path)
    photo = neural_style.load_picture(photo_path).resize((1280, 960))

    painted = np.asarray(load(path)(photo))

    assert np.mean(painted != np.asarray(paint_with_torch(path, photo))) < 0.001


@pytest.mark.usefixtures("without_engine")
@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot interrupt itself")
def test_ctrl_c_ends_a_painting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, picture = tmp_path / "model.pth", make_picture(700, 600)
    torch.save(make_state(12), path)
    style = load(path, threads=1)
    style(picture)  # compiled for this size
    begin = time.process_time()
    style(picture)
    whole = time.process_time() - begin

    monkeypatch.setattr(  # called while OpenVINO paints
        openvino_compiler, "check_interrupted", lambda: signal.raise_signal(signal.SIGINT)
    )
    begin = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        style(picture)

    assert time.process_time() - begin < whole / 2
