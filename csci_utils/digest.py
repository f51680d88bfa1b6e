"""Digests of files, computed once for each state of a file."""

import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import IO

CHUNK_SIZE = 1 << 20
"""Bytes read at a time."""

SETTLING_NS = 2_000_000_000
"""The coarsest time stamp of the common file systems (FAT's). A file younger than that could be
written again without any change of its times, so its digest is not remembered."""


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Hex digest of the file's bytes.

    A file that rests, its inode, size and times unchanged, is not read again in this process.

    Raises:
        OSError: the file cannot be read.
    """
    status = os.stat(path)
    state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLING_NS:
        return _read_digest(Path(path), algorithm)
    return _remember_digest(Path(path).absolute(), state, algorithm)


@lru_cache(maxsize=1 << 16)
def _remember_digest(path: Path, state: tuple[int, ...], algorithm: str) -> str:
    return _read_digest(path, algorithm)


def _read_digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return stream_digest(file, algorithm)


def stream_digest(file: IO[bytes], algorithm: str = "sha256") -> str:
    """Hex digest of the bytes from here to the end of an opened file.

    Raises:
        OSError: the file cannot be read.
    """
    # MD5 serves here to compare with S3's ETags, not as a safeguard.
    digest = hashlib.new(algorithm, usedforsecurity=False)
    while chunk := file.read(CHUNK_SIZE):
        digest.update(chunk)
    return digest.hexdigest()
