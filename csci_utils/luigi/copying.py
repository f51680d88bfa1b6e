"""One copy for every direction: local to remote, remote to local."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any, NamedTuple

import luigi
from luigi.local_target import LocalTarget
from luigi.target import FileSystemTarget

from ..digest import CHUNK_SIZE, file_digest
from ..errors import ChangedError, check_size
from ..s3.objects import MAX_BYTES
from ..transfers import IN_FLIGHT, ItemOutcome, retry, work_on_many
from .rooted import RootedTarget


class Copied(NamedTuple):
    """What was copied."""

    sha256: str
    """The SHA-256 of the bytes."""
    version: str
    """The ``version`` in the terms of the remote's file system, be that the source's or the
    destination's: of an object in S3 the one in the reply, of a file the SHA-256."""


def copy(
    source: FileSystemTarget, destination: FileSystemTarget, max_bytes: int = MAX_BYTES
) -> str:
    """Copy one target to another atomically.

    Args:
        source: Where the bytes come from, opened with ``format=Nop``.
        destination: Where they go to, opened with ``format=Nop``.
        max_bytes: The largest size that is accepted.

    Returns:
        The SHA-256 of the bytes that were copied.

    Raises:
        FileNotFoundError: The source does not exist.
        TooLargeError: The source is larger than `max_bytes`.
        ChangedError: A local source changed while it was being copied.
        TransferError: Each try was cut short or damaged in transit.
        CsciUtilsError, OSError: A file system of the targets refuses.
    """
    return transfer(source, destination, max_bytes).sha256


def transfer(
    source: FileSystemTarget, destination: FileSystemTarget, max_bytes: int = MAX_BYTES
) -> Copied:
    """`copy`, and return the version, too, so that nobody needs to ask for it again."""
    if isinstance(source, LocalTarget) and hasattr(destination, "s3_options"):
        # Luigi's S3 file would be written to a temporary file of a predictable name first.
        check_size(source.path, os.stat(source.path).st_size, max_bytes)
        state = destination.fs.put(source.path, destination.path, **destination.s3_options)
        sha256 = getattr(state, "sha256", None) or file_digest(source.path)
        return Copied(sha256, getattr(state, "version", sha256))
    return retry(lambda: _copy_once(source, destination, max_bytes))


class Transfer(NamedTuple):
    """A copy to be made by `transfer_many`."""

    source: FileSystemTarget
    destination: FileSystemTarget
    max_bytes: int = MAX_BYTES


def transfer_many(
    transfers: Iterable[Transfer], in_flight: int = IN_FLIGHT
) -> Iterator[ItemOutcome[Transfer, Copied]]:
    """Copy many targets, dozens at once, each as `transfer` does; yield what became of them.

    Each file is complete, verified and on the disk before its outcome is yielded
    (`csci_utils.transfers.work_on_many`).
    """
    return work_on_many(lambda each: transfer(*each), transfers, in_flight)


def _copy_once(source: FileSystemTarget, destination: FileSystemTarget, max_bytes: int) -> Copied:
    digest, size = hashlib.sha256(), 0
    # An error inside this body leaves nothing at the destination.
    with _open(source) as reader, destination.open("w") as writer:
        while chunk := reader.read(CHUNK_SIZE):
            size += len(chunk)
            check_size(source.path, size, max_bytes)
            digest.update(chunk)
            writer.write(chunk)
        # S3 sends one version of an object; a local file can change while it is read.
        if not hasattr(source, "s3_options") and _digest(source) != digest.hexdigest():
            raise ChangedError(
                "the file changed while it was being copied",
                path=source.path,
                remedy="run again",
            )
    state = getattr(reader, "state", None)
    return Copied(digest.hexdigest(), state.version if state else digest.hexdigest())


def _open(source: FileSystemTarget) -> AbstractContextManager[Any]:
    if hasattr(source.fs, "get_key") and hasattr(source, "s3_options"):
        return closing(source.fs.get_key(source.path))  # without Luigi's buffer around it
    return source.open("r")


def _digest(source: FileSystemTarget) -> str | None:
    """Return the SHA-256 of a file; a shared folder's file system follows no link to it."""
    if isinstance(source, RootedTarget):
        return source.fs.version(source.path)
    return file_digest(source.path)


class CopyTask(luigi.Task):
    """Copies its input to its output; swap the two, and an upload becomes a download.

    Subclasses define ``requires``, one task with one target, and ``output``. At least one of the
    targets is local. The file system of the other one has `same_bytes`.
    """

    copied_digest = ""
    """The SHA-256 of what `run` copied; empty if the output held the same bytes already."""

    def max_bytes(self) -> int:
        """Return the size in bytes of the largest file that is copied."""
        return MAX_BYTES

    def run(self) -> None:
        """Copy, unless the output holds the same bytes already."""
        is_copied = self.is_copied()
        self.copied_digest = (
            "" if is_copied else copy(self.input(), self.output(), self.max_bytes())
        )

    def complete(self) -> bool:
        """Return True if there is nothing to copy (`is_copied`)."""
        return self.is_copied()

    def is_copied(self) -> bool:
        """Return True if the output exists and equals the input, or the input no longer exists."""
        source, destination = self.input(), self.output()
        if isinstance(source, LocalTarget):
            if not source.exists():
                return bool(destination.exists())
            return bool(destination.fs.same_bytes(destination.path, source.path))
        # The remote is asked last: a missing file costs no request, a current one costs one.
        return bool(
            destination.exists()
            and (source.fs.same_bytes(source.path, destination.path) or not source.exists())
        )
