"""Files below a folder that others write to, too: no link in it is followed.

A link in a shared folder could point to any file of the person who reads, writes or deletes. So
each folder on the way is opened relative to the one before, and refused if it is a link, as
``openat`` in https://pubs.opengroup.org/onlinepubs/9799919799/functions/open.html allows. Windows
cannot do that: there, links are looked for first, and one that appears in the same moment is
followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath

from .atomic import naming_path
from .errors import LinkError, check_size

HAS_DIR_FD = os.open in os.supports_dir_fd
"""True where files can be opened relative to an open folder."""

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
_FILE = (  # without O_NONBLOCK, opening a FIFO would wait for its other end
    _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)


class Root:
    """A folder, itself possibly a link, below which no link is followed.

    All paths begin with the root's. Each method raises

    * `LinkError` if the path leads over a link,
    * `ValueError` if it leads out of the root,
    * `OSError` if the file system refuses.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int | None = None) -> None:
        """Take a folder, which need not exist yet.

        Args:
            path: The folder.
            max_bytes: The largest file that is opened; None for any.
        """
        self.path = os.fspath(path)
        self._max_bytes = max_bytes
        self._prefix = os.path.join(self.path, "")

    @contextmanager
    def open_parent(self, path: str, create: bool = False) -> Iterator[tuple[int | None, str]]:
        """Open the folder of a file while the body runs.

        Args:
            path: The file.
            create: Create missing folders, and the root.

        Yields:
            The descriptor of the folder and the name of the file in it; on Windows None and the
            file's path.
        """
        *folders, name = self._split(path)
        with naming_path(path):
            if create:
                os.makedirs(self.path, exist_ok=True)
            if not HAS_DIR_FD:
                yield None, self._find_parent(folders, name, create)
                return
            descriptor = self._open_folder(folders, create)
            try:
                yield descriptor, name
            finally:
                os.close(descriptor)

    def open(self, path: str, flags: int) -> int:
        """Open a regular file, as ``os.open`` does; the ``opener`` of Python's `open`.

        Raises:
            TooLargeError: It is larger than the limit.
        """
        with self.open_parent(path) as (folder, name):
            try:
                descriptor = os.open(name, flags | _FILE, dir_fd=folder)
            except OSError:
                _refuse_link(path, name, folder)
                raise
            try:
                self._check_file(path, os.fstat(descriptor))
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def stat(self, path: str) -> os.stat_result:
        """Return the status of a file or folder that is no link."""
        names = self._split(path)
        if len(names) == 1:  # no folder on the way could be a link, but the root, which may be one
            status = os.stat(os.path.join(self.path, names[0]), follow_symlinks=False)
        else:
            with self.open_parent(path) as (folder, name):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _refuse_status(path, status)
        return status

    def remove(self, path: str) -> None:
        """Remove a file, or a link itself."""
        with self.open_parent(path) as (folder, name):
            os.remove(name, dir_fd=folder)

    def scan(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the path and the status of each file and link below a folder, in no order.

        Needs memory for one entry, and a descriptor for each level of folders. Entries that
        disappear during the scan are left out; a folder that does not exist has none.

        Args:
            path: The root, or a folder below it.
        """
        names = [] if PurePath(path) == PurePath(self.path) else self._split(path)
        try:
            with naming_path(path):
                folder = self._open_folder(names, create=False) if HAS_DIR_FD else None
        except FileNotFoundError:
            return
        if folder is None:
            path = self._find_parent(names, "", create=False).rstrip(os.sep)
        yield from _scan(path, folder)

    def _check_file(self, path: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not a regular file", path)
        if self._max_bytes is not None:  # a file with holes can have any size
            check_size(path, status.st_size, self._max_bytes)

    def _split(self, path: str) -> list[str]:
        """Return the names of the folders and of the file below the root."""
        parts = self._split_plain(path) or PurePath(path).relative_to(self.path).parts
        if not parts or ".." in parts:
            raise ValueError(f"{path}: expected a path below {self.path}")
        return list(parts)

    def _split_plain(self, path: str) -> list[str]:
        """Return the same of a path that begins as the root is spelled; else nothing.

        Most do. `PurePath` takes ten times as long.
        """
        parts = path[len(self._prefix) :].split("/") if path.startswith(self._prefix) else []
        return [] if os.sep != "/" or {"", "."}.intersection(parts) else parts

    def _open_folder(self, names: list[str], create: bool) -> int:
        descriptor = os.open(self.path, _FOLDER & ~_NO_FOLLOW)
        try:
            for index, name in enumerate(names):
                inner = self._enter(descriptor, name, names[: index + 1], create)
                os.close(descriptor)
                descriptor = inner
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _enter(self, folder: int, name: str, names: list[str], create: bool) -> int:
        if create:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
        try:
            return os.open(name, _FOLDER, dir_fd=folder)
        except OSError:
            _refuse_link(os.path.join(self.path, *names), name, folder)
            raise

    def _find_parent(self, folders: list[str], name: str, create: bool) -> str:
        folder = self.path
        for each in folders:
            folder = os.path.join(folder, each)
            _refuse_link(folder, folder, None)
            if create:
                os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        _refuse_link(path, path, None)
        return path


def _refuse_link(path: str, name: str, folder: int | None) -> None:
    """Raise LinkError if there is a link."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return
    _refuse_status(path, status)


def _refuse_status(path: str, status: os.stat_result) -> None:
    """Raise LinkError if this is the status of a link."""
    if stat.S_ISLNK(status.st_mode):
        raise LinkError(
            "a link, which is not followed in a shared folder",
            path=path,
            remedy="put the file or folder itself there",
        )


def _scan(path: str, folder: int | None) -> Iterator[tuple[str, os.stat_result]]:
    """Yield what lies below a folder, and close its descriptor if it has one."""
    try:
        with naming_path(path), os.scandir(path if folder is None else folder) as entries:
            for entry in entries:
                yield from _scan_entry(os.path.join(path, entry.name), entry, folder)
    except FileNotFoundError:
        return
    finally:
        if folder is not None:
            os.close(folder)


def _scan_entry(
    path: str, entry: os.DirEntry[str], folder: int | None
) -> Iterator[tuple[str, os.stat_result]]:
    found: Iterable[tuple[str, os.stat_result]]
    try:
        if not entry.is_dir(follow_symlinks=False):
            found = [(path, entry.stat(follow_symlinks=False))]
        elif folder is None:
            found = _scan(path, None)
        else:
            found = _scan(path, os.open(entry.name, _FOLDER, dir_fd=folder))
    except FileNotFoundError:
        return
    yield from found
