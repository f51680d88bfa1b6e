"""Reading whole files and replacing them, with errors that say why it cannot be done."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import NeuralStyleError


def read_file(path: Path, error_type: type[NeuralStyleError], max_bytes: int) -> bytes:
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
    except NeuralStyleError:  # some are ValueErrors too
        raise
    except FileNotFoundError:
        raise error_type("there is no such file; check its name and folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise error_type(f"cannot be read: {reason}; check its name and permissions") from error


def check_place(path: Path, error_type: type[NeuralStyleError]) -> None:
    """Find out before the work, not after it, that no file can be written to `path`.

    Raises:
        error_type: it is a folder, or its folder is not there.
    """
    if path.is_dir():
        raise error_type(f"{path}: expected a file to write, got a folder; name a file in it")
    if not path.parent.is_dir():
        raise error_type(f"{path}: expected the folder {path.parent} to exist; create it first")


@contextmanager
def replacing(path: Path, error_type: type[NeuralStyleError]) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, that becomes `path` if all goes well.

    Raises:
        error_type: the file system refused; `path` is then what it was before.
    """
    temporary_path = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        yield temporary_path
        os.replace(temporary_path, path)
    except BaseException as error:
        temporary_path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise error_type(f"{path}: cannot be written: {reason}") from error
        raise
