"""Output streams that are closed, full, or of a small encoding."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.pipeline.projects import Project


class RunInShell(Protocol):
    """Runs a command of the command line in a shell."""

    def __call__(
        self, command: str, ending: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with this text at the end of the shell's line."""


@pytest.fixture
def run_in_shell(directory_project: Project, drawing: bytes, model: bytes) -> RunInShell:
    """Runs commands in a project with an image and a model dropped in."""
    shell = shutil.which("sh")
    if shell is None or not Path("/dev/full").exists():
        pytest.skip("this system has no POSIX shell or no /dev/full")
    directory_project.drop("ä.png", drawing)
    directory_project.drop("one.pth", model)

    def run(command: str, ending: str, **environment: str) -> subprocess.CompletedProcess[str]:
        line = f"{shlex.join(directory_project.command(command))} {ending}"
        return subprocess.run(
            [shell, "-c", line],
            env={**os.environ, "PYTHONUNBUFFERED": "", **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.parametrize("ending", ["2>&-", ">&-", ">/dev/full 2>/dev/full"])
def test_images_are_painted_without_output_streams(
    ending: str, run_in_shell: RunInShell, directory_project: Project
) -> None:
    result = run_in_shell("main", ending)

    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert directory_project.files("stylized") == ["stylized/one.pth/ä.png"]


def test_messages_escape_what_the_encoding_lacks(run_in_shell: RunInShell) -> None:
    result = run_in_shell("main", "", PYTHONIOENCODING="ascii")

    assert result.returncode == 0, result.stderr
    assert "painted stylized/one.pth/\\xe4.png\n" in result.stderr


def test_answers_escape_what_the_encoding_lacks(run_in_shell: RunInShell) -> None:
    result = run_in_shell("status", "", PYTHONIOENCODING="ascii")

    assert "\\xe4.png" in result.stdout


def test_an_answer_that_cannot_be_written_is_reported_in_one_line(run_in_shell: RunInShell) -> None:
    result = run_in_shell("status", ">/dev/full")

    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "error: standard output cannot be written; check where it is redirected to"
    ]


def test_a_reader_that_stops_early_is_no_error(run_in_shell: RunInShell) -> None:
    result = run_in_shell("status", "| true")

    assert result.stderr == ""
