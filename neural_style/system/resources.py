"""The cores and the memory that this process may use, including a container's limits.

Memory is known on Linux only. Elsewhere the functions that measure it return None, and the checks
that depend on it pass.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from csci_utils.text import format_size

from ..errors import DeviceError

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""The environment variable that sets the number of threads, as for OpenMP and PyTorch."""

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_MEMORY_FILE_SYSTEMS = frozenset({"ramfs", "tmpfs"})


class _MemoryFiles(NamedTuple):
    """The files of a control group that tell its memory, and the page cache in `memory.stat`."""

    limit: str
    usage: str
    cached: tuple[str, str]


_MEMORY_FILES = (
    _MemoryFiles("memory.max", "memory.current", ("active_file", "inactive_file")),  # version 2
    _MemoryFiles(  # version 1
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        ("total_active_file", "total_inactive_file"),
    ),
)


def count_threads() -> int:
    """Return the default number of threads: `THREADS_VARIABLE`, else one for each usable core."""
    # OpenMP takes a list: a number for each level of nested parallelism.
    wanted = os.environ.get(THREADS_VARIABLE, "").partition(",")[0].strip()
    return int(wanted) if wanted.isdecimal() and int(wanted) > 0 else count_cores()


def count_cores() -> int:
    """Return the number of cores that this process may use, a container's limit included."""
    return max(1, math.ceil(min(_count_cores(), _cpu_quota())))


def available_memory() -> int | None:
    """Return the bytes that the system, and this process's container, can still allocate.

    None if unknown.
    """
    system = _read_kilobytes(_PROC / "meminfo", "MemAvailable:")
    if system is None:
        return None
    groups = (
        _group_memory(folder, files) for folder in _cgroups("memory") for files in _MEMORY_FILES
    )
    return max(0, min([system, *(size for size in groups if size is not None)]))


def anonymous_memory() -> int | None:
    """Return the bytes of memory that this process uses besides mapped files; None if unknown."""
    return _read_kilobytes(_PROC / "self/status", "RssAnon:")


def free_memory(limit: int | None) -> int | None:
    """Return the bytes that this process can still take within `limit` and what is available.

    Args:
        limit: The most anonymous memory that this process may have, in bytes.

    Returns:
        None if there is no limit and the available memory is unknown.
    """
    free = [available_memory(), None if limit is None else limit - (anonymous_memory() or 0)]
    return min((size for size in free if size is not None), default=None)


def describe_use(limit: int, used: int) -> str:
    """Return how much of a limit of memory is in use, which may be more than all of it."""
    if used < limit:
        return f"of which {format_size(used)} are in use"
    return f"of which nothing is left beside the {format_size(used)} in use already"


def check_memory(needed: int, limit: int | None) -> None:
    """Raise an error if there is not enough memory, because the system would kill the process.

    Args:
        needed: In bytes, beyond what the process has already.
        limit: As for `free_memory`.

    Raises:
        DeviceError: `needed` exceeds the available memory, or what `limit` leaves.
    """
    _check_available(needed)
    if limit is not None:
        _check_limit(needed, limit)


def _check_available(needed: int) -> None:
    available = available_memory()
    if available is not None and available < needed:
        raise DeviceError(
            f"expected {format_size(needed)} of free memory for this picture, got "
            f"{format_size(available)}",
            remedy="make it smaller (--max-side)",
        )


def _check_limit(needed: int, limit: int) -> None:
    taken = anonymous_memory() or 0
    if limit < taken + needed:
        raise DeviceError(
            f"expected a limit of at least {format_size(taken + needed)} of memory, of which "
            f"{format_size(taken)} are taken already, got {format_size(limit)}",
            remedy="allow more (--memory), or make the picture smaller (--max-side)",
        )


def lies_in_memory(folder: str) -> bool:
    """Return True if the files in `folder` are kept in memory, as on tmpfs; False if unknown."""
    try:
        device = os.stat(folder).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        # proc_pid_mountinfo(5): the third field is the device; the type follows " - ".
        for line in _read_lines(_PROC / "self/mountinfo"):
            mount, _, source = line.partition(" - ")
            if mount.split()[2] == number:
                return source.split()[0] in _MEMORY_FILE_SYSTEMS
    except (AttributeError, IndexError, OSError):  # AttributeError: Windows has no `os.major`
        pass
    return False


def _count_cores() -> int:
    if hasattr(os, "process_cpu_count"):  # since Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_quota() -> float:
    """Return how many cores' time the container gets; infinity without a limit."""
    return min((_group_quota(folder) for folder in _cgroups("cpu")), default=math.inf)


def _group_quota(folder: Path) -> float:
    """Return the CPU quota of one control group, in cores; infinity without a limit."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        # Without a limit, version 1 has -1 and version 2 "max".
        return float(quota) / float(period) if float(quota) > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def _group_memory(folder: Path, files: _MemoryFiles) -> int | None:
    """Return the bytes that a control group can still allocate.

    None if it has no limit, or is of the other version of control groups.
    """
    try:
        limit = int((folder / files.limit).read_text())
        usage = int((folder / files.usage).read_text())
        statistics = (folder / "memory.stat").read_text().split()
        # The page cache counts as used, but the kernel frees it on demand.
        cached = sum(int(statistics[statistics.index(name) + 1]) for name in files.cached)
    except (OSError, ValueError):  # ValueError: the limit is "max"
        return None
    return limit - usage + cached


def _cgroups(controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control groups, from the innermost to the root.

    Version 1 has a hierarchy for each controller, version 2 one hierarchy for all: cgroups(7).
    """
    try:
        lines = _read_lines(_PROC / "self/cgroup")
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controllers
        group = root / path.lstrip("/")
        yield group
        # A container may see the path from outside, where only the root exists.
        yield from (parent for parent in group.parents if parent.is_relative_to(root))


def _read_kilobytes(path: Path, name: str) -> int | None:
    """Return the bytes in a field of kB, as files in /proc have; None if there is no such field."""
    try:
        fields = path.read_text().split()
        return int(fields[fields.index(name) + 1]) * 1024
    except (OSError, ValueError):
        return None


def _read_lines(path: Path) -> list[str]:
    """Return the lines of a file that contains paths, which may be any bytes."""
    return os.fsdecode(path.read_bytes()).split("\n")[:-1]
