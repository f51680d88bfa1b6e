"""Digests of files, computed once for each state of a file."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol

CHUNK_SIZE = 1 << 16
"""Bytes read at a time. More is no faster, and each of many threads keeps what it once took."""

SETTLING_NS = 2_000_000_000
"""The coarsest timestamp of the common file systems (FAT), in nanoseconds. A file that changed less
than this ago could change again without a new timestamp, so its digest is not cached."""

FINE_SETTLING_NS = 100_000_000
"""The same where timestamps are fine: they come from a clock that ticks every 16 ms or faster."""

_COARSE_NS = 10_000_000  # timestamps of exFAT, and of coarser ones, are multiples of it

Opener = Callable[[str, int], int]
"""Opens a file by path and flags, and returns its descriptor, as ``os.open`` does."""


def file_digest(
    path: str | os.PathLike[str], algorithm: str = "sha256", opener: Opener | None = None
) -> str:
    """Return the hex digest of a file's bytes.

    Digests are cached by inode, size and timestamps, so an unchanged file is read only once per
    process.

    Args:
        path: The file.
        algorithm: One of `hashlib`, or ``crc32``.
        opener: Opens the file instead of ``os.open``. Its digests are cached by it.

    Raises:
        OSError: The file cannot be read.
    """
    return _CACHE.file_digest(path, algorithm, opener)


FileState = tuple[int, int, int, int]
"""Inode, size, and the times of the last change of content and of status, in nanoseconds."""


def file_state(path: str | os.PathLike[str]) -> FileState | None:
    """Return what changes with each change of a file, or None if that is not sure yet.

    Until it `is_settled`, a file could change again without a new timestamp. So equal states mean
    equal bytes, and None is to be compared with nothing: read the file instead.

    Raises:
        OSError: The file does not exist or cannot be examined.
    """
    return _settled_state(os.stat(path))


def is_settled(times: Sequence[int], now: int) -> bool:
    """Return whether a file that changes after `now` gets other timestamps than these.

    Args:
        times: When it changed last, in content and in status.
        now: When it was looked at; all in nanoseconds since 1970.
    """
    content, status = times
    is_fine = content % _COARSE_NS and status % _COARSE_NS
    settling = min(FINE_SETTLING_NS, SETTLING_NS) if is_fine else SETTLING_NS
    return now - max(times) >= settling


def _settled_state(status: os.stat_result) -> FileState | None:
    if not is_settled((status.st_mtime_ns, status.st_ctime_ns), time.time_ns()):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Readable(Protocol):
    """Something with bytes to read, such as an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


def stream_digest(file: Readable, algorithm: str = "sha256") -> str:
    """Return the hex digest of the bytes from the current position to the end of a file.

    Raises:
        OSError: The file cannot be read.
    """
    # MD5 is compared with S3's ETags here, and protects nothing.
    digest = _Crc32() if algorithm == "crc32" else hashlib.new(algorithm, usedforsecurity=False)
    while chunk := file.read(CHUNK_SIZE):
        digest.update(chunk)
    return digest.hexdigest()


class _Crc32:
    """CRC-32 with the methods of a hash of `hashlib`."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


def _read_digest(path: Path, algorithm: str, opener: Opener | None) -> str:
    with open(path, "rb", opener=opener) as file:
        return stream_digest(file, algorithm)


class DigestStore(Protocol):
    """Digests that outlive the process. Threads share a store."""

    def load(self, path: str, state: FileState) -> Mapping[str, str]:
        """Return the digests that were saved for a file in this state, by algorithm."""

    def save(self, path: str, algorithm: str, state: FileState, digest: str) -> None:
        """Keep a digest."""


class DigestCache:
    """Digests of files by path, each good as long as inode, size and timestamps are the same.

    An unchanged file is read only once for each algorithm. Threads may share a cache. A file that
    is written again and again takes the room of one.
    """

    store: DigestStore | None = None
    """A second place for digests, which outlives the process."""

    def __init__(self, max_entries: int = 1 << 12) -> None:
        """Create an empty cache.

        Args:
            max_entries: The number of files whose digests are kept, the most recently used ones.
                Each takes a few hundred bytes.
        """
        self._max_entries = max_entries
        self._digests: OrderedDict[str, tuple[FileState, Mapping[str, str]]] = OrderedDict()
        self._lock = Lock()

    def file_digest(
        self,
        path: str | os.PathLike[str],
        algorithm: str = "sha256",
        opener: Opener | None = None,
    ) -> str:
        """Return the hex digest of a file's bytes; see the function `file_digest`."""
        return FileDigests(path, opener, self).get(algorithm)

    def load(self, path: str, state: FileState) -> Mapping[str, str]:
        """Return what is known of a file in a state, by algorithm; its path is absolute."""
        with self._lock:
            known_state, digests = self._digests.get(path, (None, {}))
            if known_state == state:
                self._digests.move_to_end(path)
                return digests
        digests = self.store.load(path, state) if self.store else {}
        self._keep(path, state, digests)
        return digests

    def save(self, path: str, algorithm: str, state: FileState, digest: str) -> None:
        """Keep a digest."""
        self._keep(path, state, {**self.load(path, state), algorithm: digest})
        if self.store:
            self.store.save(path, algorithm, state, digest)

    def _keep(self, path: str, state: FileState, digests: Mapping[str, str]) -> None:
        with self._lock:
            self._digests[path] = state, digests
            self._digests.move_to_end(path)
            if len(self._digests) > self._max_entries:
                self._digests.popitem(last=False)


def _stat(path: str | os.PathLike[str], opener: Opener | None) -> os.stat_result:
    if opener is None:
        return os.stat(path)
    with open(path, "rb", opener=opener) as file:
        return os.fstat(file.fileno())


_CACHE = DigestCache()
"""Global, because tasks know nothing of each other: one that reads what another wrote finds its
digest here."""


class FileDigests:
    """The digests of a file in the state that it has now. None is read before it is asked for."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        opener: Opener | None = None,
        cache: DigestCache = _CACHE,
    ) -> None:
        """Look at the file.

        Args:
            path: The file.
            opener: As for `file_digest`.
            cache: Where digests are kept; by default as those of `file_digest`.

        Raises:
            OSError: The file does not exist or cannot be examined.
        """
        status = _stat(path, opener)
        self.size = status.st_size
        """The number of bytes."""
        self._path, self._opener, self._cache = path, opener, cache
        self._state = _settled_state(status)
        self._known: Mapping[str, str] = {}
        if self._state is not None:
            self._key = os.path.abspath(path)
            self._known = cache.load(self._key, self._state)

    def get(self, algorithm: str = "sha256") -> str:
        """Return a hex digest.

        Args:
            algorithm: As for `file_digest`.

        Raises:
            OSError: The file cannot be read.
        """
        digest = self._known.get(algorithm)
        if digest is None:
            digest = _read_digest(Path(self._path), algorithm, self._opener)
            if self._state is not None:
                self._cache.save(self._key, algorithm, self._state, digest)
        return digest


@contextmanager
def stored_digests(store: DigestStore) -> Iterator[None]:
    """Have `file_digest` use a store while the body runs."""
    earlier, _CACHE.store = _CACHE.store, store
    try:
        yield
    finally:
        _CACHE.store = earlier


def stored_digest(path: str, state: FileState, algorithm: str = "sha256") -> str | None:
    """Return the digest that a file in a state had earlier, if a store has it. Reads no file.

    Args:
        path: The absolute path of the file.
        state: Its state, which may not be settled.
        algorithm: As for `file_digest`.
    """
    return _CACHE.store.load(path, state).get(algorithm) if _CACHE.store else None
