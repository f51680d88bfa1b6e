"""Console output to streams that fail, and exit codes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from csci_utils.console import ExitCode, answer, say
from csci_utils.errors import OutputError


class FaultyStream(io.StringIO):
    """Raises the given errors, one per write, and then works. Has no file descriptor."""

    encoding = "utf-8"

    def __init__(self, *errors: OSError) -> None:
        super().__init__()
        self._errors = list(errors)

    def write(self, text: str) -> int:
        if self._errors:
            raise self._errors.pop()
        return super().write(text)


def test_text_is_written_with_its_end() -> None:
    stream = io.StringIO()

    assert say("one", stream)
    assert say("two", stream, end="")

    assert stream.getvalue() == "one\ntwo"


def test_characters_that_an_encoding_lacks_are_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")

    assert say("\xe4.png", stream, end="")

    assert stream.buffer.getvalue() == b"\\xe4.png"


def test_a_busy_stream_works_later() -> None:
    stream = FaultyStream(BlockingIOError())

    assert [say("one", stream), say("two", stream)] == [False, True]
    assert stream.getvalue() == "two\n"


def test_a_stream_without_a_file_may_fail() -> None:
    assert not say("one", FaultyStream(OSError(5, "Input/output error")))


def test_a_closed_pipe_counts_as_success() -> None:
    assert say("one", FaultyStream(BrokenPipeError()))


def test_a_stream_that_was_closed_is_a_failure() -> None:
    stream = io.StringIO()
    stream.close()

    assert not say("one", stream)


def test_a_missing_stream_is_a_failure() -> None:
    assert not say("one", None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_after_a_failure_closing_the_stream_is_no_error() -> None:
    with open("/dev/full", "w") as stream:
        assert not say("one", stream)


def test_an_answer_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    answer("42")

    assert capsys.readouterr() == ("42\n", "")


def test_an_answer_that_cannot_be_written_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(OutputError, match=r"^standard output cannot be written; check "):
        answer("42")


def test_exit_codes_are_those_of_shells_and_argparse() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": os.EX_OK if hasattr(os, "EX_OK") else 0,
        "FAILED": 1,
        "USAGE": 2,
        "INTERRUPTED": 130,
    }


class TerminalStream(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "\x1b[31merror:\x1b[0m no room\n"),
        ({"NO_COLOR": ""}, "\x1b[31merror:\x1b[0m no room\n"),
        ({"NO_COLOR": "1"}, "error: no room\n"),
        ({"TERM": "dumb"}, "error: no room\n"),
    ],
)
def test_an_error_has_a_color_where_that_is_wanted(
    environment: dict[str, str], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = TerminalStream()

    say("error: no room", stream)

    assert stream.getvalue() == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07", r"a\x1b[31mb\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\r\x1b]8;;http://a\x1b\\", "\\r\\x1b]8;;http://a\\x1b\\"),
        ("\u202egnp.x", r"\u202egnp.x"),
        ("one\n\ttwo \U0001f469\u200d\U0001f680", "one\n\ttwo \U0001f469\u200d\U0001f680"),
    ],
)
def test_controls_are_escaped(text: str, shown: str) -> None:
    stream = io.StringIO()

    say(text, stream, end="")

    assert stream.getvalue() == shown


def test_a_file_gets_no_colors(tmp_path: Path) -> None:
    with open(tmp_path / "out", "w+") as file:
        say("error: no room", file)

    assert (tmp_path / "out").read_text() == "error: no room\n"
