"""Private copies of files, so that the bytes that are checked are the bytes that are sent.

Anybody may replace a file between two looks at it, for example by a link to another file. So it is
opened once, without following a link, and copied to a hidden file in the data folder. Only the copy
is checked, digested and sent.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedWriter
from typing import IO, BinaryIO

from luigi.target import FileSystemTarget

from csci_utils.atomic import create_exclusively, discard, make_temporary_path, naming_path
from csci_utils.digest import CHUNK_SIZE
from csci_utils.errors import ChangedError, check_size, instead_of_path
from csci_utils.writers import has_writer

from .. import context
from ..storage.regular_files import open_regular
from ..storage.remote import target_at

QUIET_SECONDS = 1.0
"""How long a drop-in must be unchanged before it is published: some other program may still be
writing it."""

CLOSED_QUIET_SECONDS = 0.1
"""The same where the system tells that no program has it open for writing."""

FileState = tuple[int, ...]
"""What changes when a file is written or replaced."""


@dataclass(frozen=True)
class Snapshot:
    """A private copy of a file."""

    target: FileSystemTarget
    """The copy."""
    sha256: str
    """The SHA-256 of its bytes."""
    _source_path: str
    _source_state: FileState
    _modified: float
    _root: str | None

    @property
    def path(self) -> str:
        """The path of the copy, with the suffix of the file."""
        return str(self.target.path)

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until the file's last change before the copy is that long ago, and check it again.

        Raises:
            ChangedError: As for `check_unchanged`, or a program has it open for writing.
        """
        _wait_until_quiet(self._modified, seconds)
        self.check_unchanged()
        with open_regular(self._source_path, self._root) as file:
            if has_writer(file.fileno()):
                raise self._describe_change()

    def check_unchanged(self) -> None:
        """Check that the file is still the one that was copied.

        Raises:
            ChangedError: It was changed, replaced or removed.
        """
        try:
            state = state_of(os.lstat(self._source_path))
        except FileNotFoundError:
            state = ()
        if state != self._source_state:
            raise self._describe_change()

    def _describe_change(self) -> ChangedError:
        return ChangedError(
            "still being written",
            path=self._source_path,
            remedy="run again when it is complete",
        )


@contextmanager
def take_snapshot(
    path: str,
    max_bytes: int | None = None,
    *,
    waits: bool = False,
    root: str | None = None,
) -> Iterator[Snapshot]:
    """Yield a copy of a regular file, which is removed after the body.

    An error raised in the body that names the copy names the file instead.

    Args:
        path: The file. A link is not followed.
        max_bytes: The largest size that is accepted; None for any.
        waits: Whether to wait until the file's last change is as long ago as `find_quiet_seconds`
            says.
        root: As for `open_regular`.

    Raises:
        InvalidNameError: It is a link or not a regular file.
        TooLargeError: It is larger than `max_bytes`.
        ChangedError: It changed meanwhile.
        OSError: It cannot be read, or the copy cannot be written.
    """
    folder = context.current().settings.data
    os.makedirs(folder, exist_ok=True)
    copy_path = make_temporary_path(os.path.join(folder, os.path.basename(path)))
    try:
        with open_regular(path, root) as file:
            status = os.fstat(file.fileno())
            if waits:
                _wait_until_quiet(status.st_mtime, find_quiet_seconds(file)[0])
            if max_bytes is not None:
                check_size(path, status.st_size, max_bytes)
            sha256 = _copy(file, copy_path)
        copied = target_at(copy_path)
        taken = Snapshot(copied, sha256, path, state_of(status), status.st_mtime, root)
        taken.check_unchanged()
        with instead_of_path(copy_path, path):
            yield taken
    finally:
        discard(copy_path)


def find_quiet_seconds(file: BinaryIO) -> tuple[float, bool]:
    """Return how long a file must be unchanged, and whether it is known to be open for writing."""
    is_open = has_writer(file.fileno())
    return CLOSED_QUIET_SECONDS if is_open is False else QUIET_SECONDS, bool(is_open)


def _wait_until_quiet(modified: float, seconds: float) -> None:
    age = time.time() - modified
    time.sleep(min(max(seconds - age, 0), seconds))  # at most that, for future times


def _copy(file: IO[bytes], copy_path: str) -> str:
    """Copy the bytes that a file had when it was opened, and return their SHA-256."""
    rest = os.fstat(file.fileno()).st_size
    digest = hashlib.sha256()
    with (
        naming_path(os.path.dirname(copy_path)),
        BufferedWriter(create_exclusively(copy_path, 0o600)) as writer,
    ):
        while rest > 0 and (chunk := file.read(min(rest, CHUNK_SIZE))):
            digest.update(chunk)
            writer.write(chunk)
            rest -= len(chunk)
    return digest.hexdigest()


def state_of(status: os.stat_result) -> FileState:
    """Return what changes when a file is written or replaced."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
