"""Runs that nobody listens to, and Ctrl-C before there is anything to run."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SHELL = shutil.which("sh")

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(directory_project: Any, drawing: bytes, model: bytes) -> Shell:
    """Runs a command on a project of one picture and one style, with this at its line's end."""
    if SHELL is None or not Path("/dev/full").exists():
        pytest.skip("this system has no POSIX shell or no /dev/full")
    directory_project.drop("ä.png", drawing)
    directory_project.drop("one.pth", model)

    def run(command: str, ending: str, **environment: str) -> subprocess.CompletedProcess[str]:
        line = f"{shlex.join(directory_project.command(command))} {ending}"
        return subprocess.run(
            [str(SHELL), "-c", line],
            env={**os.environ, "PYTHONUNBUFFERED": "", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.mark.parametrize("ending", ["2>&-", "2>/dev/full", ">&-", ">/dev/full", ">&- 2>&-"])
def test_pictures_are_painted_though_nobody_listens(
    ending: str, shell: Shell, directory_project: Any
) -> None:
    result = shell("main", ending)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert directory_project.files("stylized") == ["stylized/one.pth/ä.png"]


def test_what_an_encoding_does_not_have_is_escaped(shell: Shell) -> None:
    result = shell("main", "", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "painted stylized/one.pth/\\xe4.png\n" in result.stderr
    assert "\\xe4.png" in shell("status", "", PYTHONIOENCODING="ascii").stdout


def test_an_answer_that_cannot_be_written_is_one_line(shell: Shell) -> None:
    result = shell("status", ">/dev/full")
    assert result.returncode == 1
    said = result.stderr.splitlines()
    assert said == ["error: expected to write the answer to stdout, which failed"]


def test_whoever_reads_no_further_is_told_nothing(shell: Shell) -> None:
    result = shell("status", "| true")
    assert result.stderr == ""


def test_ctrl_c_while_options_are_read_is_answered(directory_project: Any, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt\n")
    result = subprocess.run(
        directory_project.command("main", "--image", "picture.png"),
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (130, "interrupted: nothing was begun\n")
