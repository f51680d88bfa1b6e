"""The console of rich on a terminal."""

from __future__ import annotations

from typing import TextIO, cast

from rich.console import Console

from csci_utils.console import say


class _Stream:
    """A stream whose failures never stop the work: see `say`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_lost = False

    def write(self, text: str) -> int:
        self._is_lost = self._is_lost or not say(text, self._stream, "", is_drawn=True)
        return len(text)

    def flush(self) -> None:
        """Do nothing: `say` flushes."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        return self._stream.encoding


def make_console(stream: TextIO) -> Console:
    """Return a console on a terminal, which takes all text as it is.

    It has no colors if ``NO_COLOR`` is set.
    """
    file = cast("TextIO", _Stream(stream))
    return Console(file=file, markup=False, emoji=False, highlight=False, force_jupyter=False)
