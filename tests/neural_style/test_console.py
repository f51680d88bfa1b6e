"""Programs that nobody listens to, and Ctrl-C in what Python does not interrupt by itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from neural_style.system.interruption import call_interruptibly

FULL = Path("/dev/full")
SHELL = shutil.which("sh")

Paint = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(picture_path: Path, checkpoint_path: Path) -> Paint:
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
            timeout=120,
        )

    return run


def test_a_picture_is_painted_without_stderr(shell: Paint, tmp_path: Path) -> None:
    result = shell("$paint out.png 2>&-")
    assert (result.returncode, result.stdout) == (0, "wrote out.png\n")
    assert (tmp_path / "out.png").exists()


def test_without_stderr_errors_are_not_taken_for_answers(shell: Paint) -> None:
    result = shell("$python -m neural_style inspect --model=absent.pth 2>&-")
    assert (result.returncode, result.stdout) == (3, "")


@pytest.mark.parametrize("ending", ["> /dev/full", ">&-"], ids=["full", "closed"])
def test_a_picture_is_painted_without_stdout(ending: str, shell: Paint, tmp_path: Path) -> None:
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    result = shell(f"$paint out.png {ending}")
    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr
    assert (tmp_path / "out.png").exists()


def test_an_answer_that_cannot_be_written_is_an_error(shell: Paint, checkpoint_path: Path) -> None:
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    result = shell(f"$python -m neural_style inspect --model={checkpoint_path} > /dev/full")
    assert result.returncode == 1
    assert result.stderr == "error: expected to write the answer to stdout, which failed\n"


def test_an_answer_is_given(shell: Paint, checkpoint_path: Path) -> None:
    result = shell(f"$python -m neural_style inspect --model={checkpoint_path}")
    assert json.loads(result.stdout) == {"base_width": 8, "count": None}


def test_names_that_an_encoding_does_not_have_are_escaped(shell: Paint, tmp_path: Path) -> None:
    result = shell("$paint ä.png", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stdout) == (0, "wrote \\xe4.png\n")
    assert (tmp_path / "ä.png").exists()


def test_a_version_that_cannot_be_written_is_an_error(shell: Paint) -> None:
    if not FULL.exists():
        pytest.skip("this system has no /dev/full")
    result = shell("$python -m neural_style --version > /dev/full")
    assert result.returncode == 1
    assert result.stderr == "error: expected to write the answer to stdout, which failed\n"


# Ctrl-C


def test_ctrl_c_during_the_import_is_answered(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt\n")
    result = subprocess.run(
        [sys.executable, "-m", "neural_style", "info"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "interrupted\n")


PREPARATION = """
import hashlib, sys
from PIL import Image, PngImagePlugin
from neural_style import load_picture, save_picture

def work(*_, **__):
    print("begun", flush=True)
    try:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000_000)  # seconds, in one call
    finally:
        print("done", flush=True)
"""


@pytest.mark.parametrize(
    "call",
    [
        "Image.Image.save = work; save_picture(Image.new('RGB', (8, 8)), 'out.png')",
        "PngImagePlugin.PngImageFile.load = work; load_picture('picture.png')",
    ],
    ids=["encoding", "decoding"],
)
def test_ctrl_c_does_not_wait_for_the_end_of_a_long_call(
    call: str, picture_path: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    with subprocess.Popen(
        [sys.executable, "-c", PREPARATION + call],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    assert (output, errors.splitlines()[-1]) == ("", "KeyboardInterrupt")
    assert sorted(tmp_path.iterdir()) == before


def fail() -> None:
    raise KeyError("some message")


def test_an_error_is_raised_with_its_own_traceback() -> None:
    with pytest.raises(KeyError, match="some message") as caught:
        call_interruptibly(fail)
    assert "fail" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_without_a_thread_it_is_called_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = RuntimeError("can't start new thread")
    monkeypatch.setattr(threading.Thread, "start", Mock(side_effect=refusal))
    assert call_interruptibly(lambda: 7) == 7


def test_a_result_is_returned() -> None:
    assert call_interruptibly(lambda: divmod(7, 2)) == (3, 1)


def test_outside_of_the_main_thread_there_is_no_further_thread() -> None:
    idents: list[int] = []

    def call() -> None:
        idents.extend([threading.get_ident(), call_interruptibly(threading.get_ident)])

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert idents[0] == idents[1]
