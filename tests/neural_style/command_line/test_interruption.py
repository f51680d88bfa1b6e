"""Ctrl-C while the command line starts and while it paints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neural_style.engine import KERNEL_VARIABLE
from neural_style.neural_style import main
from tests.support.command_line import eval_arguments
from tests.support.networks.styles import ROOT, make_picture

_ERASE = b"\r\x1b[K"


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal: the test's, and the program's."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def read_until(terminal: int, text: bytes) -> bytes:
    """Return what is written to a terminal until `text` has appeared."""
    written = b""
    while text not in written:
        written += os.read(terminal, 1000)
    return written


def read_rest(terminal: int) -> bytes:
    """Return what is written to a terminal until its other end is closed."""
    written = b""
    while True:
        try:
            part = os.read(terminal, 1000)
        except OSError:  # how Linux reports that the other end is closed
            return written
        if not part:
            return written
        written += part


@pytest.mark.parametrize("module", ["argparse", "numpy", "PIL"])
def test_ctrl_c_during_an_import_is_answered(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt\n")

    result = subprocess.run(
        [sys.executable, "-m", "neural_style", "info"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert (result.returncode, result.stdout, result.stderr) == (130, "", "interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot interrupt another")
def test_ctrl_c_ends_eval_at_once_and_leaves_nothing_behind(
    wide_path: Path, tmp_path: Path, terminal: tuple[int, int]
) -> None:
    make_picture(1500, 1000).save(tmp_path / "large.bmp")
    before = sorted(tmp_path.iterdir())
    arguments = eval_arguments(tmp_path / "large.bmp", wide_path, tmp_path / "painted.png")
    ours, theirs = terminal

    painting = subprocess.Popen(
        [sys.executable, "-m", "neural_style", *arguments, "--threads=1"],
        cwd=ROOT,
        env=os.environ | {KERNEL_VARIABLE: "portable", "TMPDIR": str(tmp_path)},  # the slowest
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    written = read_until(ours, b"painting ")
    painting.send_signal(signal.SIGINT)
    output, _ = painting.communicate(timeout=300)
    written += read_rest(ours)

    assert (painting.returncode, output) == (130, "")
    assert written.endswith(_ERASE + b"interrupted\r\n"), written
    assert sorted(tmp_path.iterdir()) == before


def test_without_a_terminal_no_bar_is_shown(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png")) == 0

    assert "painting " not in capsys.readouterr().err
