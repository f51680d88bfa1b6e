"""Failures of `watch`: each is printed once, until its file changes or a run succeeds."""

from __future__ import annotations

import sys
from collections.abc import Collection

from csci_utils.console import say
from csci_utils.errors import (
    ChangedError,
    DescribedError,
    S3Error,
    S3KeyMissingError,
    TooLargeError,
)
from neural_style import NeuralStyleError

from ..errors import ConflictError, InvalidNameError, MissingError, MissingRemoteError, RunnerError
from ..execution import Failure, Outcome
from ..tasks.batch import Piece
from .choosing import list_files

LASTING = (
    NeuralStyleError,
    RunnerError,
    ConflictError,
    InvalidNameError,
    MissingError,
    TooLargeError,
)
"""Errors that stay until a file is changed. Others may pass."""


class Failures:
    """The failures that the gallery shows, and those that were printed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lasting: dict[Piece, str] = {}
        self._said: set[str] = set()
        self.is_out = False
        """Whether the remote is out of reach."""

    @property
    def messages(self) -> list[str]:
        """Why files cannot be used, each once."""
        return list(dict.fromkeys(self._lasting.values()))

    @property
    def files(self) -> set[str]:
        """The images and models that cannot be used until they are changed."""
        pieces = (piece for piece in self._lasting if len(files_of(piece)) == 1)
        return {name for piece in pieces for name in files_of(piece)}

    def take(self, outcome: Outcome, fresh: set[str]) -> set[str]:
        """Print what failed in a run, and return the files to be tried again.

        Args:
            outcome: What came of the run.
            fresh: The files that had just changed, and may have gone on changing meanwhile.
        """
        outages = [failure for failure in outcome.failures if _is_outage(failure.error)]
        if outages:
            self.take_outage(outages[0].error)
        else:
            self.end_outage()
        for failure in outcome.failures:
            self._take(failure, fresh)
        again = [failure for failure in outcome.failures if not isinstance(failure.error, LASTING)]
        return {name for failure in again for name in files_of(failure.piece)}

    def _take(self, failure: Failure, fresh: set[str]) -> None:
        message = str(failure.error)
        if isinstance(failure.error, LASTING):
            if message not in self.messages:
                _say(message)
            self._lasting[failure.piece] = message
        elif isinstance(failure.error, ChangedError) and not fresh.isdisjoint(
            files_of(failure.piece)
        ):
            pass  # it is tried again anyway
        elif not _is_outage(failure.error):
            self.say_once(message)

    def say_once(self, message: str) -> None:
        """Print a message, unless it was printed since all went well."""
        if message not in self._said:
            self._said.add(message)
            _say(message)

    def take_outage(self, error: DescribedError) -> None:
        """Print, once, that the remote is out of reach."""
        if not self.is_out:
            _say(str(error))
            say("note: it is tried again until it succeeds", sys.stderr)
        self.is_out = True

    def end_outage(self) -> None:
        """Print that the remote answers, if it did not."""
        if self.is_out:
            say("note: the remote answers again", sys.stderr)
        self.is_out = False

    def forget(self, files: Collection[str]) -> None:
        """Forget what failed with files that were changed or removed."""
        self._lasting = {
            piece: message
            for piece, message in self._lasting.items()
            if files_of(piece).isdisjoint(files)
        }

    def forget_passed(self) -> None:
        """Forget what was printed: all went well."""
        self._said.clear()


def files_of(piece: Piece) -> set[str]:
    """Return the files of images and models that something is about."""
    return {file for name in (piece.image, piece.model) if name for file in list_files(name)}


def _say(message: str) -> None:
    say(f"failed: {message}", sys.stderr)


def _is_outage(error: DescribedError) -> bool:
    """Return whether an error is about the remote as a whole."""
    return isinstance(error, (S3Error, MissingRemoteError)) and not isinstance(
        error, S3KeyMissingError
    )
