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
from ..listing import MAX_FILES, ListedFile, list_local, too_long
from ..rooted import Root


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
        """Yield the paths of the files that `list_files` yields."""
        return (file.path for file in self.list_files(path))

    def list_files(self, path: str) -> Iterator[ListedFile]:
        """Yield all files and links below a folder, in no order; none if it does not exist.

        Raises:
            OSError: A folder cannot be read (Luigi's own method skips it).
            TooLargeError: There are more than `MAX_FILES`.
        """
        return list_below(Root(path), path)

    def size(self, path: str) -> int | None:
        """Return the file's number of bytes, or None if no regular file exists."""
        # os.path.exists() also returns False if the folder may not be searched.
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None


def list_below(root: Root, path: str) -> Iterator[ListedFile]:
    """Yield all files and links below a folder, which is a root or below it, in no order.

    Raises:
        OSError: A folder cannot be read.
        TooLargeError: There are more than `MAX_FILES`.
    """
    for count, (file_path, status) in enumerate(root.scan(path)):
        if count >= MAX_FILES:
            raise too_long(path, MAX_FILES)
        yield list_local(file_path, status)
