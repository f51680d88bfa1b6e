"""Whether a program still has a file open for writing. Linux tells, on its own file systems."""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

if sys.platform == "linux":
    import fcntl

LOCAL_FILE_SYSTEMS = frozenset(
    [
        "bcachefs",
        "btrfs",
        "exfat",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "jfs",
        "ntfs3",
        "overlay",
        "ramfs",
        "reiserfs",
        "tmpfs",
        "vfat",
        "xfs",
        "zfs",
    ]
)
"""File systems of Linux on which everybody who writes goes through this kernel. Network shares, and
folders that a virtual machine gets from its host, are not among them."""


def has_writer(descriptor: int) -> bool | None:
    """Return whether any process has a file open for writing; None if nobody can tell.

    A read lease is granted only on a file that nobody has open for writing (fcntl(2)), and only to
    the file's owner. It is given back at once.

    Args:
        descriptor: The file, open for reading only.
    """
    if sys.platform != "linux" or file_system_of(descriptor) not in LOCAL_FILE_SYSTEMS:
        return None
    try:
        # A program that opens the file at that moment waits, and this process gets a signal:
        # SIGURG, which is ignored by default, in place of SIGIO, which would end it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    return False


def file_system_of(descriptor: int) -> str:
    """Return the type of the file system that an open file or folder is on; empty if unknown.

    Linux only. The mount is found by its number: ``st_dev`` is not that of the mount on btrfs.
    """
    try:
        details = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return ""
    number = next(
        (line.split()[1] for line in details.splitlines() if line.startswith("mnt_id:")), None
    )
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")  # proc_pid_mountinfo(5)
        if mount.split()[0] == number:
            return source.split()[0]
    return ""


def may_have_distant_writers(folder: str) -> bool:
    """Return whether other systems may write to a folder, so that events of files do not arrive.

    Where that is unknown, as on other systems than Linux, the answer is False.

    Raises:
        OSError: The folder cannot be opened.
    """
    if sys.platform != "linux":
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        file_system = file_system_of(descriptor)
    finally:
        os.close(descriptor)
    return file_system != "" and file_system not in LOCAL_FILE_SYSTEMS
