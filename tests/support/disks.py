"""Disks of other kinds: small ones, which can be full, and those that ignore case."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.pipeline.projects import Project

_MOUNT_TMPFS = 'mount -t tmpfs -o size="$2" none "$1"'
_MOUNT_EXFAT = 'mkfs.exfat "$2" && mount -t exfat-fuse -o loop "$2" "$1"'
_HOLD = '{{ {mount}; }} >&2 && echo mounted && cat; umount "$1"'
_BLOCK_BYTES = 4096
_EXFAT_BYTES = 8 << 20


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
    with _mounted(folder, _MOUNT_TMPFS, str(size), ["--map-root-user"]) as path:
        yield path


@contextmanager
def caseless_disk(folder: Path) -> Iterator[Path]:
    """Mount a new exFAT file system, which ignores case, in the same way.

    Only root may do that, with the packages exfatprogs and exfat-fuse (Debian's names).

    Args:
        folder: An empty folder.
    """
    image = folder.with_name(f"{folder.name}.exfat")
    image.write_bytes(bytes(_EXFAT_BYTES))
    with _mounted(folder, _MOUNT_EXFAT, str(image)) as path:
        yield path


@contextmanager
def _mounted(
    folder: Path, mount: str, argument: str, options: Sequence[str] = ()
) -> Iterator[Path]:
    if shutil.which("unshare") is None:
        pytest.skip("this system has no unshare(1), which mounts without asking for privileges")
    script = _HOLD.format(mount=mount)
    with subprocess.Popen(
        ["unshare", *options, "--mount", "sh", "-c", script, "sh", str(folder), argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"mounted\n":
            pytest.skip("this system does not permit mounting such a disk for one process")
        yield Path(f"/proc/{holder.pid}/root{folder}")


class DiskProject(Project):
    """A project on such a disk, whose commands run in processes that see it as their own.

    SQLite follows the link in the path of `small_disk`, which only the system can.
    """

    def run(self, *arguments: str) -> Result:
        """Run the command line in a process of its own."""
        holder = self.folder.parts[2]
        enter = ["nsenter", "--mount", f"--target={holder}"]
        if os.readlink("/proc/self/ns/user") != os.readlink(f"/proc/{holder}/ns/user"):
            enter += ["--preserve-credentials", "--user"]
        done = subprocess.run([*enter, *self.command(*arguments)], capture_output=True, timeout=300)
        output = done.stdout + done.stderr
        return Result(CliRunner(), done.stdout, done.stderr, output, None, done.returncode, None)


def fill_disk(path: Path, but: int = 0) -> None:
    """Fill a disk with a file, but for some bytes."""
    room = shutil.disk_usage(path.parent).free - but
    path.write_bytes(bytes(max(room, 0) // _BLOCK_BYTES * _BLOCK_BYTES))
