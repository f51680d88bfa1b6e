"""Painting where PyTorch and OpenVINO are not installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from neural_style import errors
from neural_style.errors import install_remedy
from tests.support.command_line import eval_arguments, run_program, run_without

HEAVY = ["torch", "openvino"]


@pytest.fixture(params=[".pth", ".safetensors"])
def model_path(request: pytest.FixtureRequest, checkpoint_path: Path, tmp_path: Path) -> Path:
    """The same small style in each format of checkpoints."""
    from neural_style.formats.saving import convert

    path = tmp_path / f"small{request.param}"
    convert(checkpoint_path, path)
    return path


def test_the_engine_paints_checkpoints_by_itself(
    model_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    output_path = tmp_path / "painted.png"
    arguments = eval_arguments(picture_path, model_path, output_path, "--device=auto")

    result = run_without(HEAVY, *arguments)

    assert (result.returncode, result.stderr) == (0, "")
    with Image.open(picture_path) as picture, Image.open(output_path) as painted:
        assert painted.size == picture.size


def test_an_accelerator_needs_pytorch_and_the_error_names_the_command(
    checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png")

    result = run_without(HEAVY, *arguments, "--device=cuda")

    assert result.returncode == 1
    assert result.stderr.startswith("error: expected PyTorch to be installed")
    assert result.stderr.endswith(" -m pip install '.[pytorch]' in the project's folder\n")


def test_info_finds_the_cpu_for_auto() -> None:
    result = run_without(HEAVY, "info", "--device=auto")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].split() == ["device", "cpu"]


def test_info_says_what_to_install_where_nothing_paints() -> None:
    result = run_without([*HEAVY, "neural_style.engine._core"], "info")

    assert f"none (run {sys.executable} -m pip install '.[style]' in" in result.stdout


@pytest.mark.parametrize(("command", "extra"), [("convert", "pytorch"), ("train", "train")])
def test_a_command_that_needs_pytorch_names_its_extra(
    command: str, extra: str, checkpoint_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    arguments = {
        "convert": [f"--model={checkpoint_path}", f"--output-model={tmp_path / 'a.pt'}"],
        "train": [f"--dataset={tmp_path}", f"--style-image={picture_path}", "--save-model-dir=m"],
    }

    result = run_without(HEAVY, command, *arguments[command])

    assert result.returncode == 1
    assert f" -m pip install '.[{extra}]'" in result.stderr


@pytest.mark.parametrize("package", ["neural_style", "pset_4"])
def test_without_any_package_the_error_is_one_line(package: str) -> None:
    program = (
        "import runpy, sys; sys.modules |= dict.fromkeys(['PIL', 'click']);"
        "sys.argv[1:] = ['info']; runpy.run_module(sys.argv[0], run_name='__main__')"
    ).replace("sys.argv[0]", repr(package))

    result = run_program(program)

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert " -m pip install '.[" in result.stderr


def test_an_environment_that_is_not_active_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate = tmp_path / "activate"
    activate.touch()
    monkeypatch.setattr(errors, "_ACTIVATE", activate)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "activate" not in install_remedy("style")

    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert install_remedy("style").startswith("activate the environment (")


@pytest.mark.parametrize(
    ("model", "output", "message"),
    [
        ("page.pth", "out.onnx", "page.pth: expected a style model, got text"),
        ("absent.pth", "out.png", "out.png: expected a name ending in .onnx"),
    ],
)
def test_bad_input_is_reported_before_pytorch_is_imported_to_convert(
    model: str, output: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "page.pth").write_text("<html>")

    result = run_without(
        HEAVY, "convert", f"--model={tmp_path / model}", f"--output-model={tmp_path / output}"
    )

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path}/{message}")


def test_a_style_picture_is_read_before_pytorch_is_imported_to_train(
    picture_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(picture_path, tmp_path / "photos")
    (tmp_path / "style.png").write_text("<html>")
    folders = [f"--dataset={tmp_path / 'photos'}", f"--save-model-dir={tmp_path / 'models'}"]

    result = run_without(HEAVY, "train", *folders, f"--style-image={tmp_path / 'style.png'}")

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path}/style.png: expected a picture")


def test_a_model_to_start_from_is_read_before_pytorch_is_imported_to_train(
    picture_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(picture_path, tmp_path / "photos")
    (tmp_path / "start.pth").write_text("<html>")
    folders = [f"--dataset={tmp_path / 'photos'}", f"--save-model-dir={tmp_path / 'models'}"]
    start = f"--start-from={tmp_path / 'start.pth'}"

    result = run_without(HEAVY, "train", *folders, f"--style-image={picture_path}", start)

    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path}/start.pth: expected a style model, got")
