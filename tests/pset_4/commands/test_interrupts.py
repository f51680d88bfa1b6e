"""Ctrl-C during a run, and before one begins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.pipeline.projects import Project

INTERRUPTED_IMPORT = """
import runpy, sys

class Interrupt:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt)
sys.argv[1:] = {arguments}
runpy.run_module("pset_4", run_name="__main__", alter_sys=True)
"""
"""A program that runs the command line and gets Ctrl-C when it imports a module."""


def run_interrupted(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line, which gets Ctrl-C when it imports the module."""
    script = INTERRUPTED_IMPORT.format(module=module, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no such signals")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_run_explains_how_to_continue(
    workers: str, directory_project: Project, many_styles: bytes, photograph: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("many.onnx", many_styles)
    # The images are enlarged, so that the signal arrives before the last of them.
    styles = [part for number in range(12) for part in ("-m", f"many.onnx@{number}")]
    arguments = ("main", *styles, "--content-scale", "0.3", "--workers", workers)

    with subprocess.Popen(
        directory_project.command(*arguments), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("painted"))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert (process.returncode, "run again" in rest) == (130, True), rest
    assert "Traceback" not in rest
    assert [name for name in directory_project.files("stylized") if "/." in name] == []
    assert 0 < directory_project.run_well(*arguments)["painted"] < 12


def test_an_interrupt_during_imports_is_reported_in_one_line() -> None:
    result = run_interrupted("pset_4.settings")

    assert (result.returncode, result.stderr) == (130, "interrupted: nothing was begun\n")


def test_an_interrupt_while_options_are_read_is_reported_in_one_line() -> None:
    # The first name of an image makes the command line import the suffixes that images have.
    result = run_interrupted("neural_style.pictures", "main", "--image", "a.png")

    assert (result.returncode, result.stderr) == (130, "interrupted: nothing was begun\n")
