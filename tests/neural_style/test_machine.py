"""What a process may use of the machine, where control groups limit it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from neural_style.system import resources as machine

Machine = Callable[[str, dict[str, str]], None]

KIB = 1024
VERSION_2 = "0::/outer/inner\n"
VERSION_1 = "5:memory:/outer/inner\n4:cpu,cpuacct:/outer/inner\n1:name=systemd:/elsewhere\n"


@pytest.fixture
def make_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine of 64 cores with 1000 KiB available, and these files in /sys/fs/cgroup."""

    def make(groups: str, files: dict[str, str]) -> None:
        contents = {"proc/self/cgroup": groups, "proc/meminfo": "MemAvailable:    1000 kB\n"}
        contents |= {f"cgroup/{name}": content for name, content in files.items()}
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.fsencode(content))
        monkeypatch.setattr(machine, "_PROC", tmp_path / "proc")
        monkeypatch.setattr(machine, "_CGROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(machine, "_count_cores", lambda: 64)
        monkeypatch.delenv(machine.THREADS_VARIABLE, raising=False)

    return make


def memory_2(
    folder: str, limit: object, used: int, active: int = 0, idle: int = 0
) -> dict[str, str]:
    return {
        f"{folder}memory.max": f"{limit}\n",
        f"{folder}memory.current": f"{used}\n",
        f"{folder}memory.stat": f"anon 7\nactive_file {active}\ninactive_file {idle}\n",
    }


def memory_1(folder: str, limit: int, used: int, active: int = 0, idle: int = 0) -> dict[str, str]:
    return {
        f"memory/{folder}memory.limit_in_bytes": f"{limit}\n",
        f"memory/{folder}memory.usage_in_bytes": f"{used}\n",
        f"memory/{folder}memory.stat": (
            f"active_file 1\ntotal_active_file {active}\ntotal_inactive_file {idle}\n"
        ),
    }


@pytest.mark.parametrize(
    ("groups", "files", "available"),
    [
        ("", {}, 1000 * KIB),
        (VERSION_2, memory_2("outer/inner/", 500, 200, 30, 4), 334),
        (VERSION_2, memory_2("outer/inner/", "max", 200), 1000 * KIB),
        (VERSION_2, memory_2("outer/inner/", "max", 9) | memory_2("outer/", 500, 100), 400),
        (VERSION_2, memory_2("outer/inner/", 300, 0) | memory_2("outer/", 500, 100), 300),
        (VERSION_2, memory_2("", 500, 100), 400),
        ("0::/\udcff/inner\n", memory_2("\udcff/", 500, 100), 400),
        (VERSION_2, memory_2("outer/inner/", 500, 600), 0),
        (VERSION_2, memory_2("outer/inner/", 2**40, 0), 1000 * KIB),
        (VERSION_2, memory_2("elsewhere/", 500, 100), 1000 * KIB),
        (VERSION_1, memory_1("outer/inner/", 500, 200, 30, 4), 334),
        (VERSION_1, memory_1("outer/inner/", 2**63 - 4096, 200), 1000 * KIB),
        (VERSION_1, memory_1("outer/", 500, 100), 400),
        (VERSION_1, memory_1("", 500, 100), 400),
        (VERSION_1, memory_1("elsewhere/", 500, 100), 1000 * KIB),
    ],
    ids=[
        "no group",
        "2: files are given up",
        "2: max",
        "2: the outer group",
        "2: the inner group",
        "2: the root in a container",
        "2: a name that is no text",
        "2: beyond the limit",
        "2: more than there is",
        "2: another group",
        "1: files are given up",
        "1: no limit",
        "1: the outer group",
        "1: the root in a container",
        "1: another group",
    ],
)
def test_control_groups_limit_the_memory(
    groups: str, files: dict[str, str], available: int, make_machine: Machine
) -> None:
    make_machine(groups, files)
    assert machine.available_memory() == available


def cpu_1(folder: str, quota: int) -> dict[str, str]:
    return {
        f"cpu,cpuacct/{folder}cpu.cfs_quota_us": f"{quota}\n",
        f"cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
    }


@pytest.mark.parametrize(
    ("groups", "files", "threads"),
    [
        ("", {}, 64),
        (VERSION_2, {"outer/inner/cpu.max": "300000 100000\n"}, 3),
        (VERSION_2, {"outer/inner/cpu.max": "150000 100000\n"}, 2),
        (VERSION_2, {"outer/inner/cpu.max": "1000 100000\n"}, 1),
        (VERSION_2, {"outer/inner/cpu.max": "max 100000\n"}, 64),
        (
            VERSION_2,
            {"outer/inner/cpu.max": "max 100000\n", "outer/cpu.max": "400000 100000\n"},
            4,
        ),
        (VERSION_2, {"cpu.max": "200000 100000\n"}, 2),
        (VERSION_2, {"outer/inner/cpu.max": "9900000 100000\n"}, 64),
        (VERSION_1, cpu_1("outer/inner/", 250_000), 3),
        (VERSION_1, cpu_1("outer/inner/", -1), 64),
        (VERSION_1, cpu_1("outer/inner/", -1) | cpu_1("outer/", 200_000), 2),
    ],
    ids=[
        "no group",
        "2: whole cores",
        "2: a part of a core",
        "2: less than a core",
        "2: max",
        "2: the outer group",
        "2: the root in a container",
        "2: more than there are",
        "1: a part of a core",
        "1: no limit",
        "1: the outer group",
    ],
)
def test_control_groups_limit_the_threads(
    groups: str, files: dict[str, str], threads: int, make_machine: Machine
) -> None:
    make_machine(groups, files)
    assert machine.count_threads() == threads


def test_a_mount_may_be_called_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}".encode()
    (tmp_path / "self").mkdir()
    (tmp_path / "self/mountinfo").write_bytes(
        b"21 1 0:1 / /media/\xff rw - ext4 /dev/sda rw\n22 1 "
        + number
        + b" / / rw - tmpfs none rw\n"
    )
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    assert machine.lies_in_memory(str(tmp_path))


def test_without_linux_the_memory_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_PROC", tmp_path / "absent")
    assert machine.available_memory() is None
