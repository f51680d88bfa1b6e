"""What a command reports while it works: as text for people, or as JSON for a parent process."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from typing import Any

from csci_utils.console import answer, say
from csci_utils.errors import DescribedError
from csci_utils.text import one_line

from .system.progress import ProgressLine

REPORT_VARIABLE = "NEURAL_STYLE_REPORT"
"""Set to ``json`` for a packaged model by a parent process that reads its reports."""


class Reporter(ABC):
    """Reports notices, progress, and how a command ended."""

    @abstractmethod
    def notify(self, text: str) -> None:
        """Report what somebody who waits should know."""

    @abstractmethod
    def progress(self, done: int, total: int) -> None:
        """Report that `done` of `total` passes over a picture are done."""

    @abstractmethod
    def finish(self, lines: list[str], **result: Any) -> None:
        """Report success.

        Args:
            lines: What people should read.
            result: The same for a program, as plain JSON values.
        """

    @abstractmethod
    def fail(self, error: DescribedError) -> None:
        """Report an error."""

    def close(self) -> None:  # noqa: B027  (only a terminal needs it)
        """Remove what is displayed temporarily."""


class TextReporter(Reporter):
    """Writes results to standard output and everything else to standard error."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._line = ProgressLine(sys.stderr)

    def notify(self, text: str) -> None:
        """Write a line."""
        say(one_line(f"note: {text}"), sys.stderr)

    def progress(self, done: int, total: int) -> None:
        """Move a bar, on a terminal."""
        self._line(done, total)

    def finish(self, lines: list[str], **result: Any) -> None:
        """Write the lines; where nobody reads them, the work counts all the same."""
        self.close()
        for line in lines:
            say(one_line(line), sys.stdout)

    def fail(self, error: DescribedError) -> None:
        """Write a line."""
        self.close()
        say(f"error: {error}", sys.stderr)

    def close(self) -> None:
        """Erase the bar."""
        self._line.close()


class JsonReporter(Reporter):
    """Writes one JSON object per line to standard output.

    The objects are ``{"note": text}`` and ``{"progress": [done, total]}``, and at the end either
    ``{"result": {...}}`` or ``{"error": {...}}`` with the error's type, path, reason and remedy.
    """

    def notify(self, text: str) -> None:
        """Write a note."""
        _write(note=one_line(text))

    def progress(self, done: int, total: int) -> None:
        """Write how far a painting is."""
        _write(progress=[done, total])

    def finish(self, lines: list[str], **result: Any) -> None:
        """Write the result."""
        _write(result=result)

    def fail(self, error: DescribedError) -> None:
        """Write the error."""
        _write(error=error.to_json())


def make_reporter(is_for_program: bool) -> Reporter:
    """Return the reporter for a program, or for people."""
    return JsonReporter() if is_for_program else TextReporter()


def _write(**event: Any) -> None:
    answer(json.dumps(event))
