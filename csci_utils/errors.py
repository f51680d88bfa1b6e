"""Errors as values: where something went wrong, what is wrong, and what to do about it.

`DescribedError` is the common base of the errors that the packages of this project raise on
purpose. Its parts are separate attributes until the error is displayed, so no caller has to parse
a message.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .text import one_line

_CHECK_PERMISSIONS = "check its permissions, and those of its folder"
_MAKE_ROOM = "make room on that disk, and run again"
_MOVE_AWAY = "move away what is there"
_RAISE_FILES = "close other programs, or allow more open files (ulimit -n)"

_REMEDIES = {
    errno.EACCES: _CHECK_PERMISSIONS,
    errno.EPERM: _CHECK_PERMISSIONS,
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EROFS: "name a folder that can be written to",
    errno.EEXIST: _MOVE_AWAY,
    errno.EISDIR: _MOVE_AWAY,
    errno.ENOTDIR: "move away the file that has the name of a folder",
    errno.ENOENT: "check the path, and run again",
    errno.ELOOP: "put the file or folder itself there",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EMFILE: _RAISE_FILES,
    errno.ENFILE: _RAISE_FILES,
    errno.EFBIG: "allow larger files (ulimit -f), or use a disk that holds them",
    errno.EIO: "check that disk, and run again",
}
_CROWDED = frozenset([errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE])


class DescribedError(Exception):
    """An error with a path, a reason and a remedy.

    Its `str` is one printable line: ``<path>: <reason>; <remedy>``.
    """

    path: str | None
    """The file, folder or URL that the error is about, without secrets."""
    reason: str
    """What is wrong: what was expected, and what came instead."""
    remedy: str
    """What the reader can do about it, as a command; empty if nothing."""

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
    """Set the `path` of a `DescribedError` raised in the body, unless it has one.

    For callers of functions that work on bytes and do not know the file's name.
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


def find_remedy(error: BaseException) -> str:
    """Return what helps against a refusal of the operating system; empty if nothing is known."""
    # The numbers of other modules' errors, such as ssl's, are numbers of their own.
    if not isinstance(error, OSError) or type(error).__module__ != "builtins":
        return ""
    return _REMEDIES.get(error.errno or 0, "")


def is_crowded(error: BaseException) -> bool:
    """Return True if an error, or its cause, is a lack of disk space or of open files.

    Other work that runs at the same time may have taken them.
    """
    cause = root_cause(error)
    return isinstance(cause, OSError) and cause.errno in _CROWDED


def root_cause(error: BaseException) -> BaseException:
    """Return the innermost of nested errors, which tells what went wrong.

    Libraries nest errors in ``kwargs``, ``reason`` or ``args`` besides Python's own chain.
    """
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        kwargs = getattr(error, "kwargs", None)
        nested = (
            kwargs.get("error") if isinstance(kwargs, dict) else None,
            getattr(error, "reason", None),
            *error.args,
            error.__cause__,
            error.__context__,
        )
        error = next((each for each in nested if isinstance(each, BaseException)), error)
    return error


class CsciUtilsError(DescribedError):
    """Base of all errors that this package raises on purpose."""


class NothingWrittenError(CsciUtilsError, ValueError):
    """Nothing was written to a target, so nothing was committed."""


class AlreadyExistsError(CsciUtilsError, FileExistsError):
    """The target of a create-only write exists already, with other bytes."""


class LinkError(CsciUtilsError, OSError):
    """A link is where only files and folders are accepted; it was not followed."""


class ChangedError(CsciUtilsError, RuntimeError):
    """A file changed while it was being read or sent."""


class S3Error(CsciUtilsError, OSError):
    """S3 refuses a request or does not answer."""


class S3AccessError(S3Error, PermissionError):
    """Credentials are missing, wrong, expired or insufficient; the object's state is unknown."""


class S3BucketMissingError(S3Error, FileNotFoundError):
    """The bucket does not exist; it is never created automatically."""


class S3KeyMissingError(S3Error, FileNotFoundError):
    """The bucket exists, but has no object with this key."""


class TransferError(S3Error):
    """The bytes from S3 were cut short or damaged; another try may succeed."""


class StalledError(TransferError):
    """The server sends nothing, or almost nothing; each further try takes as long."""


class TooLargeError(CsciUtilsError):
    """A file or a listing is larger than the limit."""


def check_size(
    path: str | os.PathLike[str],
    size: int,
    max_bytes: int,
    error_type: type[DescribedError] = TooLargeError,
) -> None:
    """Check that a file or object, so far as it is known, has at most `max_bytes`.

    Raises:
        error_type: It has more.
    """
    if size > max_bytes:
        raise error_type(
            f"expected at most {max_bytes:,} bytes, got {size:,}",
            path=path,
            remedy="is this the right file?",
        )


class DownloadError(CsciUtilsError, OSError):
    """A file cannot be downloaded.

    `path` is its URL without credentials and query, followed by the host that it redirected to.
    """


class BusyError(CsciUtilsError, BlockingIOError):
    """Another process is using the same file."""


class OutputError(CsciUtilsError, OSError):
    """Standard output cannot be written."""
