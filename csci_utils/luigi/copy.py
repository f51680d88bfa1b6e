"""One copy for every direction: local to remote, remote to local."""

import shutil

import luigi
from luigi.local_target import LocalTarget
from luigi.target import FileSystemTarget

from ..digest import CHUNK_SIZE


def copy(source: FileSystemTarget, destination: FileSystemTarget) -> None:
    """Copy the bytes of one target to another, which appears whole or not at all.

    Both targets carry bytes (``format=Nop``).

    Raises:
        FileNotFoundError: the source is not there.
        CsciUtilsError, OSError: as the targets' file systems do.
    """
    if isinstance(source, LocalTarget) and hasattr(destination, "s3_options"):
        # Luigi's S3 file would first be copied to a temporary file of a predictable name.
        destination.fs.put(source.path, destination.path, **destination.s3_options)
        return
    with source.open("r") as reader, destination.open("w") as writer:
        shutil.copyfileobj(reader, writer, CHUNK_SIZE)


class CopyTask(luigi.Task):
    """Copies ``input()`` to ``output()``; swap the ends, and an upload is a download.

    Subclasses say what is copied: ``requires`` one task with one target, ``output`` another.
    The file systems of both, at least one of them local, are `VersionedFileSystem`s.
    """

    copied = False
    """Whether `run` moved bytes, and did not find them there already."""

    def run(self) -> None:
        self.copied = not self.is_copied()
        if self.copied:
            copy(self.input(), self.output())

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
