"""One copy for every direction: local to remote, remote to local."""

import hashlib
import time

import luigi
from luigi.local_target import LocalTarget
from luigi.target import FileSystemTarget

from ..digest import CHUNK_SIZE, file_digest
from ..errors import ChangedError, TransferError

TRIES = 5
"""How often a copy is begun while what arrives is cut short or damaged on the way."""

PAUSE_SECONDS = 0.1
"""The pause before the second try; it doubles with every further one."""


def copy(source: FileSystemTarget, destination: FileSystemTarget) -> str:
    """Copy the bytes of one target to another, which appears whole or not at all.

    Both targets carry bytes (``format=Nop``).

    Returns:
        The SHA-256 of the bytes that were copied.

    Raises:
        FileNotFoundError: the source is not there.
        ChangedError: a local source was written to meanwhile.
        TransferError: every time, what arrived was cut short or damaged on the way.
        CsciUtilsError, OSError: as the targets' file systems do.
    """
    if isinstance(source, LocalTarget) and hasattr(destination, "s3_options"):
        # Luigi's S3 file would first be copied to a temporary file of a predictable name.
        destination.fs.put(source.path, destination.path, **destination.s3_options)
        return file_digest(source.path)
    for attempt in range(TRIES - 1):
        try:
            return _copy_once(source, destination)
        except TransferError:
            time.sleep(PAUSE_SECONDS * 2**attempt)
    return _copy_once(source, destination)


def _copy_once(source: FileSystemTarget, destination: FileSystemTarget) -> str:
    digest = hashlib.sha256()
    # What is raised before the end of the body leaves nothing at the destination.
    with source.open("r") as reader, destination.open("w") as writer:
        while chunk := reader.read(CHUNK_SIZE):
            digest.update(chunk)
            writer.write(chunk)
        # S3 sends one version of an object; a file can be written to while it is read.
        if isinstance(source, LocalTarget) and file_digest(source.path) != digest.hexdigest():
            raise ChangedError(f"{source.path} changed while it was copied: run again")
    return digest.hexdigest()


class CopyTask(luigi.Task):
    """Copies ``input()`` to ``output()``; swap the ends, and an upload is a download.

    Subclasses say what is copied: ``requires`` one task with one target, ``output`` another.
    At least one of them is local, and the file system of the remote one can tell `same_bytes`.
    """

    copied_digest = ""
    """The SHA-256 of what `run` copied; empty if it found the same bytes there already."""

    def run(self) -> None:
        is_there = self.is_copied()
        self.copied_digest = "" if is_there else copy(self.input(), self.output())

    def complete(self) -> bool:
        return self.is_copied()

    def is_copied(self) -> bool:
        """Whether the output holds the bytes of the input, or the input is gone since."""
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
