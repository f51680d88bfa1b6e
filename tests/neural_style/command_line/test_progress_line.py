"""The progress bar on the terminal."""

from __future__ import annotations

import io
from contextlib import closing

import pytest

from neural_style.command_line import progress_line
from neural_style.command_line.progress_line import ProgressLine
from tests.support.pipeline.programs import wait_until


class Terminal(io.StringIO):
    """A terminal that records what is written to it."""

    def isatty(self) -> bool:
        return True


class LostTerminal(Terminal):
    """A terminal whose window was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    def write(self, text: str) -> int:
        self.attempts += 1
        raise OSError(5, "Input/output error")


class Clock:
    """A replacement for `time.monotonic` that only tests move."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the progress bar reads. Its thread draws nothing."""
    clock = Clock()
    monkeypatch.setattr("neural_style.command_line.progress_line.time.monotonic", clock)
    monkeypatch.setattr(progress_line, "_TICK", 3600.0)
    return clock


def shown(text: str) -> str:
    """Return what draws a line in place of the last one."""
    return f"\r\x1b[K\x1b[?7l{text}\x1b[?7h"


@pytest.mark.parametrize(
    ("seconds", "output"),
    [
        (0.9, ""),
        (1.1, shown("[########........]  50% 0:01 painting a.png") + "\r\x1b[K"),
    ],
    ids=["before", "after"],
)
def test_a_bar_appears_after_a_second_and_is_erased(
    seconds: float, output: str, clock: Clock
) -> None:
    terminal = Terminal()

    with closing(ProgressLine(terminal)) as progress:
        progress.begin("painting a.png")
        clock.seconds += seconds
        progress(8, 16)

    assert terminal.getvalue() == output


def test_the_bar_says_how_long_it_still_takes(clock: Clock) -> None:
    terminal = Terminal()

    with closing(ProgressLine(terminal)) as progress:
        progress.begin("training a.png")
        clock.seconds += 60  # PyTorch is loaded
        progress(100, 400)  # resumed
        clock.seconds += 10
        progress(200, 400)

    assert shown("[########........]  50% 1:10, 0:20 left training a.png") in terminal.getvalue()


def test_without_progress_the_clock_moves_by_itself(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_line, "_TICK", 0.01)
    terminal = Terminal()

    with closing(ProgressLine(terminal)) as progress:
        progress.begin("painting a.png in many.onnx")
        clock.seconds += 62
        wait_until(lambda: "1:02" in terminal.getvalue())

    assert shown("1:02 painting a.png in many.onnx") in terminal.getvalue()


def test_other_lines_take_the_place_of_the_bar(clock: Clock) -> None:
    terminal = Terminal()

    with closing(ProgressLine(terminal)) as progress:
        clock.seconds += 2
        progress(8, 16)
        with progress.erased():
            terminal.write("note\n")

    assert terminal.getvalue().endswith("\x1b[?7h\r\x1b[Knote\n")


def test_a_file_gets_no_bar(clock: Clock) -> None:
    file = io.StringIO()

    with closing(ProgressLine(file)) as progress:
        clock.seconds += 60
        progress(8, 16)

    assert file.getvalue() == ""


def test_a_closed_stream_gets_no_bar(clock: Clock) -> None:
    with closing(ProgressLine(None)) as progress:
        clock.seconds += 60
        progress(8, 16)


def test_a_lost_terminal_is_no_error_and_not_written_to_again(clock: Clock) -> None:
    terminal = LostTerminal()

    with closing(ProgressLine(terminal)) as progress:
        clock.seconds += 60
        progress(8, 16)
        attempts_for_the_first_bar = terminal.attempts
        progress(9, 16)
        attempts_for_both_bars = terminal.attempts

    assert attempts_for_the_first_bar > 0
    assert attempts_for_both_bars == attempts_for_the_first_bar
