"""Errors as values: where something went wrong, what is wrong, and what to do about it.

`DescribedError` is the common base of the errors that the packages of this project raise on
purpose. Its parts stay apart until somebody displays them, so nothing ever has to take a message
apart again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .text import one_line


class DescribedError(Exception):
    """An error that says where, what and what to do.

    Displayed (`str`), it is one printable line: ``<path>: <reason>; <remedy>``.
    """

    path: str | None
    """The file, folder or URL that the error is about, without any secret in it."""
    reason: str
    """What is wrong, in plain words: what was expected, and what came."""
    remedy: str
    """What the reader can do about it; empty if there is nothing to say."""

    def __init__(
        self, reason: str, *, path: str | os.PathLike[str] | None = None, remedy: str = ""
    ) -> None:
        """Keep the parts."""
        super().__init__(reason)
        self.path = None if path is None else os.fspath(path)
        self.reason = reason
        self.remedy = remedy

    def to_json(self) -> dict[str, str | None]:
        """Return the name of the error's class and its parts, as plain JSON values."""
        return {
            "type": type(self).__name__,
            "path": self.path,
            "reason": one_line(self.reason),
            "remedy": self.remedy,
        }

    def __str__(self) -> str:
        """Return the parts as one printable line."""
        place = "" if self.path is None else f"{self.path}: "
        remedy = f"; {self.remedy}" if self.remedy else ""
        return one_line(f"{place}{self.reason}{remedy}")


@contextmanager
def at_path(path: str | os.PathLike[str]) -> Iterator[None]:
    """Set the `path` of a `DescribedError` raised inside, unless it names one already.

    Functions that work on bytes know no file names; their callers wrap them in this.
    """
    try:
        yield
    except DescribedError as error:
        if error.path is None:
            error.path = os.fspath(path)
        raise


@contextmanager
def instead_of_path(
    temporary_path: str | os.PathLike[str], path: str | os.PathLike[str]
) -> Iterator[None]:
    """Name `path` in a `DescribedError` raised inside that names a temporary file in its place."""
    try:
        yield
    except DescribedError as error:
        if error.path == os.fspath(temporary_path):
            error.path = os.fspath(path)
        raise


class CsciUtilsError(DescribedError):
    """Base of all errors that this package raises on purpose."""


class NothingWrittenError(CsciUtilsError, ValueError):
    """The body of a write wrote nothing, so nothing was committed."""


class AlreadyExistsError(CsciUtilsError, FileExistsError):
    """A create-only write met a file or object that was there first, with other bytes."""


class ChangedError(CsciUtilsError, RuntimeError):
    """A file or object changed while it was being read or sent."""


class S3Error(CsciUtilsError, OSError):
    """S3 refused a request or did not answer."""


class S3AccessError(S3Error, PermissionError):
    """Credentials are missing, wrong, expired or insufficient; the object's state is unknown."""


class S3BucketMissingError(S3Error, FileNotFoundError):
    """The bucket does not exist. It is never created silently."""


class S3KeyMissingError(S3Error, FileNotFoundError):
    """The bucket exists and has no object with this key."""


class TransferError(S3Error):
    """The bytes that S3 sent were cut short or damaged; another attempt may succeed."""


class DownloadError(CsciUtilsError, OSError):
    """A file could not be downloaded. `path` is its address without credentials or query."""


class BusyError(CsciUtilsError, BlockingIOError):
    """Another process is working on the same file."""


class OutputError(CsciUtilsError, OSError):
    """Standard output cannot be written."""
