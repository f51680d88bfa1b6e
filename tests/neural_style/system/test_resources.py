"""The cores and the memory that a process may use, where control groups limit them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from neural_style import DeviceError
from neural_style.system import resources

MakeMachine = Callable[[str, dict[str, str]], None]
"""Takes the content of /proc/self/cgroup, and files below /sys/fs/cgroup by their paths."""

KIB = 1024
VERSION_2 = "0::/outer/inner\n"
VERSION_1 = "5:memory:/outer/inner\n4:cpu,cpuacct:/outer/inner\n1:name=systemd:/elsewhere\n"


@pytest.fixture
def make_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeMachine:
    """Replaces the machine by one with 64 cores, 1000 KiB available, and control groups."""

    def make(groups: str, files: dict[str, str]) -> None:
        contents = {"proc/self/cgroup": groups, "proc/meminfo": "MemAvailable:    1000 kB\n"}
        contents |= {f"cgroup/{name}": content for name, content in files.items()}
        for name, content in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.fsencode(content))
        monkeypatch.setattr(resources, "_PROC", tmp_path / "proc")
        monkeypatch.setattr(resources, "_CGROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(resources, "_count_cores", lambda: 64)
        monkeypatch.delenv(resources.THREADS_VARIABLE, raising=False)

    return make


def memory_files_2(
    folder: str, limit: int | str, used: int, active: int = 0, inactive: int = 0
) -> dict[str, str]:
    """Return the files about memory of a group of version 2."""
    return {
        f"{folder}memory.max": f"{limit}\n",
        f"{folder}memory.current": f"{used}\n",
        f"{folder}memory.stat": f"anon 7\nactive_file {active}\ninactive_file {inactive}\n",
    }


def memory_files_1(
    folder: str, limit: int, used: int, active: int = 0, inactive: int = 0
) -> dict[str, str]:
    """Return the files about memory of a group of version 1."""
    return {
        f"memory/{folder}memory.limit_in_bytes": f"{limit}\n",
        f"memory/{folder}memory.usage_in_bytes": f"{used}\n",
        f"memory/{folder}memory.stat": (
            f"active_file 1\ntotal_active_file {active}\ntotal_inactive_file {inactive}\n"
        ),
    }


def cpu_files_1(folder: str, quota: int) -> dict[str, str]:
    """Return the files about processor time of a group of version 1."""
    return {
        f"cpu,cpuacct/{folder}cpu.cfs_quota_us": f"{quota}\n",
        f"cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
    }


@pytest.mark.parametrize(
    ("groups", "files", "available"),
    [
        pytest.param("", {}, 1000 * KIB, id="no group"),
        pytest.param(
            VERSION_2, memory_files_2("outer/inner/", 500, 200, 30, 4), 334, id="2: page cache"
        ),
        pytest.param(
            VERSION_2, memory_files_2("outer/inner/", "max", 200), 1000 * KIB, id="2: no limit"
        ),
        pytest.param(
            VERSION_2,
            memory_files_2("outer/inner/", "max", 9) | memory_files_2("outer/", 500, 100),
            400,
            id="2: outer group",
        ),
        pytest.param(
            VERSION_2,
            memory_files_2("outer/inner/", 300, 0) | memory_files_2("outer/", 500, 100),
            300,
            id="2: inner group",
        ),
        pytest.param(
            VERSION_2, memory_files_2("", 500, 100), 400, id="2: the root, in a container"
        ),
        pytest.param(
            "0::/\udcff/inner\n",
            memory_files_2("\udcff/", 500, 100),
            400,
            id="2: a name that is not UTF-8",
        ),
        pytest.param(
            VERSION_2, memory_files_2("outer/inner/", 500, 600), 0, id="2: above the limit"
        ),
        pytest.param(
            VERSION_2,
            memory_files_2("outer/inner/", 2**40, 0),
            1000 * KIB,
            id="2: a limit above what the machine has",
        ),
        pytest.param(
            VERSION_2, memory_files_2("elsewhere/", 500, 100), 1000 * KIB, id="2: another group"
        ),
        pytest.param(
            VERSION_1, memory_files_1("outer/inner/", 500, 200, 30, 4), 334, id="1: page cache"
        ),
        pytest.param(
            VERSION_1,
            memory_files_1("outer/inner/", 2**63 - 4096, 200),
            1000 * KIB,
            id="1: no limit",
        ),
        pytest.param(VERSION_1, memory_files_1("outer/", 500, 100), 400, id="1: outer group"),
        pytest.param(
            VERSION_1, memory_files_1("", 500, 100), 400, id="1: the root, in a container"
        ),
        pytest.param(
            VERSION_1, memory_files_1("elsewhere/", 500, 100), 1000 * KIB, id="1: another group"
        ),
    ],
)
def test_control_groups_limit_the_memory(
    groups: str, files: dict[str, str], available: int, make_machine: MakeMachine
) -> None:
    make_machine(groups, files)

    assert resources.available_memory() == available


@pytest.mark.parametrize(
    ("groups", "files", "threads"),
    [
        pytest.param("", {}, 64, id="no group"),
        pytest.param(VERSION_2, {"outer/inner/cpu.max": "300000 100000\n"}, 3, id="2: whole cores"),
        pytest.param(
            VERSION_2, {"outer/inner/cpu.max": "150000 100000\n"}, 2, id="2: a core and a half"
        ),
        pytest.param(
            VERSION_2, {"outer/inner/cpu.max": "1000 100000\n"}, 1, id="2: less than a core"
        ),
        pytest.param(VERSION_2, {"outer/inner/cpu.max": "max 100000\n"}, 64, id="2: no limit"),
        pytest.param(
            VERSION_2,
            {"outer/inner/cpu.max": "max 100000\n", "outer/cpu.max": "400000 100000\n"},
            4,
            id="2: outer group",
        ),
        pytest.param(
            VERSION_2, {"cpu.max": "200000 100000\n"}, 2, id="2: the root, in a container"
        ),
        pytest.param(
            VERSION_2,
            {"outer/inner/cpu.max": "9900000 100000\n"},
            64,
            id="2: a limit above what the machine has",
        ),
        pytest.param(
            VERSION_1, cpu_files_1("outer/inner/", 250_000), 3, id="1: two cores and a half"
        ),
        pytest.param(VERSION_1, cpu_files_1("outer/inner/", -1), 64, id="1: no limit"),
        pytest.param(
            VERSION_1,
            cpu_files_1("outer/inner/", -1) | cpu_files_1("outer/", 200_000),
            2,
            id="1: outer group",
        ),
    ],
)
def test_control_groups_limit_the_threads(
    groups: str, files: dict[str, str], threads: int, make_machine: MakeMachine
) -> None:
    make_machine(groups, files)

    assert resources.count_threads() == threads


def test_a_mount_point_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}".encode()
    (tmp_path / "self").mkdir()
    (tmp_path / "self/mountinfo").write_bytes(
        b"21 1 0:1 / /media/\xff rw - ext4 /dev/sda rw\n22 1 "
        + number
        + b" / / rw - tmpfs none rw\n"
    )
    monkeypatch.setattr(resources, "_PROC", tmp_path)

    assert resources.lies_in_memory(str(tmp_path))


def test_without_proc_the_memory_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_PROC", tmp_path / "absent")

    assert resources.available_memory() is None
    assert resources.anonymous_memory() is None


def test_work_that_fits_into_memory_is_accepted(make_machine: MakeMachine) -> None:
    make_machine("", {})

    resources.check_memory(1000 * KIB, limit=None)


def test_work_beyond_the_available_memory_is_refused(make_machine: MakeMachine) -> None:
    make_machine("", {})

    with pytest.raises(DeviceError, match=r"1\.0 MB of free memory .*, got 1\.0 MB") as caught:
        resources.check_memory(1000 * KIB + 1, limit=None)

    assert caught.value.remedy == "make it smaller (--max-side)"


def test_work_beyond_the_limit_is_refused(
    make_machine: MakeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_machine("", {})
    monkeypatch.setattr(resources, "anonymous_memory", lambda: 10)

    with pytest.raises(DeviceError, match=r"at least 101 bytes .* 10 bytes are taken") as caught:
        resources.check_memory(91, limit=100)

    assert "(--memory)" in caught.value.remedy
