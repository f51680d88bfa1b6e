"""Whether the process that made a temporary file still lives."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

OWNER_PATTERN = r"(?P<system>[0-9a-f]{8})-(?P<pid>[1-9][0-9]{0,9})-(?P<process>[0-9a-f]{8})"
"""What `name_owner` returns, as a regular expression."""

_PROCESS = secrets.token_hex(4)
"""Tells this process from an earlier one with the same number, as in a restarted container."""


def name_owner() -> str:
    """Return a name of this process, for the names of its temporary files."""
    return f"{_identify_system()}-{os.getpid()}-{_PROCESS}"


def is_abandoned(owner: re.Match[str]) -> bool | None:
    """Return whether a process has ended, from its name; None if it runs on another system.

    Other systems that share the folder, and containers, have processes of their own. A number that
    another process has now counts as that of a live one.

    Args:
        owner: A match of `OWNER_PATTERN`.
    """
    if owner["system"] != _identify_system():
        return None
    pid = int(owner["pid"])
    if pid == os.getpid():
        return owner["process"] != _PROCESS
    return not _is_alive(pid)


@lru_cache(1)
def _identify_system() -> str:
    """Return an id of this boot of the machine, or of this container."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # Linux only
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # of another user; not a number of this system
        pass
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return True if a process has ended, and only its parent has not asked how. Linux only."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # proc_pid_stat(5): the name, in parentheses, may contain any bytes. The state follows it.
    return status.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])


def _is_alive_on_windows(pid: int) -> bool:
    """Ask Windows, where ``os.kill`` would end the process."""
    import ctypes

    synchronize, invalid_parameter, wait_timeout = 0x100000, 87, 0x102
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    handle = kernel32.OpenProcess(synchronize, False, pid)
    if not handle:
        code = ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
        return bool(code != invalid_parameter)
    try:
        return bool(kernel32.WaitForSingleObject(handle, 0) == wait_timeout)
    finally:
        kernel32.CloseHandle(handle)
