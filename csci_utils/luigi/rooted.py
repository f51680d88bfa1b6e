"""Luigi targets in a folder that others write to, too (`csci_utils.rooted`)."""

from __future__ import annotations

import io
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import PurePath
from typing import Any

from luigi.format import FileWrapper, Format, Nop, get_default_format
from luigi.target import FileSystem, FileSystemTarget

from ..atomic import (
    commit,
    create_exclusively,
    make_temporary_path,
    naming_path,
    scratch_folder,
)
from ..digest import FileDigests, file_digest
from ..errors import LinkError, TooLargeError
from ..listing import ListedFile
from ..rooted import Root
from ..s3.objects import MAX_BYTES
from .filesystem import list_below
from .target import conflict, suffix_preserving_atomic_file


class RootedFileSystem(FileSystem):
    """The file system of `RootedTarget`: answers what S3 answers, and follows no link.

    Whatever reads a file raises `TooLargeError` if it is larger than an object in S3 may be.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Take the folder that all paths are in."""
        self.root = Root(root, MAX_BYTES)

    def exists(self, path: str) -> bool:
        """Return True if a regular file exists; a folder does not count.

        Raises:
            LinkError: The path leads over a link.
            OSError: The answer is unknown, as when permission is denied.
        """
        return self.size(path) is not None

    def version(self, path: str) -> str | None:
        """Return what differs if the file's bytes do: their SHA-256; None if it does not exist."""
        return self.sha256(path)

    def sha256(self, path: str) -> str | None:
        """Return the SHA-256 of the file's bytes, or None if it does not exist."""
        return self._digest(path) if self.exists(path) else None

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Return True if the file exists and its bytes equal those of a local file."""
        local = FileDigests(local_path)
        return self.size(path) == local.size and self._digest(path) == local.get()

    def listdir(self, path: str) -> Iterator[str]:
        """Yield the paths of the files that `list_files` yields."""
        return (file.path for file in self.list_files(path))

    def list_files(self, path: str) -> Iterator[ListedFile]:
        """Yield all files and links below a folder, in no order; none if it does not exist.

        Raises:
            LinkError: The folder, or one on the way, is a link.
            OSError: A folder cannot be read.
            TooLargeError: There are more than `MAX_FILES`.
        """
        return list_below(self.root, path)

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one file, or a link itself.

        Raises:
            ValueError: `recursive` is set; whole folders are never deleted.
        """
        if recursive:
            raise ValueError(f"{path}: a shared folder cannot be deleted; delete single files")
        self.root.remove(path)

    def forget(self, path: str) -> None:
        """Called when a file was changed; a subclass that caches answers drops that file's."""

    def size(self, path: str) -> int | None:
        """Return the file's number of bytes, or None if no regular file exists."""
        try:
            status = self.root.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def _digest(self, path: str) -> str:
        return file_digest(path, opener=self.root.open)


class RootedFile(suffix_preserving_atomic_file):
    """A `suffix_preserving_atomic_file` in a folder that stays open, so no link can replace it.

    Raises:
        AlreadyExistsError: On closing a file that is created only, if it exists with other bytes.
        LinkError: The path leads over a link.
    """

    def __init__(self, path: str, file_system: RootedFileSystem, create_only: bool = False) -> None:
        """Create the temporary file, and missing folders.

        Args:
            path: The target.
            file_system: That of the folder that it is in.
            create_only: Never overwrite other bytes.
        """
        self.path = path
        self._file_system = file_system
        self._root = file_system.root
        self._create_only = create_only
        with ExitStack() as on_error:
            self.dir_fd, self._name = on_error.enter_context(
                self._root.open_parent(path, create=True)
            )
            tmp_path = make_temporary_path(self._name)
            with naming_path(path):
                raw = create_exclusively(tmp_path, dir_fd=self.dir_fd)
            io.BufferedWriter.__init__(self, raw)
            self._tmp_path = tmp_path  # set last: a file that somebody else created is not removed
            self._folder = on_error.pop_all()
        self.sweeper.sweep(os.path.dirname(path), self.dir_fd)

    @property
    def tmp_path(self) -> str:
        """The path of the temporary file, to name it."""
        return os.path.join(os.path.dirname(self.path), self._tmp_path)

    def close(self) -> None:
        """Commit what was written. Further calls do nothing."""
        if not self.closed:
            with self._folder:
                super().close()

    def abort(self) -> None:
        """Drop what was written; the target stays as it was."""
        with self._folder:
            super().abort()

    def move_to_final_destination(self) -> None:
        """Rename the finished temporary file to the target."""
        try:
            with naming_path(self.path):
                commit(
                    self._tmp_path, self._name, create_only=self._create_only, dir_fd=self.dir_fd
                )
        except FileExistsError as error:
            if self._digest(self.path) != self._digest(self.tmp_path):
                raise conflict(self.path) from error
        finally:
            self._file_system.forget(self.path)

    def _digest(self, path: str) -> str | None:
        try:
            return file_digest(path, opener=self._root.open)
        except (LinkError, FileNotFoundError, TooLargeError):  # the second of a folder
            return None


class RootedTarget(FileSystemTarget):
    """A file in a shared folder, written atomically like a `SuffixPreservingLocalTarget`."""

    def __init__(
        self,
        path: str,
        file_system: RootedFileSystem,
        format: Format | None = None,
        create_only: bool = False,
    ) -> None:
        """Take a path below the root of a file system.

        Args:
            path: The file.
            file_system: One for all targets of a folder, because digests are cached by it.
            format: Luigi's format of what is read and written.
            create_only: Never overwrite other bytes.
        """
        super().__init__(path)
        self._file_system = file_system
        self._format = format or get_default_format()
        self._create_only = create_only

    @property
    def fs(self) -> RootedFileSystem:
        """The file system."""
        return self._file_system

    def open(self, mode: str = "r") -> Any:
        """Open the target to read (``r``) or to write atomically (``w``).

        Raises:
            AlreadyExistsError: On closing, a target that is created only has other bytes.
            LinkError: The path leads over a link.
            ValueError: The mode is another one.
        """
        kind = mode.replace("b", "").replace("t", "")
        if kind == "w":
            writer = RootedFile(self.path, self.fs, self._create_only)
            return self._format.pipe_writer(writer)
        if kind != "r":
            raise ValueError(f"{self.path}: mode must be 'r' or 'w', got {mode!r}")
        raw = io.FileIO(self.path, "r", opener=self.fs.root.open)
        return self._format.pipe_reader(FileWrapper(io.BufferedReader(raw)))

    @contextmanager
    def temporary_path(self) -> Iterator[str]:
        """Yield a path outside the shared folder, which is copied there unless the body raises."""
        with scratch_folder() as folder:
            path = os.path.join(folder, f"file{''.join(PurePath(self.path).suffixes)}")
            yield path
            target = RootedTarget(self.path, self.fs, Nop, self._create_only)
            with open(path, "rb") as reader, target.open("w") as writer:
                shutil.copyfileobj(reader, writer)
