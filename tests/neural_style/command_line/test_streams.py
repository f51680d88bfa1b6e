"""`eval` between other programs: ``-`` is standard input, and standard output."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from neural_style import load, load_picture
from tests.support.command_line import drop_engine_note
from tests.support.networks.styles import assert_same_pixels


def run(
    stdin: bytes, model: Path, *options: str, source: str = "-", output: str = "-"
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(model, *options, source=source, output=output), input=stdin,
                          capture_output=True, timeout=300)  # fmt: skip


def command(model: Path, *options: str, source: str = "-", output: str = "-") -> list[str]:
    files = (f"--content-image={source}", f"--model={model}", f"--output-image={output}")
    return [sys.executable, "-m", "neural_style", "eval", *files, *options]


def test_a_picture_passes_through_in_its_own_format(
    picture_path: Path, checkpoint_path: Path
) -> None:
    result = run(picture_path.read_bytes(), checkpoint_path)

    assert (result.returncode, drop_engine_note(result.stderr.decode())) == (0, "")
    painted = Image.open(io.BytesIO(result.stdout))
    assert painted.format == "PNG"
    assert_same_pixels(painted, load(checkpoint_path)(load_picture(picture_path)))


def test_a_file_is_written_to_standard_output_in_another_format(
    picture_path: Path, checkpoint_path: Path
) -> None:
    result = run(b"", checkpoint_path, "--format=jpeg", "--quality=30", source=str(picture_path))

    assert result.returncode == 0, result.stderr
    assert Image.open(io.BytesIO(result.stdout)).format == "JPEG"


def test_standard_input_is_written_to_a_file(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    output = tmp_path / "painted.jpg"

    result = run(picture_path.read_bytes(), checkpoint_path, output=str(output))

    assert (result.returncode, result.stdout.decode()) == (0, f"wrote {output}\n")
    assert load_picture(output).size == load_picture(picture_path).size


@pytest.mark.parametrize(
    ("stdin", "options", "code", "message"),
    [
        (b"", [], 1, "standard input: expected a picture, got an empty file"),
        (b"<html></html>", ["--format=png"], 1, "standard input: expected a picture"),
        (b"GIF", ["--json"], 2, "--json writes to standard output, and so does"),
        (b"", ["--format=png", "--quality=9"], 2, "expected no quality for png"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_no_output(
    stdin: bytes, options: list[str], code: int, message: str, checkpoint_path: Path
) -> None:
    result = run(stdin, checkpoint_path, *options)

    assert (result.returncode, result.stdout) == (code, b"")
    assert message in result.stderr.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no bash and no /dev/full")
@pytest.mark.parametrize(
    ("redirections", "code", "message"),
    [
        ("| head -c 9 >/dev/null", 0, ""),
        (">&-", 1, "error: standard output cannot be written"),
        ("<&-", 1, "error: standard input: it is closed"),
        (">/dev/full", 1, "error: standard output cannot be written"),
    ],
)
def test_a_stream_that_ends_is_one_line_at_most(
    redirections: str, code: int, message: str, picture_path: Path, checkpoint_path: Path
) -> None:
    line = subprocess.list2cmdline(command(checkpoint_path))
    script = f"set -o pipefail; {line} <{picture_path} {redirections}"

    result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=300)

    stderr = drop_engine_note(result.stderr.decode())
    assert (result.returncode, stderr.count("\n")) == (code, 1 if message else 0), stderr
    assert stderr.startswith(message)


@pytest.mark.skipif(
    not hasattr(os, "openpty"), reason="this system has no pseudo-terminals (openpty)"
)
def test_a_terminal_is_not_filled_with_a_picture(picture_path: Path, checkpoint_path: Path) -> None:
    terminal, other_end = os.openpty()
    with open(other_end, "wb") as stdout, open(terminal, "rb"):
        result = subprocess.run(
            command(checkpoint_path, source=str(picture_path)), stdout=stdout,
            stderr=subprocess.PIPE, timeout=300,
        )  # fmt: skip

    assert result.returncode == 1
    assert b"a picture cannot be shown on a terminal; redirect it" in result.stderr
