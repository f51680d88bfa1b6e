"""Failures of the command `eval`: found early, and without a trace in the output's folder."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from neural_style import PaintingRequest, PictureError, paint_file
from neural_style.neural_style import main
from tests.support.command_line import eval_arguments
from tests.support.networks.styles import files_in
from tests.support.remotes.commits import trace_commits


@pytest.fixture
def unread_path(tmp_path: Path) -> Path:
    """The path of a model that does not exist, for failures that come before it is read."""
    return tmp_path / "unread.pth"


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync a folder")
@pytest.mark.parametrize("command", ["eval", "convert"])
def test_what_is_written_is_synced_renamed_and_its_folder_synced(
    command: str,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output_path = tmp_path / ("painted.png" if command == "eval" else "converted.pth")
    arguments = ["convert", f"--model={checkpoint_path}", f"--output-model={output_path}"]
    if command == "eval":
        arguments = eval_arguments(picture_path, checkpoint_path, output_path)
    events = trace_commits(monkeypatch)

    assert main(arguments) == 0

    size = output_path.stat().st_size
    assert events == [f"sync file of {size} bytes", "rename", "sync folder"]


@pytest.mark.parametrize("name", ["painted.txt", "painted", "missing/painted.png", "folder.png"])
def test_an_impossible_output_is_found_before_painting(
    name: str,
    picture_path: Path,
    unread_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder.png").mkdir()

    assert main(eval_arguments(picture_path, unread_path, tmp_path / name)) == 1

    assert f"error: {tmp_path / name}: expected" in capsys.readouterr().err


def test_a_name_that_is_too_long_is_one_line(
    picture_path: Path, unread_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output_path = tmp_path / f"{'x' * 300}.png"

    assert main(eval_arguments(picture_path, unread_path, output_path)) == 1

    message = capsys.readouterr().err
    reason = "cannot be written: File name too long; use a shorter path"
    assert message == f"error: {output_path}: {reason}\n"


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_without_write_permission_is_found_before_painting(
    picture_path: Path, unread_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output_path = tmp_path / "closed" / "painted.png"
    output_path.parent.mkdir(mode=0o500)

    assert main(eval_arguments(picture_path, unread_path, output_path)) == 1

    message = capsys.readouterr().err
    assert message == (
        f"error: {output_path}: cannot be written: Permission denied; check its permissions, and "
        "those of its folder\n"
    )


def test_a_picture_too_large_for_its_format_is_found_before_painting(
    unread_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (16_400, 8)).save(tmp_path / "wide.png")
    output_path = tmp_path / "painted.webp"

    assert main(eval_arguments(tmp_path / "wide.png", unread_path, output_path)) == 1

    message = capsys.readouterr().err
    assert message.startswith(f"error: {output_path}: cannot be written: ")
    assert "at most 16383 px a side for WEBP, got 16400x8" in message
    assert "; make it smaller (--max-side) or write another format\n" in message


def test_a_failed_run_leaves_the_earlier_output(picture_path: Path, tmp_path: Path) -> None:
    model_path, output_path = tmp_path / "model.pth", tmp_path / "painted.png"
    model_path.write_bytes(b"")
    output_path.write_bytes(b"made earlier")
    before = files_in(tmp_path)

    assert main(eval_arguments(picture_path, model_path, output_path)) == 1

    assert files_in(tmp_path) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_earlier_output_and_nothing_else(
    error: BaseException,
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_a_part(source: IO[bytes], target: IO[bytes], length: int) -> None:
        target.write(source.read(10))
        raise error

    output_path = tmp_path / "painted.png"
    output_path.write_bytes(b"made earlier")
    before = files_in(tmp_path)
    monkeypatch.setattr(shutil, "copyfileobj", write_a_part)

    with pytest.raises((PictureError, KeyboardInterrupt)) as caught:
        paint_file(PaintingRequest(picture_path, checkpoint_path, output_path))

    assert files_in(tmp_path) == before
    if isinstance(caught.value, PictureError):
        assert str(caught.value) == (
            f"{output_path}: cannot be written: No space left on device; make room on that disk, "
            "and run again"
        )


def test_a_private_picture_that_is_painted_over_stays_private(
    picture_path: Path, checkpoint_path: Path
) -> None:
    picture_path.chmod(0o600)

    assert main(eval_arguments(picture_path, checkpoint_path, picture_path)) == 0

    assert stat.S_IMODE(picture_path.stat().st_mode) == 0o600
