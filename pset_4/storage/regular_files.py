"""Opening regular files, and nothing else that may lie in their place."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO

from csci_utils.errors import DescribedError, LinkError
from csci_utils.rooted import Root

from ..errors import InvalidNameError

_FLAGS = (  # without O_NONBLOCK, opening a FIFO would wait for its other end
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_LINK_ERRORS = frozenset([errno.ELOOP, errno.EMLINK])  # EMLINK: FreeBSD


def open_regular(path: str, root: str | None = None) -> BinaryIO:
    """Open a regular file for reading. A link is not followed, and a FIFO not waited for.

    Args:
        path: The file.
        root: A folder around it, below which a folder that is a link is not followed either.

    Raises:
        InvalidNameError: It is a link or not a regular file.
        OSError: It cannot be opened.
    """
    try:
        descriptor = os.open(path, _FLAGS) if root is None else Root(root).open(path, _FLAGS)
    except LinkError as error:
        raise _refuse(error.path or path, "a link") from error
    except OSError as error:
        if error.errno in _LINK_ERRORS and os.path.islink(path):
            raise _refuse(path, "a link") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _refuse(path, "not a file")
    return os.fdopen(descriptor, "rb")


def find_linked_folders(root: str, paths: Iterable[str]) -> dict[str, DescribedError]:
    """Return which of these paths in a directory remote are links to folders, as errors by path.

    They are not followed, but a person who put one there means what is in it.
    """
    return {
        path: LinkError(
            "a link to a folder, which is not followed in a shared folder",
            path=f"{root}/{path}",
            remedy="put the folder itself there",
        )
        for path in paths
        if not any(part.startswith(".") for part in path.split("/"))
        and os.path.islink(f"{root}/{path}")
        and os.path.isdir(f"{root}/{path}")
    }


def _refuse(path: str, kind: str) -> InvalidNameError:
    return InvalidNameError(
        kind, path=path, remedy=f"copy the file itself into {os.path.dirname(path)}"
    )
