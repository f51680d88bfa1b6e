"""Locks that the system releases when their process ends, however it ends."""

from __future__ import annotations

import errno
import os
import stat
import sys
from io import FileIO

from .errors import BusyError, DescribedError, LinkError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


UNTRUSTED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags to open what somebody else may have put there: no link is followed, no FIFO waited for."""


def is_plain(file: FileIO) -> bool:
    """Return True for a regular file with one name; a planted one could be another's file, too."""
    status = os.fstat(file.fileno())
    return stat.S_ISREG(status.st_mode) and status.st_nlink <= 1


def open_locked(path: str) -> FileIO:
    """Open a file to read and write, creating it if necessary, and lock it until it is closed.

    On network shares without locks, the file is not locked.

    Raises:
        BusyError: Another process, or another open file of this one, has the lock.
        LinkError: It is not a regular file with one name: somebody may have planted it.
        OSError: The file cannot be opened.
    """
    flags = os.O_RDWR | os.O_CREAT | UNTRUSTED
    while True:
        file = FileIO(os.open(path, flags, 0o666), "r+")
        try:
            if not is_plain(file):
                raise LinkError("not a regular file of its own", path=path, remedy="remove it")
            _lock(file)
            # Another process may have renamed or removed it between opening and locking.
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        except FileNotFoundError:
            pass
        except DescribedError:
            file.close()
            raise
        file.close()


def _lock(file: FileIO) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise BusyError(
                "another process is using it", remedy="wait for that, and run again"
            ) from error
        # Some network shares have no locks; the file itself works there.
