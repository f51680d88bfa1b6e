"""A progress bar on the terminal."""

from __future__ import annotations

import time
from typing import TextIO

from csci_utils.console import say

_DELAY = 1.0  # seconds; shorter paintings show no bar
_WIDTH = 32  # columns
_ERASE_LINE = "\r\x1b[K"  # ECMA-48, 8.3.41 (EL)


class ProgressLine:
    """A bar that shows how many passes over a picture are done; on terminals only."""

    def __init__(self, stream: TextIO | None) -> None:
        """Start the clock.

        Args:
            stream: Where to draw the bar. None if it was closed before the program started.
        """
        self._stream = stream
        self._is_active = stream is not None and stream.isatty()
        self._is_shown = False
        self._start = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Draw the bar for `done` of `total` passes, unless less than a second has passed."""
        if self._is_active and time.monotonic() - self._start >= _DELAY:
            filled = _WIDTH * done // total
            bar = "#" * filled + "." * (_WIDTH - filled)
            self._is_shown = True  # set first: Ctrl-C may interrupt the next line
            self._write(f"{_ERASE_LINE}painting [{bar}] {done}/{total}")

    def close(self) -> None:
        """Erase the bar if it is shown."""
        if self._is_shown:
            self._is_shown = False
            self._write(_ERASE_LINE)

    def _write(self, text: str) -> None:
        if not say(text, self._stream, end=""):
            self._is_active = False  # the terminal is gone; the painting goes on
