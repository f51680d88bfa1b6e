"""Atomic writing: a file appears whole or not at all, even across a power cut.

The bytes go to a temporary file beside the target. It is created exclusively, so a link planted at
its path is never followed. `commit` syncs the file, renames it and syncs the folder, in that order.
The temporary name keeps the target's suffixes, because programs choose a file's format by them.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory

from .errors import DescribedError
from .liveness import OWNER_PATTERN, is_abandoned, name_owner
from .transfers.sharing import SharedCalls

MAX_NAME_BYTES = 255
"""The longest file name of the common file systems (ext4, XFS, APFS, NTFS)."""

TEMPORARY_PREFIX = ".luigi-tmp-"
"""The beginning of every temporary name: hidden, and with the mark of Luigi's own."""

ORPHAN_SECONDS = 24 * 60 * 60
"""The age from which a temporary file or folder counts as left behind by a killed process, if
nobody can tell whether its process has ended: that of another machine, for example."""

_TEMPORARY_NAME = re.compile(
    re.escape(TEMPORARY_PREFIX) + rf"({OWNER_PATTERN}-)?[0-9a-f]{{8,16}}(\..*)?", re.DOTALL
)
_NO_LINK_ERRORS = frozenset([errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
_FOLDER_SYNCS = SharedCalls()
_NO_FOLDER_SYNC_ERRORS = frozenset([errno.EINVAL, errno.ENOTSUP])


@contextmanager
def atomic_path(
    path: str | os.PathLike[str],
    *,
    suffixes_of: str | os.PathLike[str] = "",
    replaced: os.stat_result | None = None,
) -> Iterator[str]:
    """Yield the path of an empty temporary file that replaces `path` when the body succeeds.

    A body that raises leaves `path` as it was, and no temporary file.

    Args:
        path: The target. Its folder must exist.
        suffixes_of: A name whose suffixes the temporary name gets instead of the target's.
        replaced: The status of the file that is replaced, to keep its permissions, owner and
            group. The temporary file is private until then.

    Raises:
        OSError: The file system refuses; `filename` is the target.
    """
    target = os.fspath(path)
    temporary_path = make_temporary_path(target, suffixes_of)
    with naming_path(target):
        create_exclusively(temporary_path, 0o666 if replaced is None else 0o600).close()
    try:
        yield temporary_path
        commit(temporary_path, target, replaced=replaced)
    finally:
        discard(temporary_path)


def make_temporary_name() -> str:
    """Return a new name for a temporary file or folder, without a suffix.

    A suffix may follow. `Sweeper` recognizes the name, and that this process has ended.
    """
    return f"{TEMPORARY_PREFIX}{name_owner()}-{secrets.token_hex(4)}"


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Yield the path of an empty folder for temporary files, which is removed after the body.

    If the process is killed, `Sweeper` recognizes it.
    """
    prefix = f"{make_temporary_name()}."
    with TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield folder


def make_temporary_path(path: str, suffixes_of: str | os.PathLike[str] = "") -> str:
    """Return a new path beside `path`, with as many of the last suffixes as fit."""
    stem = make_temporary_name()
    suffixes = Path(suffixes_of or path).suffixes
    while suffixes and len(os.fsencode(stem + "".join(suffixes))) > MAX_NAME_BYTES:
        del suffixes[0]
    return os.path.join(os.path.dirname(path), stem + "".join(suffixes))


def create_exclusively(path: str, mode: int = 0o666, dir_fd: int | None = None) -> FileIO:
    """Create a file and open it for writing.

    Args:
        path: The new file.
        mode: Its permissions, of which the process's umask takes some away.
        dir_fd: The open folder that `path` is relative to.

    Raises:
        FileExistsError: Something exists at `path`, even a broken link.
    """
    return FileIO(path, "x", opener=lambda name, flags: os.open(name, flags, mode, dir_fd=dir_fd))


def commit(
    temporary_path: str,
    path: str,
    *,
    create_only: bool = False,
    replaced: os.stat_result | None = None,
    dir_fd: int | None = None,
) -> None:
    """Sync a finished temporary file, rename it to `path`, and sync the folder.

    Args:
        temporary_path: The temporary file, closed.
        path: The target.
        create_only: Fail if the target exists, in one step with the rename.
        replaced: As for `atomic_path`.
        dir_fd: The open folder that both are in, if they are relative to it.

    Raises:
        FileExistsError: `create_only` is set, and the target exists.
        OSError: The file system refuses; `filename` is the target.
    """
    with naming_path(path):
        _sync(temporary_path, dir_fd)
        if replaced is not None:
            _copy_permissions(replaced, temporary_path)
        if create_only:
            _rename_to_new(temporary_path, path, dir_fd)
        else:
            os.replace(temporary_path, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        _sync_folder(os.path.dirname(path) or os.curdir, dir_fd)


def discard(temporary_path: str, dir_fd: int | None = None) -> None:
    """Remove a temporary file, if it exists and can be removed."""
    with suppress(OSError):
        os.remove(temporary_path, dir_fd=dir_fd)


@contextmanager
def naming_path(path: str) -> Iterator[None]:
    """Name `path` in the system's errors, which name its temporary file, or one part of it.

    A `DescribedError` names what it is about itself.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, DescribedError) or error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror, path) from error


class Sweeper:
    """Removes temporary files and folders that killed processes left behind.

    Each folder is listed once. Threads may share a sweeper.
    """

    def __init__(self) -> None:
        """Create a sweeper that has swept no folder yet."""
        self._swept: set[str] = set()

    def sweep(self, folder: str, dir_fd: int | None = None) -> None:
        """Remove what ended processes left in a folder, unless swept before.

        Args:
            folder: The folder.
            dir_fd: The same folder, if it is open; then `folder` only names it.
        """
        folder = os.path.abspath(folder)
        if folder in self._swept:
            return
        self._swept.add(folder)
        with suppress(OSError), os.scandir(folder if dir_fd is None else dir_fd) as entries:
            for entry in entries:
                if _is_orphan(entry):
                    _remove_orphan(entry, dir_fd)


def find_orphans(folder: str | os.PathLike[str]) -> list[str]:
    """Return the paths of what ended processes left in a folder; none if it cannot be listed."""
    with suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if _is_orphan(entry))
    return []


def _is_orphan(entry: os.DirEntry[str]) -> bool:
    name = _TEMPORARY_NAME.fullmatch(entry.name)
    if name is None:
        return False
    has_ended = is_abandoned(name) if name["system"] else None
    if has_ended is not None:  # the age would mislead where a clock is wrong
        return has_ended
    try:
        changed = entry.stat(follow_symlinks=False).st_mtime
    except OSError:  # other processes sweep, too
        return False
    return changed < time.time() - ORPHAN_SECONDS


def _remove_orphan(entry: os.DirEntry[str], dir_fd: int | None) -> None:
    with suppress(OSError):  # other processes sweep, too
        if entry.is_dir(follow_symlinks=False):
            if dir_fd is None:  # nothing here makes folders in an open folder
                shutil.rmtree(entry.path)  # follows no links
        elif entry.is_file(follow_symlinks=False):
            os.remove(entry.path, dir_fd=dir_fd)


def _sync_folder(path: str, dir_fd: int | None) -> None:
    """Sync a folder, together with other threads that want it."""
    status = os.stat(path, dir_fd=dir_fd)
    _FOLDER_SYNCS.call((status.st_dev, status.st_ino), lambda: _sync(path, dir_fd))


def _sync(path: str, dir_fd: int | None) -> None:
    """Flush a file's bytes, or a folder's entries, to the disk."""
    is_folder = path == os.curdir or (dir_fd is None and os.path.isdir(path))
    if os.name == "nt" and is_folder:
        return  # Windows cannot open a folder; NTFS journals its entries.
    flags = (os.O_RDONLY if os.name != "nt" else os.O_RDWR) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, os.O_RDONLY if is_folder else flags, dir_fd=dir_fd)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network shares cannot sync a folder; the file in it is written all the same.
        if not is_folder or error.errno not in _NO_FOLDER_SYNC_ERRORS:
            raise
    finally:
        os.close(descriptor)


def _copy_permissions(source: os.stat_result, path: str) -> None:
    """Give a file the permissions of another, and its owner and group where that is allowed.

    Set-user-ID and set-group-ID are dropped: they were granted to the old content.
    """
    if hasattr(os, "chown"):  # not on Windows
        for owner, group in ((-1, source.st_gid), (source.st_uid, -1)):
            with suppress(OSError):  # not everybody may, and not every file system can
                os.chown(path, owner, group)
    with suppress(OSError):
        os.chmod(path, source.st_mode & 0o777)


def _rename_to_new(source: str, destination: str, dir_fd: int | None) -> None:
    """Rename a file, or raise FileExistsError if the destination exists, in one step."""
    if os.name == "nt":
        os.rename(source, destination)  # never replaces on Windows
        return
    try:
        os.link(source, destination, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except OSError as error:
        if error.errno not in _NO_LINK_ERRORS:
            raise
        # exFAT and some network shares have no hard links. There, the check and the rename are two
        # steps, and the last of two simultaneous writers wins.
        with suppress(FileNotFoundError):
            os.stat(destination, dir_fd=dir_fd, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, "file exists", destination) from error
        os.rename(source, destination, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
