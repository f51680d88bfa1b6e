"""A file that arrives in pieces, over as many runs as it takes, and is seen when it is whole."""

import errno
import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import FileIO
from types import TracebackType
from typing import Any

from .errors import BusyError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@dataclass(frozen=True)
class _Whole:
    """What the pieces are pieces of."""

    source: str
    """The SHA-256 of the address, which may hold secrets itself."""
    validator: str | None = None
    """What changes when the bytes behind the address do; None where that cannot be told."""
    total: int | None = None
    """Bytes; None if that is known at the end only."""


class PartialFile:
    """What is here so far of the file that is to stand at `path`, for one process at a time.

    The bytes are kept in a hidden file beside `path`, ``.NAME.part``; a second one,
    ``.NAME.part.json``, tells what they are part of, so that pieces of two versions are never
    put together. Both outlive the process, however it ends.

    Args:
        path: where the whole file will be.
        source: where it comes from; what was kept of another source is dropped.

    Raises:
        BusyError: another process has it open.
        OSError: the folder cannot be made or written.
    """

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self._part_path, self._whole_path = _paths_beside(path)
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        self._file = _open_alone(self._part_path)
        self.size = os.fstat(self._file.fileno()).st_size
        unknown = _Whole(hashlib.sha256(source.encode()).hexdigest())
        kept = _read_whole(self._whole_path)
        self._whole = kept if kept and kept.source == unknown.source else unknown
        if self._whole is unknown:
            self.restart()

    @property
    def validator(self) -> str | None:
        """What changes when the bytes of the source do; None where that cannot be told."""
        return self._whole.validator

    @property
    def total(self) -> int | None:
        """How many bytes there are in all; None if not known."""
        return self._whole.total

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are here, and that is known."""
        return self.size == self.total

    def restart(self, validator: str | None = None, total: int | None = None) -> None:
        """Drop all bytes; those that come next are of this version of the source."""
        self._file.truncate(0)
        # Before the other file is written: it must never tell of bytes of an earlier version.
        os.fsync(self._file.fileno())
        self.size = 0
        self._whole = _Whole(self._whole.source, validator, total)
        with open(self._whole_path, "w", encoding="utf-8") as file:
            json.dump(asdict(self._whole), file)

    def append(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            OSError: they cannot be written, as on a full disk; `path` is named.
        """
        rest = memoryview(data)
        self._file.seek(self.size)
        while rest:
            try:
                written = self._file.write(rest) or 0
            except OSError as error:
                raise type(error)(error.errno, error.strerror, self.path) from error
            self.size += written
            rest = rest[written:]

    def commit(self) -> None:
        """Put the whole file in its place, replacing what was there."""
        os.fsync(self._file.fileno())
        if sys.platform == "win32":
            self._file.close()  # there, an open file cannot be renamed
        # Renamed while it is still locked: nobody takes it for their own part meanwhile.
        os.replace(self._part_path, self.path)
        os.remove(self._whole_path)

    def __enter__(self) -> "PartialFile":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if sys.platform == "win32":
            self._file.close()  # there, an open file cannot be removed
        if exc_type is not None and self.size == 0:
            _remove(self._part_path, self._whole_path)  # it never began
        self._file.close()


def discard(path: str) -> None:
    """Remove a file, and what is kept of it as long as it is not whole."""
    _remove(path, *_paths_beside(path))


def _remove(*paths: str) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            os.remove(path)


def _paths_beside(path: str) -> tuple[str, str]:
    folder, name = os.path.split(path)
    part_path = os.path.join(folder, f".{name}.part")
    return part_path, part_path + ".json"


def _read_whole(path: str) -> _Whole | None:
    """What was written down; a damaged file is as good as none."""
    try:
        with open(path, encoding="utf-8") as file:
            kept: dict[str, Any] = json.load(file)
        return _Whole(**kept)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _open_alone(path: str) -> FileIO:
    """The file at `path`, made if need be, locked as long as it is open."""
    # A link that somebody planted is not followed.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        file = FileIO(os.open(path, flags, 0o666), "r+")
        try:
            _lock(file)
            # Between opening and locking, the one before us may have put it in its place.
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        except BlockingIOError as error:
            file.close()
            raise BusyError(
                f"{path}: another process is at work on it: wait for it, and run again"
            ) from error
        file.close()


def _lock(file: FileIO) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise BlockingIOError(error.errno, error.strerror) from error
        # Some network shares have no locks; the file itself works there.
