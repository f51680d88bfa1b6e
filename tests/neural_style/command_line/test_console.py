"""The command line without a reader: closed and full streams, and other encodings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

FULL = Path("/dev/full")
SHELL = shutil.which("sh")

UNWRITABLE = "error: standard output cannot be written; "

needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


class RunInShell(Protocol):
    """The type of the fixture `shell`."""

    def __call__(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the shell."""


@pytest.fixture
def shell(picture_path: Path, checkpoint_path: Path) -> RunInShell:
    """Runs a line of the shell in which `$paint` paints to the name that follows."""
    if SHELL is None:
        pytest.skip("this system has no POSIX shell")

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        arguments = f"eval --content-image={picture_path} --model={checkpoint_path} --output-image"
        given = {"python": sys.executable, "paint": f"{sys.executable} -m neural_style {arguments}"}
        return subprocess.run(
            [str(SHELL), "-c", line],
            env={**os.environ, **given, "PYTHONUNBUFFERED": "", **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


# Standard error


def test_a_picture_is_painted_without_stderr(shell: RunInShell, tmp_path: Path) -> None:
    result = shell("$paint out.png 2>&-")

    assert (result.returncode, result.stdout) == (0, "wrote out.png\n")
    assert (tmp_path / "out.png").exists()


def test_without_stderr_errors_are_not_written_to_stdout(shell: RunInShell) -> None:
    result = shell("$python -m neural_style inspect --model=absent.pth 2>&-")

    assert (result.returncode, result.stdout) == (1, "")


# Standard output


@pytest.mark.parametrize(
    "ending", [pytest.param("> /dev/full", marks=needs_full_device, id="full"), ">&-"]
)
def test_a_picture_is_painted_without_stdout(
    ending: str, shell: RunInShell, tmp_path: Path
) -> None:
    result = shell(f"$paint out.png {ending}")

    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out.png").exists()


@needs_full_device
def test_an_answer_that_cannot_be_written_is_an_error(
    shell: RunInShell, checkpoint_path: Path
) -> None:
    result = shell(f"$python -m neural_style inspect --model={checkpoint_path} > /dev/full")

    assert result.returncode == 1
    assert result.stderr.startswith(UNWRITABLE)
    assert result.stderr.count("\n") == 1


@needs_full_device
def test_a_version_that_cannot_be_written_is_an_error(shell: RunInShell) -> None:
    result = shell("$python -m neural_style --version > /dev/full")

    assert result.returncode == 1
    assert result.stderr.startswith(UNWRITABLE)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "ending", [pytest.param("> /dev/full", marks=needs_full_device, id="full"), ">&-"]
)
def test_a_json_result_that_cannot_be_written_is_an_error(
    ending: str, shell: RunInShell, tmp_path: Path
) -> None:
    result = shell(f"$paint out.png --json {ending}")

    assert result.returncode == 1
    assert result.stderr.startswith(UNWRITABLE)
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "out.png").exists()


def test_an_answer_is_written(shell: RunInShell, checkpoint_path: Path) -> None:
    result = shell(f"$python -m neural_style inspect --model={checkpoint_path}")

    assert json.loads(result.stdout)["base_width"] == 8


def test_characters_that_an_encoding_lacks_are_escaped(shell: RunInShell, tmp_path: Path) -> None:
    result = shell("$paint ä.png", PYTHONIOENCODING="ascii")

    assert (result.returncode, result.stdout) == (0, "wrote \\xe4.png\n")
    assert (tmp_path / "ä.png").exists()
