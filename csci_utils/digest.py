"""Digests of files, computed once for each state of a file."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path

CHUNK_SIZE = 1 << 20
"""Bytes read at a time."""


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Hex digest of the file's bytes.

    A file whose inode, size and times are unchanged is not read again in this process.

    Raises:
        OSError: the file cannot be read.
    """
    status = os.stat(path)
    state = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _digest_of_state(Path(path).absolute(), state, algorithm)


@lru_cache(maxsize=1 << 16)
def _digest_of_state(path: Path, state: tuple[int, ...], algorithm: str) -> str:
    # MD5 serves here to compare with S3's ETags, not as a safeguard.
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()
