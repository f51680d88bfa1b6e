"""The command `eval`: what it paints, prints and accepts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from neural_style import load, load_picture
from neural_style.neural_style import main
from tests.support.command_line import drop_engine_note, eval_arguments
from tests.support.networks.styles import assert_same_pixels, make_picture, run_command

# In a process of its own


def test_the_command_paints_a_picture(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"

    result = run_command(*eval_arguments(picture_path, checkpoint_path, output_path))

    assert (result.returncode, result.stdout) == (0, f"wrote {output_path}\n")
    assert drop_engine_note(result.stderr) == ""
    assert_same_pixels(load_picture(output_path), load(checkpoint_path)(load_picture(picture_path)))


def test_the_command_paints_with_an_official_model(
    weights_dir: Path, photo_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.jpg"

    result = run_command(*eval_arguments(photo_path, weights_dir / "candy.pth", output_path))

    assert result.returncode == 0, result.stderr
    assert load_picture(output_path).size == load_picture(photo_path).size


def test_the_command_paints_with_a_numbered_style(
    picture_path: Path, many_styles_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"

    result = run_command(*eval_arguments(picture_path, many_styles_path, output_path, "--style", 3))

    assert (result.returncode, result.stderr) == (0, "")
    expected = load(many_styles_path, number=3)(load_picture(picture_path))
    assert_same_pixels(load_picture(output_path), expected)


def test_a_format_may_be_named_by_its_suffix(
    picture_path: Path, tmp_path: Path, checkpoint_path: Path
) -> None:
    output_path = tmp_path / "painted"

    result = run_command(
        *eval_arguments(picture_path, checkpoint_path, output_path, "--format", "jpg")
    )

    assert (result.returncode, result.stderr) == (0, "")
    with Image.open(output_path) as painted:
        assert painted.format == "JPEG"


def test_an_error_is_one_line(picture_path: Path, tmp_path: Path, checkpoint_path: Path) -> None:
    missing_path = tmp_path / "missing.png"

    result = run_command(*eval_arguments(missing_path, checkpoint_path, tmp_path / "painted.png"))

    assert result.returncode == 1
    assert result.stderr == (
        f"error: {missing_path}: there is no such file; check its name and folder\n"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "--help"]])
def test_help_is_printed(arguments: list[str]) -> None:
    result = run_command(*arguments)

    assert result.returncode == 0
    assert "usage: python -m neural_style" in result.stdout


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_printed(flag: str) -> None:
    result = run_command(flag)

    assert result.returncode == 0
    assert re.fullmatch(r"python -m neural_style, version \d\S*\n", result.stdout)


# In this process


def test_a_note_says_that_only_the_first_frame_was_painted(
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "moving.gif"
    make_picture().save(path, save_all=True, append_images=[Image.new("RGB", (37, 23))])

    assert main(eval_arguments(path, checkpoint_path, tmp_path / "painted.png")) == 0

    notes = drop_engine_note(capsys.readouterr().err)
    assert notes == f"note: {path}: only the first frame was painted\n"


@pytest.mark.parametrize("device", [["--accel"], ["--cuda", "1"], ["--device", "accel"]])
def test_a_missing_accelerator_is_an_error(
    device: list[str],
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch = pytest.importorskip("torch")
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", *device)

    assert main(arguments) == 1

    assert "PyTorch finds no accelerator" in capsys.readouterr().err


def test_a_style_number_that_the_model_does_not_have_is_one_line(
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", "--style=1")

    assert main(arguments) == 1

    error = drop_engine_note(capsys.readouterr().err)
    assert error.startswith(f"error: {checkpoint_path}: expected no style number")
    assert error.count("\n") == 1


def test_a_large_picture_may_be_made_small_enough_for_its_format(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (16_400, 8)).save(tmp_path / "wide.png")
    arguments = eval_arguments(tmp_path / "wide.png", checkpoint_path, tmp_path / "painted.webp")

    assert main([*arguments, "--max-side=40"]) == 0


def test_a_picture_may_be_painted_over_itself(picture_path: Path, checkpoint_path: Path) -> None:
    before = load_picture(picture_path)

    assert main(eval_arguments(picture_path, checkpoint_path, picture_path)) == 0

    assert_same_pixels(load_picture(picture_path), load(checkpoint_path)(before))
