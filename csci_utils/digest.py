"""Digests of files, computed once for each state of a file."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import IO

CHUNK_SIZE = 1 << 20
"""Bytes read at a time."""

SETTLING_NS = 2_000_000_000
"""The coarsest timestamp of the common file systems (FAT), in nanoseconds. A file that changed less
than this ago could change again without a new timestamp, so its digest is not cached."""


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the hex digest of a file's bytes.

    Digests are cached by inode, size and timestamps, so an unchanged file is read only once per
    process.

    Raises:
        OSError: The file cannot be read.
    """
    return _CACHE.file_digest(path, algorithm)


def stream_digest(file: IO[bytes], algorithm: str = "sha256") -> str:
    """Return the hex digest of the bytes from the current position to the end of a file.

    Raises:
        OSError: The file cannot be read.
    """
    # MD5 is compared with S3's ETags here, and protects nothing.
    digest = hashlib.new(algorithm, usedforsecurity=False)
    while chunk := file.read(CHUNK_SIZE):
        digest.update(chunk)
    return digest.hexdigest()


def _digest_of_state(path: Path, state: tuple[int, ...], algorithm: str) -> str:
    return _read_digest(path, algorithm)


def _read_digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return stream_digest(file, algorithm)


class DigestCache:
    """Digests of files, cached by path, inode, size and timestamps.

    An unchanged file is read only once. Threads may share a cache.
    """

    def __init__(self, max_entries: int = 1 << 16) -> None:
        """Create an empty cache.

        Args:
            max_entries: The number of digests that are kept, the most recently used ones. Each
                takes a few hundred bytes.
        """
        self._cached_digest = lru_cache(max_entries)(_digest_of_state)

    def file_digest(self, path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
        """Return the hex digest of a file's bytes; see the function `file_digest`."""
        status = os.stat(path)
        state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLING_NS:
            return _read_digest(Path(path), algorithm)
        return self._cached_digest(Path(path).absolute(), state, algorithm)


_CACHE = DigestCache()
"""Global, because tasks know nothing of each other: one that reads what another wrote finds its
digest here."""
