"""One copy for every direction: local to remote, remote to local."""

import hashlib

import luigi
from luigi.local_target import LocalTarget
from luigi.target import FileSystemTarget

from ..digest import CHUNK_SIZE, file_digest


def copy(source: FileSystemTarget, destination: FileSystemTarget) -> str:
    """Copy the bytes of one target to another, which appears whole or not at all.

    Both targets carry bytes (``format=Nop``).

    Returns:
        The SHA-256 of the bytes that were copied.

    Raises:
        FileNotFoundError: the source is not there.
        CsciUtilsError, OSError: as the targets' file systems do.
    """
    if isinstance(source, LocalTarget) and hasattr(destination, "s3_options"):
        # Luigi's S3 file would first be copied to a temporary file of a predictable name.
        destination.fs.put(source.path, destination.path, **destination.s3_options)
        return file_digest(source.path)
    digest = hashlib.sha256()
    with source.open("r") as reader, destination.open("w") as writer:
        while chunk := reader.read(CHUNK_SIZE):
            digest.update(chunk)
            writer.write(chunk)
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
