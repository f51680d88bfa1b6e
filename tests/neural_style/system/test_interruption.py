"""Ctrl-C during long calls into C code."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from unittest.mock import Mock

import pytest

from neural_style.system import interruption
from neural_style.system.interruption import (
    call_interruptibly,
    interrupt,
    stopped_by_interrupt,
)

WORK_FOR_SECONDS = """
import hashlib, sys
from PIL import Image, PngImagePlugin
from neural_style import load_picture, save_picture

def work(*_, **__):
    print("begun", flush=True)
    try:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000_000)  # in one call
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
        [sys.executable, "-c", WORK_FOR_SECONDS + call],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=300)

    assert (output, errors.splitlines()[-1]) == ("", "KeyboardInterrupt")
    assert sorted(tmp_path.iterdir()) == before


def test_an_error_is_raised_with_its_own_traceback() -> None:
    def fail() -> None:
        raise KeyError("some message")

    with pytest.raises(KeyError, match="some message") as caught:
        call_interruptibly(fail)

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "fail" in names


def test_without_another_thread_the_function_is_called_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse = Mock(side_effect=RuntimeError("can't start new thread"))
    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert call_interruptibly(lambda: 7) == 7


def test_the_result_is_returned() -> None:
    assert call_interruptibly(lambda: divmod(7, 2)) == (3, 1)


def test_outside_the_main_thread_no_thread_is_started() -> None:
    identifiers: list[int] = []

    def call() -> None:
        identifiers.extend([threading.get_ident(), call_interruptibly(threading.get_ident)])

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()

    assert identifiers[0] == identifiers[1]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """An event of the test's own, which no other test sees set."""
    event = threading.Event()
    monkeypatch.setattr(interruption, "interrupted", event)
    return event


@pytest.mark.usefixtures("interrupted")
def test_an_interrupt_ends_what_a_thread_waits_for() -> None:
    begun, stopped = threading.Event(), threading.Event()
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            with stopped_by_interrupt(stopped.set):
                begun.set()
                stopped.wait()
                raise OSError("the wait ended")
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    interrupt()
    thread.join()

    assert [type(error) for error in caught] == [KeyboardInterrupt]


def test_after_an_interrupt_nothing_is_waited_for(interrupted: threading.Event) -> None:
    interrupted.set()

    with pytest.raises(KeyboardInterrupt), stopped_by_interrupt(Mock()):
        pytest.fail("the body was entered")
