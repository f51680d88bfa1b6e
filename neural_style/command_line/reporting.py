"""Reports of a command at work: text for people, or JSON for a parent process."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from csci_utils.console import answer, say
from csci_utils.errors import DescribedError, OutputError
from csci_utils.text import one_line

from .progress_line import ProgressLine

REPORT_VARIABLE = "NEURAL_STYLE_REPORT"
"""Set to ``json`` for a packaged model by a parent process that reads its reports."""


class Reporter(ABC):
    """Reports notes, progress, and how a command ended."""

    def begin(self, label: str) -> None:  # noqa: B027  (only a terminal needs it)
        """Report what is being done from now on, such as ``painting coffee.png``."""

    @abstractmethod
    def notify(self, text: str) -> None:
        """Report a note: one line that the reader should know, such as a change of backend."""

    @abstractmethod
    def progress(self, done: int, total: int) -> None:
        """Report that `done` of `total` passes over a picture are done."""

    @abstractmethod
    def finish(self, lines: list[str], **result: Any) -> None:
        """Report success.

        Args:
            lines: The result for people.
            result: The result for a program, as plain JSON values.
        """

    @abstractmethod
    def fail(self, error: DescribedError) -> None:
        """Report an error."""

    def paused(self) -> AbstractContextManager[None]:
        """Return a context in which other lines may be written to the terminal."""
        return nullcontext()

    def close(self) -> None:  # noqa: B027  (only a terminal needs it)
        """Remove what is displayed temporarily."""


class TextReporter(Reporter):
    """Writes results to standard output and everything else to standard error."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._line = ProgressLine(sys.stderr)

    def begin(self, label: str) -> None:
        """Show it with a clock, on a terminal."""
        self._line.begin(label)

    def notify(self, text: str) -> None:
        """Write a line."""
        with self._line.erased():
            say(one_line(f"note: {text}"), sys.stderr)

    def progress(self, done: int, total: int) -> None:
        """Move a bar, on a terminal."""
        self._line(done, total)

    def paused(self) -> AbstractContextManager[None]:
        """Erase the line with the progress meanwhile."""
        return self._line.erased()

    def finish(self, lines: list[str], **result: Any) -> None:
        """Write the lines. A failure to write them is not an error, because the work is done."""
        self.close()
        for line in lines:
            say(one_line(line), sys.stdout)

    def fail(self, error: DescribedError) -> None:
        """Write a line."""
        self.close()
        say(f"error: {error}", sys.stderr)

    def close(self) -> None:
        """Erase the line with the progress."""
        self._line.close()


class JsonReporter(Reporter):
    """Writes one JSON object per line to standard output.

    The objects are ``{"note": text}`` and ``{"progress": [done, total]}``, and at the end either
    ``{"result": {...}}`` or ``{"error": {...}}`` with the error's type, path, reason and remedy.
    An object that cannot be written does not stop the work, but makes `finish` fail.
    """

    def __init__(self) -> None:
        """Write nothing yet."""
        self._failure: OutputError | None = None

    def notify(self, text: str) -> None:
        """Write a note."""
        self._write(note=one_line(text))

    def progress(self, done: int, total: int) -> None:
        """Write the progress of a painting."""
        self._write(progress=[done, total])

    def finish(self, lines: list[str], **result: Any) -> None:
        """Write the result.

        Raises:
            OutputError: This object, or an earlier one, cannot be written.
        """
        self._write(result=result)
        if self._failure is not None:
            raise self._failure

    def fail(self, error: DescribedError) -> None:
        """Write the error; to standard error if standard output cannot be written."""
        self._write(error=error.to_json())
        if self._failure is not None:
            say(f"error: {error}", sys.stderr)

    def _write(self, **event: Any) -> None:
        try:
            answer(json.dumps(event))
        except OutputError as error:
            self._failure = error


def make_reporter(is_for_program: bool) -> Reporter:
    """Return the reporter for a program, or for people."""
    return JsonReporter() if is_for_program else TextReporter()
