"""Local targets that appear whole or not at all, and keep their suffix while being written.

Programs choose a file's format by its suffix, so a temporary path has to carry it: Luigi's own
``photo.jpg-luigi-tmp-0123`` cannot be written by an image library.
"""

import errno
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from luigi.local_target import LocalTarget, atomic_file

from ..errors import AlreadyExistsError
from .filesystem import LocalFileSystem, check_written

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in collections.abc from Python 3.12 on

MAX_NAME_BYTES = 255
"""The longest file name of the common file systems (ext4, XFS, APFS, NTFS)."""

TEMPORARY_PREFIX = ".luigi-tmp-"
"""How names of temporary files begin: hidden, and easy to find after a crash."""

TEMPORARY_NAME = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{16}(\..*)?", re.DOTALL)

ORPHAN_SECONDS = 24 * 60 * 60
"""How old a temporary file or folder is that nobody can be writing to any more."""


def make_temporary_name() -> str:
    """A new name for a temporary file or folder, or its beginning, up to a dot.

    What a killed process leaves by such a name is removed by the next one that writes to its folder
    through a target of this module, a day later.
    """
    return TEMPORARY_PREFIX + secrets.token_hex(8)


class suffix_preserving_atomic_file(atomic_file):
    """A file that is written beside its target and renamed to it when the body succeeds.

    The temporary path has the target's suffixes (``.tar.gz``). It is created exclusively, so that
    nobody can plant a link there, and reaches the disk before the rename, which itself is synced:
    after a power cut the target is absent, the old one or the new one, never a part.

    The body may write to the file or, by name, to `tmp_path`. A body that raises leaves neither
    target nor temporary file.

    Raises:
        NothingWrittenError: on closing, the temporary file is empty or gone.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        tmp_path = self.generate_tmp_path(self.path)
        with _naming(self.path):
            # Luigi's own __init__ opens with "w", which follows links and overwrites.
            raw = io.FileIO(tmp_path, "x")
        io.BufferedWriter.__init__(self, raw)
        self._tmp_path = tmp_path  # last: what could not be created is not ours to remove
        _sweep(os.path.abspath(os.path.dirname(self.path)))

    @property
    def tmp_path(self) -> str:
        """Where the bytes go until they are committed."""
        return self._tmp_path

    def generate_tmp_path(self, path: str) -> str:
        """A new path in the folder of `path`, with as many of its last suffixes as fit."""
        stem = make_temporary_name()
        suffixes = Path(path).suffixes
        while suffixes and len(os.fsencode(stem + "".join(suffixes))) > MAX_NAME_BYTES:
            del suffixes[0]
        return os.path.join(os.path.dirname(path), stem + "".join(suffixes))

    def write(self, data: "Buffer") -> int:
        """Write bytes; an error, as of a full disk, names the target."""
        with _naming(self.path):
            return super().write(data)

    def flush(self) -> None:
        """Write what is buffered; an error names the target, too."""
        with _naming(self.path):
            super().flush()

    def close(self) -> None:
        """Commit what was written; further calls do nothing."""
        if self.closed:
            return
        try:
            with _naming(self.path):
                io.BufferedWriter.close(self)
                check_written(self.tmp_path, self.path)
                _sync(self.tmp_path)
            self.move_to_final_destination()
            _sync(os.path.dirname(self.path) or os.curdir)
        finally:
            self._discard()

    def move_to_final_destination(self) -> None:
        """Put the finished temporary file in place of the target."""
        with _naming(self.path):
            os.replace(self.tmp_path, self.path)

    def abort(self) -> None:
        """Forget what was written; the target stays as it was."""
        with suppress(OSError):
            # A full disk fails the last flush, too; the descriptor is closed all the same.
            io.BufferedWriter.close(self)
        self._discard()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.close()
        else:
            self.abort()

    def __del__(self) -> None:
        if hasattr(self, "_tmp_path") and not self.closed:
            self.abort()

    def _discard(self) -> None:
        with suppress(FileNotFoundError):
            os.remove(self.tmp_path)


class create_only_atomic_file(suffix_preserving_atomic_file):
    """The same for a target that must not be there yet, whoever else is writing it.

    Where the target is there with the same bytes, there is nothing left to do.

    Raises:
        AlreadyExistsError: on closing, the target is there with other bytes; it is left as it is.
    """

    def move_to_final_destination(self) -> None:
        try:
            _rename_to_new(self.tmp_path, self.path)
        except FileExistsError as error:
            if not LocalFileSystem().same_bytes(self.path, self.tmp_path):
                raise AlreadyExistsError(
                    f"{self.path} is there already, with other bytes; it was left as it is"
                ) from error


class BaseAtomicProviderLocalTarget(LocalTarget):
    """A local target whose `open` and `temporary_path` write through one `atomic_provider`.

    Like every target here it answers for files only (`csci_utils.luigi.filesystem`).
    """

    fs = LocalFileSystem()

    atomic_provider: ClassVar[type[atomic_file]] = suffix_preserving_atomic_file
    """Called with the target's path; a context manager, a binary file, with a ``tmp_path``."""

    def open(self, mode: str = "r") -> Any:
        """Open for reading (``r``) as Luigi does, or atomically for writing (``w``).

        Raises:
            ValueError: another mode.
        """
        kind = mode.replace("b", "").replace("t", "")
        if kind == "w":
            self.makedirs()
            return self.format.pipe_writer(self.atomic_provider(self.path))
        if kind != "r":
            raise ValueError(f"{self.path}: mode must be 'r' or 'w', got {mode!r}")
        return super().open(mode)

    def makedirs(self) -> None:
        """Create the folders above the target.

        Raises:
            OSError: they cannot be made (Luigi's own swallows that).
        """
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)

    @contextmanager
    def temporary_path(self) -> Iterator[str]:
        """A path to write to, committed when the body succeeds and removed when it raises."""
        self.makedirs()
        with self.atomic_provider(self.path) as file:
            yield file.tmp_path


class SuffixPreservingLocalTarget(BaseAtomicProviderLocalTarget):
    """A local target whose temporary path keeps the suffix."""

    atomic_provider = suffix_preserving_atomic_file


class CreateOnlyLocalTarget(BaseAtomicProviderLocalTarget):
    """A local target that can be written once and never overwritten."""

    atomic_provider = create_only_atomic_file


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Name the target in errors of its temporary file, which people do not know."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror, path) from error


@cache
def _sweep(folder: str) -> None:
    """Remove temporary files and folders that killed processes left in a folder, once a process.

    It is done where something is written: there they lie, and no other folder has to be listed.
    """
    oldest = time.time() - ORPHAN_SECONDS
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not TEMPORARY_NAME.fullmatch(entry.name):
                continue
            with suppress(OSError):  # another process sweeps, too
                if entry.stat(follow_symlinks=False).st_mtime >= oldest:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)  # which follows no links
                elif entry.is_file(follow_symlinks=False):
                    os.remove(entry.path)


def _sync(path: str) -> None:
    """Bring a file's bytes, or a folder's entries, to the disk."""
    is_folder = os.path.isdir(path)
    if os.name == "nt" and is_folder:
        return  # Windows cannot open a folder; NTFS journals its entries by itself.
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network shares cannot sync a folder; the file in it is written all the same.
        if not is_folder or error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _rename_to_new(source: str, destination: str) -> None:
    """Rename, or raise FileExistsError where the destination is there, in one step."""
    if os.name == "nt":
        os.rename(source, destination)  # never replaces on Windows
        return
    try:
        os.link(source, destination)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        # exFAT and some network shares have no hard links; there the check and the rename
        # are two steps, and the last of two writers at the same instant wins.
        if os.path.lexists(destination):
            raise FileExistsError(errno.EEXIST, "file exists", destination) from error
        os.rename(source, destination)
