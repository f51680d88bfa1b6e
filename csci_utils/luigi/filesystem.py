"""The local file system, answering the same questions as S3.

Luigi's file systems tell whether something exists. A copy in either direction needs two more
answers, which `LocalFileSystem` and `S3Client` both give: the ``version`` of an object, and whether
it has the ``same_bytes`` as a local file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import luigi.local_target

from ..digest import file_digest
from ..errors import NothingWrittenError, TooLargeError

MAX_FILES = 10_000_000
"""The longest listing."""


class LocalFileSystem(luigi.local_target.LocalFileSystem):
    """Luigi's local file system, restricted to regular files."""

    def exists(self, path: str) -> bool:
        """Return True if a regular file exists; a folder does not count.

        Raises:
            OSError: The answer is unknown, as when permission is denied.
        """
        return self.size(path) is not None

    def version(self, path: str) -> str | None:
        """Return what differs if the file's bytes do: their SHA-256; None if it does not exist."""
        return self.sha256(path)

    def sha256(self, path: str) -> str | None:
        """Return the SHA-256 of the file's bytes, or None if it does not exist."""
        return file_digest(path) if self.exists(path) else None

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Return True if the file exists and its bytes equal the local file's."""
        return self.size(path) == os.stat(local_path).st_size and file_digest(path) == file_digest(
            local_path
        )

    def listdir(self, path: str) -> Iterator[str]:
        """Yield the paths of all files below a folder; none if it does not exist.

        Raises:
            OSError: A folder cannot be read (Luigi's own method skips it).
            TooLargeError: There are more than `MAX_FILES`.
        """
        count = 0
        for folder, _, names in os.walk(path, onerror=raise_unless_missing):
            count += max(len(names), 1)
            if count > MAX_FILES:
                raise too_long(path, MAX_FILES)
            yield from (os.path.join(folder, name) for name in names)

    def size(self, path: str) -> int | None:
        """Return the file's number of bytes, or None if no regular file exists."""
        # os.path.exists() also returns False if the folder may not be searched.
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None


def check_written(temporary_path: str, path: str, dir_fd: int | None = None) -> None:
    """Check that a temporary file has bytes to commit.

    Args:
        temporary_path: The temporary file.
        path: The target, for the message.
        dir_fd: The open folder that `temporary_path` is relative to.

    Raises:
        NothingWrittenError: The temporary file is empty or missing.
    """
    try:
        size = os.stat(temporary_path, dir_fd=dir_fd).st_size
    except FileNotFoundError:
        size = 0
    if size == 0:
        raise NothingWrittenError(
            "nothing was written, so nothing was committed",
            path=path,
            remedy="write to the opened file or to its temporary path",
        )


def too_long(path: str, max_files: int) -> TooLargeError:
    """Return the error about a listing that exceeds the limit."""
    return TooLargeError(
        f"expected at most {max_files:,} files, found more",
        path=path,
        remedy="name a folder or prefix with fewer files",
    )


def raise_unless_missing(error: OSError) -> None:
    """Raise an error of ``os.walk`` unless the folder is missing."""
    if not isinstance(error, FileNotFoundError):
        raise error
