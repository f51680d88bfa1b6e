"""Reading whole files and replacing them, with errors that say why it cannot be done."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from .errors import DescribedError


def read_file(path: Path, error_type: type[DescribedError], max_bytes: int) -> bytes:
    """The content of the regular file at `path`.

    Raises:
        error_type: there is no such file, it is a folder, a pipe or a device, it is larger than
            `max_bytes`, or it may not be read. The message does not name the file.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise error_type("expected a file, got a folder; name a file inside it")
        if not stat.S_ISREG(status.st_mode):  # reading it might never end
            raise error_type("expected a regular file, got a pipe, socket or device")
        if status.st_size > max_bytes:
            raise error_type(
                f"expected at most {max_bytes:,} bytes, got {status.st_size:,}; "
                "is this the right file?"
            )
        return path.read_bytes()
    except DescribedError:  # some are ValueErrors too
        raise
    except FileNotFoundError:
        raise error_type("there is no such file; check its name and folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise error_type(f"cannot be read: {reason}; check its name and permissions") from error


def check_place(path: Path, error_type: type[DescribedError]) -> None:
    """Find out before the work, not after it, that no file can be written to `path`.

    Raises:
        error_type: it is a folder, a pipe or a device, or its folder is not there or takes no
            files.
    """
    target, _ = _find_target(path, error_type)
    if not target.parent.is_dir():
        raise error_type(f"{path}: expected the folder {target.parent} to exist; create it first")
    try:
        probe_folder(target.parent)
    except OSError as error:
        raise _unwritable(path, error, error_type) from error


def probe_folder(folder: Path) -> None:
    """Write into `folder` for a moment: permissions alone do not tell whether it can be done.

    Raises:
        OSError: it cannot.
    """
    with TemporaryFile(dir=folder):
        pass


@contextmanager
def replacing(path: Path, error_type: type[DescribedError]) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, that becomes `path` if all goes well.

    A link stays, and what it leads to is replaced; the new file has the old one's permissions, and
    its owner and group where the system allows that.

    Raises:
        error_type: the file system refused; `path` is then what it was before.
    """
    target, replaced = _find_target(path, error_type)
    temporary_path = target.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        if replaced is not None:
            temporary_path.touch(0o600)  # so that nobody reads a part who may not read the whole
        yield temporary_path
        if replaced is not None:
            _make_alike(temporary_path, replaced)
        os.replace(temporary_path, target)
    except BaseException as error:
        with suppress(OSError):
            temporary_path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(path, error, error_type) from error
        raise


def _make_alike(path: Path, replaced: os.stat_result) -> None:
    """Give the file at `path` the permissions of another, and where allowed its owner and group.

    Only those to read, write and run it: to run with its owner's rights was for other content.
    """
    if hasattr(os, "chown"):  # Windows has none
        for owner, group in ((-1, replaced.st_gid), (replaced.st_uid, -1)):
            with suppress(OSError):  # not for everybody, nor on every file system
                os.chown(path, owner, group)
    with suppress(OSError):
        path.chmod(replaced.st_mode & 0o777)


def _find_target(
    path: Path, error_type: type[DescribedError]
) -> tuple[Path, os.stat_result | None]:
    """The file that writing to `path` replaces, with its status if it is there already."""
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    try:
        status = target.stat()
    except FileNotFoundError:
        return target, None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unwritable(path, error, error_type) from error
    if stat.S_ISDIR(status.st_mode):
        raise error_type(f"{path}: expected a file to write, got a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):  # a file would take the place of /dev/null
        raise error_type(f"{path}: expected a file to write, got a pipe, socket or device")
    return target, status


def _unwritable(
    path: Path, error: OSError | ValueError, error_type: type[DescribedError]
) -> DescribedError:
    reason = getattr(error, "strerror", None) or error
    return error_type(f"{path}: cannot be written: {reason}")
