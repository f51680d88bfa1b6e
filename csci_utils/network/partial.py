"""A file that arrives in pieces, possibly over several runs, and appears once it is complete."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from io import FileIO
from types import TracebackType
from typing import NamedTuple

from ..atomic import commit, naming_path
from ..errors import BusyError, at_path
from ..files import write_atomically
from ..locking import UNTRUSTED, is_plain, open_locked

_MAX_VERSION_BYTES = 1 << 16


class Version(NamedTuple):
    """The version of a file that the pieces belong to."""

    source: str
    """The SHA-256 of the URL, because the URL itself may contain secrets."""
    validator: str | None = None
    """Changes with the bytes at the URL; None if nothing does."""
    total: int | None = None
    """Size in bytes; None if unknown."""


class PartialFile:
    """The bytes that have arrived so far for a file at `path`, open in one process at a time.

    They are in a hidden file beside `path`, ``.NAME.part``. A second one, ``.NAME.part.json``,
    holds their version, so that pieces of two versions are never joined. Both survive the process.
    """

    size: int
    """The number of bytes that have arrived."""
    version: Version
    """What they belong to."""

    def __init__(self, path: str, source: str) -> None:
        """Open the file, and keep what has arrived.

        Args:
            path: Where the complete file will appear. Missing folders are created.
            source: The URL; pieces of another one are dropped.

        Raises:
            BusyError: Another process has the file open.
            OSError: The folder cannot be created or written.
        """
        self.path = path
        self._part_path, self._version_path = _paths_beside(path)
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with at_path(path):
            self._file = _open_part(self._part_path)
        self.size = os.fstat(self._file.fileno()).st_size
        unknown = Version(hashlib.sha256(source.encode()).hexdigest())
        kept = _read_version(self._version_path)
        self.version = kept if kept and kept.source == unknown.source else unknown
        if self.version is unknown:
            self.restart()

    @property
    def is_complete(self) -> bool:
        """True if all bytes have arrived; False also if their total is unknown."""
        return self.size == self.version.total

    def restart(self, validator: str | None = None, total: int | None = None) -> None:
        """Drop all bytes; the following ones belong to this version."""
        self._file.truncate(0)
        # Synced first, so that the new version never describes bytes of the old one.
        os.fsync(self._file.fileno())
        self.size = 0
        self.version = Version(self.version.source, validator, total)
        # A link planted there is replaced, and not followed.
        write_atomically(self._version_path, json.dumps(self.version).encode())

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            OSError: They cannot be written, as on a full disk; `filename` is `path`.
        """
        rest = memoryview(data)
        self._file.seek(self.size)
        with naming_path(self.path):
            while rest:
                written = self._file.write(rest) or 0
                self.size += written
                rest = rest[written:]

    def commit(self) -> None:
        """Move the complete file to `path`, replacing one that exists."""
        if sys.platform == "win32":
            self._file.close()  # an open file cannot be renamed there
        # Renamed while it is locked, so that no other process appends to it.
        commit(self._part_path, self.path)
        _remove(self._version_path)  # another process may have begun anew by now, and removed it

    def __enter__(self) -> PartialFile:
        """Return the open file."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file, and keep what has arrived."""
        if sys.platform == "win32":
            self._file.close()  # an open file cannot be removed there
        if exc_type is not None and self.size == 0:
            _remove(self._part_path, self._version_path)
        self._file.close()


def discard(path: str) -> None:
    """Remove the file at `path`, and what has arrived of it so far."""
    _remove(path, *_paths_beside(path))


def _remove(*paths: str) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            os.remove(path)


def _paths_beside(path: str) -> tuple[str, str]:
    folder, name = os.path.split(path)
    part_path = os.path.join(folder, f".{name}.part")
    return part_path, part_path + ".json"


def _read_version(path: str) -> Version | None:
    """Read a version; None if the file is missing or damaged."""
    with (
        suppress(OSError, ValueError, TypeError),
        FileIO(path, opener=lambda name, flags: os.open(name, flags | UNTRUSTED)) as file,
    ):
        if is_plain(file):
            return Version(*json.loads(file.read(_MAX_VERSION_BYTES)))
    return None


def _open_part(path: str) -> FileIO:
    try:
        return open_locked(path)
    except BusyError as error:
        error.reason = "another process is downloading it"
        raise
