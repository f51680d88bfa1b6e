from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from neural_style import NeuralStyleError, PictureError, load, load_picture
from neural_style.neural_style import main, stylize

CommandLine = Callable[..., "subprocess.CompletedProcess[str]"]
MakePicture = Callable[..., Image.Image]


def eval_arguments(
    picture_path: Path, model_path: Path, output_path: Path, *more: object
) -> list[str]:
    paths = {"content-image": picture_path, "model": model_path, "output-image": output_path}
    return ["eval", *(f"--{name}={path}" for name, path in paths.items()), *map(str, more)]


def without_notes_of_the_engine(stderr: str) -> str:
    """What was said, but for the line on the C++ engine where that is not installed."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("note: the C++ engine is not "))


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# The command, in a process of its own


def test_the_command_paints_a_picture(
    run: CommandLine, picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"
    result = run(*eval_arguments(picture_path, checkpoint_path, output_path))
    assert (result.returncode, result.stdout) == (0, f"wrote {output_path}\n")
    assert without_notes_of_the_engine(result.stderr) == ""
    assert load_picture(output_path) == load(checkpoint_path)(load_picture(picture_path))


def test_the_command_paints_with_an_official_model(
    run: CommandLine, weights_dir: Path, photo_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.jpg"
    result = run(*eval_arguments(photo_path, weights_dir / "candy.pth", output_path))
    assert result.returncode == 0, result.stderr
    assert load_picture(output_path).size == load_picture(photo_path).size


def test_the_command_paints_with_a_numbered_style(
    run: CommandLine, picture_path: Path, many_styles_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"
    result = run(*eval_arguments(picture_path, many_styles_path, output_path, "--style", 3))
    assert (result.returncode, result.stderr) == (0, "")


def test_an_error_is_one_line(
    run: CommandLine, picture_path: Path, tmp_path: Path, checkpoint_path: Path
) -> None:
    output_path = tmp_path / "painted.png"
    result = run(*eval_arguments(tmp_path / "absent.png", checkpoint_path, output_path))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"error: {tmp_path / 'absent.png'}: there is no such file; check its name and folder"
    ]


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "--help"]])
def test_help_is_given(arguments: list[str], run: CommandLine) -> None:
    result = run(*arguments)
    assert result.returncode == 0
    assert "usage: python -m neural_style" in result.stdout


def test_the_version_is_told(run: CommandLine) -> None:
    result = run("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"python -m neural_style, version \d\S*\n", result.stdout)


@pytest.mark.parametrize("arguments", [[], ["eval"], ["paint"], ["eval", "--cuda", "2"]])
def test_a_wrong_command_line_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


# The same in this process


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], (37, 23)),
        (["--content-scale", 2], (18, 11)),
        (["--max-side", 20], (20, 12)),
        (["--content-scale", 2, "--max-side", 9], (9, 6)),
        (["--max-side", 1000], (37, 23)),
        (["--cuda", 0], (37, 23)),
    ],
)
def test_options_decide_on_the_size(
    options: list[object],
    size: tuple[int, int],
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
) -> None:
    output_path = tmp_path / "painted.png"
    assert main(eval_arguments(picture_path, checkpoint_path, output_path, *options)) == 0
    assert load_picture(output_path).size == size


def test_the_first_frame_of_an_animation_is_said_to_be_one(
    checkpoint_path: Path,
    make_picture: MakePicture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "moving.gif"
    make_picture().save(path, save_all=True, append_images=[Image.new("RGB", (37, 23))])
    assert main(eval_arguments(path, checkpoint_path, tmp_path / "painted.png")) == 0
    said = without_notes_of_the_engine(capsys.readouterr().err)
    assert said == f"note: {path}: only its first frame is painted\n"


@pytest.mark.parametrize("device", [["--accel"], ["--cuda", "1"]])
def test_a_missing_accelerator_is_an_error(
    device: list[str],
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import torch

    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", *device)
    assert main(arguments) == 1
    assert "expected an accelerator" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--content-scale=0", "a number above 0, got '0'"),
        ("--content-scale=nan", "a number above 0, got 'nan'"),
        ("--content-scale=x", "a number above 0, got 'x'"),
        ("--max-side=0", "a whole number from 1, got '0'"),
        ("--max-side=1.5", "a whole number from 1, got '1.5'"),
        ("--style=q", "a whole number from 0, got 'q'"),
        ("--style=-1", "a whole number from 0, got '-1'"),
        ("--cuda=x", "a whole number from 0 to 1, got 'x'"),
        ("--threads=abc", "a whole number from 1 to 1024, got 'abc'"),
        ("--threads=99999999999", "a whole number from 1 to 1024, got '99999999999'"),
    ],
)
def test_an_impossible_number_is_a_usage_error(
    option: str,
    expected: str,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", option)
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 2
    assert capsys.readouterr().err.endswith(f": expected {expected}\n")


def test_a_style_number_that_the_model_does_not_have_is_one_line(
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", "--style=1")
    assert main(arguments) == 1
    error = without_notes_of_the_engine(capsys.readouterr().err)
    assert error.startswith("error: ")
    assert error.count("\n") == 1


# What a failed run leaves behind


@pytest.mark.parametrize("name", ["painted.txt", "painted", "absent/painted.png", "folder.png"])
def test_an_impossible_output_is_found_before_painting(
    name: str, picture_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.png").mkdir()
    model_path = tmp_path / "never-looked-at.pth"
    assert main(eval_arguments(picture_path, model_path, tmp_path / name)) == 1
    assert f"error: {tmp_path / name}: expected" in capsys.readouterr().err


def test_a_failed_run_leaves_the_earlier_output(picture_path: Path, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"")
    (tmp_path / "painted.png").write_bytes(b"made earlier")
    before = content_of(tmp_path)
    assert main(eval_arguments(picture_path, tmp_path / "model.pth", tmp_path / "painted.png")) == 1
    assert content_of(tmp_path) == before


def test_a_name_that_is_too_long_is_one_line(
    picture_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output_path = tmp_path / f"{'x' * 300}.png"
    assert main(eval_arguments(picture_path, tmp_path / "never-looked-at.pth", output_path)) == 1
    said = capsys.readouterr().err
    assert said == f"error: {output_path}: cannot be written: File name too long\n"


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_that_takes_no_files_is_found_before_painting(
    picture_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output_path = tmp_path / "closed" / "painted.png"
    output_path.parent.mkdir(mode=0o500)
    assert main(eval_arguments(picture_path, tmp_path / "never-looked-at.pth", output_path)) == 1
    said = capsys.readouterr().err
    assert said == f"error: {output_path}: cannot be written: Permission denied\n"


def test_a_picture_too_large_for_its_format_is_found_before_painting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (16_400, 8)).save(tmp_path / "wide.png")
    output_path = tmp_path / "painted.webp"
    model_path = tmp_path / "never-looked-at.pth"
    assert main(eval_arguments(tmp_path / "wide.png", model_path, output_path)) == 1
    assert capsys.readouterr().err == (
        f"error: {output_path}: cannot be written: expected at most 16383 px a side for WEBP, got "
        "16400x8; make it smaller (--max-side) or write another format\n"
    )


def test_a_large_picture_may_be_made_small_enough_for_its_format(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (16_400, 8)).save(tmp_path / "wide.png")
    arguments = eval_arguments(tmp_path / "wide.png", checkpoint_path, tmp_path / "painted.webp")
    assert main([*arguments, "--max-side=40"]) == 0


def test_a_private_picture_that_is_painted_over_stays_private(
    picture_path: Path, checkpoint_path: Path
) -> None:
    picture_path.chmod(0o600)
    assert main(eval_arguments(picture_path, checkpoint_path, picture_path)) == 0
    assert stat.S_IMODE(picture_path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_earlier_output_and_nothing_else(
    error: BaseException,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_a_part(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:10])
        raise error

    output_path = tmp_path / "painted.png"
    output_path.write_bytes(b"made earlier")
    before = content_of(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", write_a_part)
    with pytest.raises((PictureError, KeyboardInterrupt)):
        stylize(
            SimpleNamespace(
                content_image=picture_path, model=checkpoint_path, output_image=output_path
            )
        )
    assert content_of(tmp_path) == before


def test_a_picture_may_be_painted_over_itself(picture_path: Path, checkpoint_path: Path) -> None:
    before = load_picture(picture_path)
    assert main(eval_arguments(picture_path, checkpoint_path, picture_path)) == 0
    assert load_picture(picture_path) == load(checkpoint_path)(before)


# From Python, as the reference is called


@pytest.mark.parametrize("device", [{}, {"cuda": 0}, {"accel": False}, {"cuda": None}])
def test_stylize_takes_the_arguments_of_the_reference(
    device: dict[str, object], picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"
    stylize(
        SimpleNamespace(
            content_image=str(picture_path),
            content_scale=None,
            model=str(checkpoint_path),
            output_image=str(output_path),
            **device,
        )
    )
    assert load_picture(output_path).size == (37, 23)


def test_stylize_raises_what_the_command_prints(tmp_path: Path, checkpoint_path: Path) -> None:
    with pytest.raises(NeuralStyleError, match="there is no such file"):
        stylize(
            SimpleNamespace(
                content_image=tmp_path / "absent.png",
                model=checkpoint_path,
                output_image=tmp_path / "painted.png",
            )
        )
