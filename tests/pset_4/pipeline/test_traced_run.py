"""What a run asks of the system, as strace shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import DirectoryStore

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

CALLS = "trace=open,openat,fsync,rename,renameat,renameat2,link,linkat"
CALL = re.compile(r"(?:\d+ +)?(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>.*)")
NAMED = re.compile(r'(?:(?:\d+|AT_FDCWD)<(?P<folder>[^>]*)>, )?"(?P<name>[^"]*)"')
DESCRIPTOR = re.compile(r"\d+<(?P<path>[^>]*)>")


def read_events(log: str) -> Iterator[tuple[str, str]]:
    """Yield what succeeded and the path that it was done to, in order."""
    for line in log.splitlines():
        call = CALL.match(line)
        if call is None or call["result"].startswith("-1"):
            continue
        paths = [
            str(PurePath(found["folder"] or "/", found["name"]))
            for found in NAMED.finditer(call["arguments"])
        ]
        if call["name"] == "fsync":
            found = DESCRIPTOR.match(call["arguments"])
            assert found is not None
            yield "sync", found["path"]
        elif call["name"].startswith("open"):
            if "O_CREAT" in call["arguments"]:
                is_exclusive = "O_EXCL" in call["arguments"]
                yield ("create" if is_exclusive else "open to write"), paths[-1]
        else:
            yield f"rename {paths[0]}", paths[-1]


def test_each_file_of_a_run_is_created_exclusively_synced_renamed_and_its_folder_synced(
    directory_project: Project,
    directory_store: DirectoryStore,
    photograph: bytes,
    model: bytes,
    tmp_path: Path,
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    log = tmp_path / "log"
    command = ["strace", "-f", "-y", "-s", "4096", "-e", CALLS, "-o", str(log)]
    traced = subprocess.run([*command, *directory_project.command("main")], capture_output=True)
    if b"ptrace" in traced.stderr.lower():
        pytest.skip("this system does not permit tracing")
    assert traced.returncode == 0, traced.stderr

    events = list(read_events(log.read_text()))

    remote = Path(directory_store.url)
    written = [remote / name for name in directory_store.list()]
    written += [directory_project.data / name for name in directory_store.list()]
    assert len(written) == 6
    for path in written:
        (rename,) = [event for event in events if event[1] == str(path)]
        temporary = rename[0].removeprefix("rename ")
        assert Path(temporary).parent == path.parent
        assert Path(temporary).suffix == path.suffix
        steps = [
            ("create", temporary),
            ("sync", temporary),
            rename,
            ("sync", str(path.parent)),
        ]
        assert_in_order(steps, events)


def assert_in_order(steps: list[tuple[str, str]], events: list[tuple[str, str]]) -> None:
    """Check that each step is among the events behind the one before it."""
    rest = iter(events)
    for step in steps:
        assert step in rest, f"{step} is missing or out of order"
