"""Small disks, which can be full."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$2" none "$1" && echo mounted && exec cat'
_BLOCK_BYTES = 4096


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a new file system over an empty folder inside a `with` statement.

    Only a process of its own sees the mount, and takes it away with its end. The test is skipped
    where that is not permitted.

    Args:
        folder: The folder.
        size: Of the file system, in bytes.

    Yields:
        The path of the mounted folder, for this process and its children.
    """
    if shutil.which("unshare") is None:
        pytest.skip("this system has no unshare(1), which mounts without asking for privileges")
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", _MOUNT]
    with subprocess.Popen(
        [*command, "sh", str(folder), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"mounted\n":
            pytest.skip("this system does not permit mounting a file system for one process")
        yield Path(f"/proc/{holder.pid}/root{folder}")


def fill_disk(path: Path, but: int = 0) -> None:
    """Fill a disk with a file, but for some bytes."""
    room = shutil.disk_usage(path.parent).free - but
    path.write_bytes(bytes(max(room, 0) // _BLOCK_BYTES * _BLOCK_BYTES))
