"""A line on the terminal that shows what a command is doing, and for how long already.

It needs no package, because painting from a script should not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, RLock, Thread
from typing import TextIO

from csci_utils.console import is_terminal, say
from csci_utils.text import format_duration, one_line

_DELAY = 1.0  # seconds; what is shorter shows no line
_TICK = 0.25  # seconds between two drawings
_WIDTH = 16  # columns, as many as the engine has passes
_ERASE_LINE = "\r\x1b[K"  # ECMA-48, 8.3.41 (EL)
_WRAP_OFF, _WRAP_ON = "\x1b[?7l", "\x1b[?7h"  # DECAWM: wide characters stay in the line, too


class ProgressLine:
    """A line with a clock that moves by itself, and a bar if the progress is known."""

    def __init__(self, stream: TextIO | None) -> None:
        """Show nothing yet.

        Args:
            stream: Where to draw the line, if it is a terminal. None if it was closed before the
                program started.
        """
        self._stream = stream
        self._is_active = is_terminal(stream)
        self._is_shown = False
        self._label = ""
        self._begin = time.monotonic()
        self._progress: tuple[int, int] | None = None
        self._first: tuple[float, int] | None = None  # when progress was known first, and how much
        self._lock = RLock()
        self._closed = Event()
        self._thread: Thread | None = None

    def begin(self, label: str) -> None:
        """Show what is being done from now on, unless it takes less than a second.

        Args:
            label: For example ``painting coffee.png``.
        """
        with self._lock:
            self._label = one_line(label)
            self._begin = time.monotonic()
            self._progress = self._first = None
        if self._is_active and self._thread is None:
            self._thread = Thread(target=self._tick, daemon=True)
            self._thread.start()

    def __call__(self, done: int, total: int, label: str | None = None) -> None:
        """Show that `done` of `total` steps are done, and from now on another label."""
        with self._lock:
            self._progress = done, total
            self._first = self._first or (time.monotonic(), done)
            self._label = self._label if label is None else one_line(label)
            self._draw()

    @contextmanager
    def erased(self) -> Iterator[None]:
        """Erase the line while the body writes others."""
        with self._lock:
            self._erase()
            yield

    def close(self) -> None:
        """Erase the line, and draw it no more."""
        self._closed.set()
        with self._lock:
            self._is_active = False
            self._erase()

    def _tick(self) -> None:
        while not self._closed.wait(_TICK):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if self._is_active and time.monotonic() - self._begin >= _DELAY:
            self._is_shown = True  # set first: Ctrl-C may interrupt the next line
            text = self._describe()[: _find_columns(self._stream)]
            self._write(f"{_ERASE_LINE}{_WRAP_OFF}{text}{_WRAP_ON}")

    def _describe(self) -> str:
        now = time.monotonic()
        clock = format_duration(now - self._begin)
        if self._progress is None:
            return f"{clock} {self._label}"
        done, total = self._progress
        filled = _WIDTH * done // total
        bar = "#" * filled + "." * (_WIDTH - filled)
        return f"[{bar}] {done / total:4.0%} {clock}{self._describe_rest(now)} {self._label}"

    def _describe_rest(self, now: float) -> str:
        """Return how long it still takes, if that is known."""
        assert self._progress is not None
        assert self._first is not None
        done, total = self._progress
        begin, earlier = self._first
        if done == earlier:
            return ""
        return f", {format_duration((now - begin) * (total - done) / (done - earlier))} left"

    def _erase(self) -> None:
        if self._is_shown:
            self._is_shown = False
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        if not say(text, self._stream, "", is_drawn=True):
            self._is_active = False  # the terminal is gone; the work goes on


def _find_columns(stream: TextIO | None) -> int | None:
    """Return the width of a terminal; None if it is unknown."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None if stream else None
    except (OSError, ValueError):
        return None
