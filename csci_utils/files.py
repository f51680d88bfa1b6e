"""Whole files: read with a limit, replaced atomically, with errors that say what to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

from .atomic import atomic_path, naming_path
from .errors import DescribedError, NothingWrittenError, check_size, find_remedy


def read_file(path: Path, error_type: type[DescribedError], max_bytes: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: The file. Links are followed.
        error_type: The class of the errors that are raised.
        max_bytes: The largest size that is accepted.

    Raises:
        error_type: The file is missing, too large or unreadable, or is not a regular file.
    """
    with _described(path, error_type):
        size = _check_status(path, error_type, max_bytes)
        with path.open("rb") as file:
            data = file.read(size + 1)  # some files, as in /proc, have no end
    if len(data) > size:
        raise error_type(
            "has more bytes than its size tells",
            path=path,
            remedy="wait until no program writes it, and run again",
        )
    return data


def check_file(path: Path, error_type: type[DescribedError], max_bytes: int) -> None:
    """Check that `read_file` would find a file, without reading it.

    Raises:
        error_type: The file is missing or too large, or is not a regular file.
    """
    with _described(path, error_type):
        _check_status(path, error_type, max_bytes)


@contextmanager
def _described(path: Path, error_type: type[DescribedError]) -> Iterator[None]:
    try:
        yield
    except DescribedError:  # some are also ValueErrors
        raise
    except FileNotFoundError:
        raise error_type(
            "there is no such file", path=path, remedy="check its name and folder"
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise error_type(
            f"cannot be read: {_reason_of(error)}",
            path=path,
            remedy="check its name and permissions",
        ) from error


def _check_status(path: Path, error_type: type[DescribedError], max_bytes: int) -> int:
    """Return the size of a regular file."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise error_type("expected a file, got a folder", path=path, remedy="name a file inside it")
    if not stat.S_ISREG(status.st_mode):  # reading it might never end
        raise error_type(
            "expected a regular file, got a pipe, socket or device",
            path=path,
            remedy="name a regular file",
        )
    check_size(path, status.st_size, max_bytes, error_type)
    return status.st_size


def find_package_file(package: str, *parts: str) -> Path | None:
    """Return the path of a file of an installed package, which is not imported; None if none is.

    Args:
        package: The name to import it by.
        parts: The file's path inside the package.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent.joinpath(*parts)
    return path if path.is_file() else None


def find_other_writer(path: str | os.PathLike[str]) -> str | None:
    """Return who besides this user and root can change a file or folder, as a reason; else None.

    Links are followed. On Windows, whose permissions are of another kind, nobody else can.

    Raises:
        OSError: The file or folder does not exist, or cannot be looked at.
    """
    if not hasattr(os, "getuid"):
        return None
    status = os.stat(path)
    if status.st_uid not in (0, os.getuid()):
        return "belongs to another user, who may change it"
    is_open = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return "other users can write to it" if is_open else None


def check_place(path: Path, error_type: type[DescribedError]) -> None:
    """Check, before long work, that a file can be written to `path`.

    Creates a temporary file in the folder and removes it.

    Raises:
        error_type: `path` is a folder, pipe or device, or its folder is missing or not writable.
    """
    target, _ = _find_target(path, error_type)
    if not target.parent.is_dir():
        raise error_type(
            f"expected the folder {target.parent} to exist", path=path, remedy="create it first"
        )
    try:
        probe_folder(target.parent)
    except OSError as error:
        raise _unwritable(path, error, error_type) from error


def probe_folder(folder: Path) -> None:
    """Create a temporary file in `folder`, because permissions alone do not tell enough.

    Raises:
        OSError: The folder is missing or not writable.
    """
    with TemporaryFile(dir=folder):
        pass


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that appears whole or not at all, replacing what was there.

    Raises:
        OSError: The file system refuses; `path` is as it was before.
    """
    with atomic_path(path) as temporary_path, naming_path(os.fspath(path)):
        Path(temporary_path).write_bytes(data)


@contextmanager
def replacing(path: Path, error_type: type[DescribedError]) -> Iterator[Path]:
    """Yield the path of an empty temporary file that replaces `path` when the body succeeds.

    The temporary file lies beside the target, with the suffixes of `path`. If `path` is a link, it
    stays, and its target is replaced. The new file keeps the permissions of the old one, and its
    owner and group where the system allows it.

    Raises:
        error_type: The file system refuses; `path` is as it was before.
    """
    target, replaced = _find_target(path, error_type)
    try:
        with atomic_path(target, suffixes_of=path.name, replaced=replaced) as temporary_path:
            yield Path(temporary_path)
    except DescribedError:  # some are also OSErrors
        raise
    except OSError as error:
        raise _unwritable(path, error, error_type) from error


def _find_target(
    path: Path, error_type: type[DescribedError]
) -> tuple[Path, os.stat_result | None]:
    """Return the file that writing to `path` replaces, and its status if it exists."""
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    try:
        status = target.stat()
    except FileNotFoundError:
        return target, None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unwritable(path, error, error_type) from error
    if stat.S_ISDIR(status.st_mode):
        raise error_type(
            "expected a file to write, got a folder", path=path, remedy="name a file in it"
        )
    if not stat.S_ISREG(status.st_mode):  # replacing would remove /dev/null
        raise error_type(
            "expected a file to write, got a pipe, socket or device",
            path=path,
            remedy="name a regular file",
        )
    return target, status


def _unwritable(
    path: Path, error: OSError | ValueError, error_type: type[DescribedError]
) -> DescribedError:
    reason = f"cannot be written: {_reason_of(error)}"
    return error_type(reason, path=path, remedy=find_remedy(error))


def _reason_of(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def check_written(temporary_path: str, path: str, dir_fd: int | None = None) -> None:
    """Check that a temporary file has bytes to commit.

    Args:
        temporary_path: The temporary file.
        path: The target, for the message.
        dir_fd: The open folder that `temporary_path` is relative to.

    Raises:
        NothingWrittenError: The temporary file is empty or missing.
    """
    try:
        size = os.stat(temporary_path, dir_fd=dir_fd).st_size
    except FileNotFoundError:
        size = 0
    if size == 0:
        raise NothingWrittenError(
            "nothing was written, so nothing was committed",
            path=path,
            remedy="write to the opened file or to its temporary path",
        )
