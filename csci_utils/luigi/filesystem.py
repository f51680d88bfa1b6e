"""The local file system, with the same questions answered as S3.

Luigi's file systems say whether something exists. Moving objects both ways takes two more
answers, which `LocalFileSystem` and `csci_utils.luigi.s3.S3Client` give alike: which `version` is
there, and whether it has the `same_bytes` as a local file.
"""

import os
import stat
from collections.abc import Iterator

import luigi.local_target

from ..digest import file_digest
from ..errors import NothingWrittenError


class LocalFileSystem(luigi.local_target.LocalFileSystem):
    """Luigi's local file system, which answers for regular files only."""

    def exists(self, path: str) -> bool:
        """Whether a file is there. A folder is none; "permission denied" is an error.

        Raises:
            OSError: it cannot be told, other than because nothing is there.
        """
        return self._size(path) is not None

    def version(self, path: str) -> str | None:
        """The SHA-256 of the file's bytes; None where there is no file."""
        return file_digest(path) if self.exists(path) else None

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Whether the file is there and holds exactly the bytes of the local file."""
        return self._size(path) == os.stat(local_path).st_size and file_digest(path) == file_digest(
            local_path
        )

    def listdir(self, path: str) -> Iterator[str]:
        """Paths of all files below a folder; none where nothing is there.

        Raises:
            OSError: a folder cannot be read (Luigi's own leaves it out).
        """
        for folder, _, names in os.walk(path, onerror=_raise_unless_missing):
            yield from (os.path.join(folder, name) for name in names)

    def _size(self, path: str) -> int | None:
        # os.path.exists() would call a file "missing" in a folder that may not be searched.
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None


def check_written(temporary_path: str, path: str) -> None:
    """Raise NothingWrittenError unless there are bytes to commit to `path`."""
    if not os.path.exists(temporary_path) or os.path.getsize(temporary_path) == 0:
        raise NothingWrittenError(
            f"{path}: nothing was written, so nothing was committed; "
            "write to the opened file or to its temporary path"
        )


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
