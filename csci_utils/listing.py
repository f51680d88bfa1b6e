"""Listings of files, wherever they are: in S3, in a shared folder, on this machine."""

from __future__ import annotations

import os
from typing import NamedTuple

from .errors import TooLargeError

MAX_FILES = 10_000_000
"""The longest listing."""


class ListedFile(NamedTuple):
    """One file as a listing describes it; the file itself is not examined."""

    path: str
    """Its path or URL."""
    size: int
    """In bytes."""
    modified: float
    """When it was last changed, in seconds since 1970."""
    mark: str
    """Changes when the file is replaced. It may also change without that, as when a server
    restarts."""
    etag: str = ""
    """S3's ETag, without quotes; empty for other files."""
    checksum: str = ""
    """The kind of checksum that S3 keeps of the file, and its scope: ``SHA256 FULL_OBJECT``. A
    listing does not have its value."""


def list_local(path: str, status: os.stat_result) -> ListedFile:
    """Return the entry of a file on this machine."""
    mark = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    return ListedFile(path, status.st_size, status.st_mtime, mark)


def too_long(path: str, max_files: int) -> TooLargeError:
    """Return the error about a listing that exceeds the limit."""
    return TooLargeError(
        f"expected at most {max_files:,} files, found more",
        path=path,
        remedy="name a folder or prefix with fewer files",
    )
