"""What this process may use of the machine: cores, and memory.

Memory is known on Linux only: elsewhere these functions answer None, and whoever asks does without.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from csci_utils.text import format_size

from ..errors import DeviceError

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""As OpenMP programs read it, PyTorch among them: how many threads to work with."""

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_FILE_SYSTEMS_IN_MEMORY = frozenset({"ramfs", "tmpfs"})


def count_threads() -> int:
    """The number of threads to work with by default.

    It is that in `THREADS_VARIABLE`, or else one for each core that this process may use.
    """
    wanted = os.environ.get(THREADS_VARIABLE, "").partition(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return max(1, math.ceil(min(_count_cores(), _cpu_quota())))


def available_memory() -> int | None:
    """Bytes that can still be taken before the system, or the container, runs out of memory."""
    try:
        fields = (_PROC / "meminfo").read_text().split()
        found = [int(fields[fields.index("MemAvailable:") + 1]) * 1024]
    except (OSError, ValueError):
        return None
    for folder in _cgroups("memory"):
        # Version 2, then version 1. What files occupy is given up when something else needs it.
        for limit, used, cached in (
            ("memory.max", "memory.current", ("active_file", "inactive_file")),
            (
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                ("total_active_file", "total_inactive_file"),
            ),
        ):
            try:
                statistics = (folder / "memory.stat").read_text().split()
                given_up = sum(int(statistics[statistics.index(name) + 1]) for name in cached)
                free = int((folder / limit).read_text()) - int((folder / used).read_text())
            except (OSError, ValueError):  # not of this version, or "max": without a limit
                continue
            found.append(free + given_up)
    return max(0, min(found))


def anonymous_memory() -> int | None:
    """Bytes of memory that this process has and that are not a file's."""
    try:
        fields = (_PROC / "self/status").read_text().split()
        return int(fields[fields.index("RssAnon:") + 1]) * 1024
    except (OSError, ValueError):
        return None


def free_memory(limit: int | None) -> int | None:
    """Bytes that this process can still take: of the machine, and below its `limit` if it has one.

    None if there is no limit, and what the machine has is unknown.
    """
    free = [available_memory(), None if limit is None else limit - (anonymous_memory() or 0)]
    return min((size for size in free if size is not None), default=None)


def check_memory(needed: int, limit: int | None) -> None:
    """Refuse work that needs more than `free_memory`: the process would be killed.

    Raises:
        DeviceError: it does.
    """
    available = available_memory()
    if available is not None and available < needed:
        raise DeviceError(
            f"expected {format_size(needed)} of free memory for this picture, got "
            f"{format_size(available)}; make it smaller (--max-side)"
        )
    taken = anonymous_memory() or 0
    if limit is not None and limit < taken + needed:
        raise DeviceError(
            f"expected a limit of at least {format_size(taken + needed)} of memory, of which "
            f"{format_size(taken)} are taken already, got {format_size(limit)}; allow more "
            "(--memory), or make the picture smaller (--max-side)"
        )


def lies_in_memory(folder: str) -> bool:
    """Whether files in `folder` take memory, not a disk's space; False where this is unknown."""
    try:
        device = os.stat(folder).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        # See proc_pid_mountinfo(5): the third field is the device, the type follows " - ".
        for line in _lines_with_paths("self/mountinfo"):
            mount, _, source = line.partition(" - ")
            if mount.split()[2] == wanted:
                return source.split()[0] in _FILE_SYSTEMS_IN_MEMORY
    except (AttributeError, IndexError, OSError):  # there are no device numbers on Windows
        pass
    return False


def _count_cores() -> int:
    if hasattr(os, "process_cpu_count"):  # from Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_quota() -> float:
    """How many cores' time the container gets; infinity without a limit."""
    quotas = [math.inf]
    for folder in _cgroups("cpu"):
        try:
            if (folder / "cpu.max").exists():
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            if float(quota) > 0:  # version 1 says -1 without a limit, version 2 "max"
                quotas.append(float(quota) / float(period))
        except (OSError, ValueError, ZeroDivisionError):
            continue
    return min(quotas)


def _cgroups(controller: str) -> Iterator[Path]:
    """The folders of the control groups that this process is in, each of which may have a limit.

    See cgroups(7): version 1 has a hierarchy for each controller, version 2 one without a name.
    """
    try:
        lines = _lines_with_paths("self/cgroup")
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controllers
        group = root / path.lstrip("/")
        yield group
        # In a container the path may be that outside it; the root is there in any case.
        yield from (parent for parent in group.parents if parent.is_relative_to(root))


def _lines_with_paths(name: str) -> list[str]:
    """The lines of a file in /proc with paths, which may be any bytes."""
    return os.fsdecode((_PROC / name).read_bytes()).split("\n")[:-1]
