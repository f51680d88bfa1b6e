"""A line on the terminal that says how far a painting is."""

from __future__ import annotations

import time
from typing import TextIO

from csci_utils.console import say

_PATIENCE = 1.0  # seconds until it appears: shorter ones need none
_WIDTH = 32  # columns
_ERASE = "\r\x1b[K"  # to the line's begin, and clear it: ECMA-48, 8.3.41


class ProgressLine:
    """Shows passes that are done as a bar, on terminals only, until it is closed."""

    def __init__(self, stream: TextIO | None) -> None:
        """`stream` is None where it was closed when this program began."""
        self._stream = stream
        self._is_wanted = stream is not None and stream.isatty()
        self._is_shown = False
        self._begin = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` passes are done."""
        if self._is_wanted and time.monotonic() - self._begin >= _PATIENCE:
            filled = _WIDTH * done // total
            bar = "#" * filled + "." * (_WIDTH - filled)
            self._is_shown = True  # first: Ctrl-C may come before the next line
            self._write(f"{_ERASE}painting [{bar}] {done}/{total}")

    def close(self) -> None:
        """Erase it, if it is shown."""
        if self._is_shown:
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        if not say(text, self._stream, end=""):
            self._is_wanted = False  # the terminal is gone; the painting goes on
