"""Atomic writing without Luigi, and what killed processes leave behind."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from csci_utils import liveness
from csci_utils.atomic import Sweeper, atomic_path, make_temporary_name, scratch_folder
from csci_utils.files import write_atomically
from csci_utils.liveness import OWNER_PATTERN
from tests.support.remotes.commits import trace_commits
from tests.support.remotes.orphans import make_old


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_bytes_are_written_and_nothing_else_stays(folder: Path) -> None:
    write_atomically(folder / "file.bin", b"content")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file.bin": b"content"}


def test_an_existing_file_is_replaced(folder: Path) -> None:
    (folder / "file.bin").write_bytes(b"old")

    write_atomically(folder / "file.bin", b"new")

    assert (folder / "file.bin").read_bytes() == b"new"


def test_a_relative_path_is_written() -> None:
    write_atomically("file.bin", b"content")

    assert Path("file.bin").read_bytes() == b"content"


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync a folder")
def test_the_file_is_synced_renamed_and_the_folder_synced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = trace_commits(monkeypatch)

    write_atomically(folder / "file.bin", b"12345")

    assert events == ["sync file of 5 bytes", "rename", "sync folder"]


def test_a_body_that_raises_keeps_the_old_file_alone(folder: Path) -> None:
    (folder / "file.bin").write_bytes(b"old")

    with pytest.raises(KeyError), atomic_path(folder / "file.bin") as temporary_path:
        Path(temporary_path).write_bytes(b"part")
        raise KeyError

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file.bin": b"old"}


def test_an_error_names_the_target(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file.bin"

    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, b"content")

    assert caught.value.filename == str(path)


def test_a_planted_link_is_not_followed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    (folder / "victim").write_bytes(b"untouched")
    planted = folder / f"{make_temporary_name()}.bin"
    planted.symlink_to(folder / "victim")

    with pytest.raises(FileExistsError):
        write_atomically(folder / "file.bin", b"content")

    assert planted.is_symlink()
    assert (folder / "victim").read_bytes() == b"untouched"


# Sweeping.


def test_a_file_that_may_still_be_written_is_not_swept(folder: Path) -> None:
    with atomic_path(folder / "photo.jpg") as temporary_path:
        Sweeper().sweep(str(folder))

        assert os.path.exists(temporary_path)


def leave_orphan(folder: Path) -> Path:
    """Have another process leave a temporary file, and return its path."""
    script = (
        "import sys; from pathlib import Path; from csci_utils.atomic import make_temporary_name; "
        "path = Path(sys.argv[1], make_temporary_name() + '.png'); path.touch(); print(path)"
    )
    command = [sys.executable, "-c", script, str(folder)]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def test_the_file_of_an_ended_process_is_swept(folder: Path) -> None:
    orphan = leave_orphan(folder)
    assert orphan.exists()

    Sweeper().sweep(str(folder))

    assert not orphan.exists()


def test_the_file_of_an_earlier_process_of_this_number_is_swept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = folder / make_temporary_name()
    orphan.touch()
    monkeypatch.setattr(liveness, "_PROCESS", "0" * 8)

    Sweeper().sweep(str(folder))

    assert not orphan.exists()


def test_the_file_of_another_system_is_not_swept(folder: Path) -> None:
    orphan = leave_orphan(folder)
    mine = re.search(OWNER_PATTERN, orphan.name)
    assert mine is not None
    theirs = folder / orphan.name.replace(mine["system"], f"{int(mine['system'], 16) ^ 1:08x}")
    orphan.rename(theirs)

    Sweeper().sweep(str(folder))
    assert theirs.exists()

    make_old(theirs)
    Sweeper().sweep(str(folder))
    assert not theirs.exists()


def test_the_file_of_a_live_process_is_not_swept(folder: Path) -> None:
    script = "from csci_utils.atomic import make_temporary_name; print(make_temporary_name())"
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}; import sys; sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        path = folder / process.stdout.readline().strip()
        path.touch()
        make_old(path)  # by a clock that is wrong

        Sweeper().sweep(str(folder))
        assert path.exists()

        process.communicate()
    Sweeper().sweep(str(folder))
    assert not path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_file_of_a_process_that_nobody_waits_for_is_swept(folder: Path) -> None:
    script = "from csci_utils.atomic import make_temporary_name; print(make_temporary_name())"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        path = folder / process.stdout.read().strip()
        path.touch()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        Sweeper().sweep(str(folder))

        assert not path.exists()


def test_a_scratch_folder_is_removed() -> None:
    with scratch_folder() as folder:
        Path(folder, "file").touch()

    assert not os.path.exists(folder)


def test_a_folder_is_swept_once_by_a_sweeper(folder: Path) -> None:
    sweeper = Sweeper()
    sweeper.sweep(str(folder))
    orphan = folder / ".luigi-tmp-0123456789abcdef"
    orphan.touch()
    make_old(orphan)

    sweeper.sweep(str(folder))
    assert orphan.exists()

    Sweeper().sweep(str(folder))
    assert not orphan.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".luigi-tmp-notes.txt",
        ".luigi-tmp-0123456789abcdef0.jpg",
        "photo.jpg-luigi-tmp-0123456789",
        "old.luigi-tmp-0123456789abcdef",
    ],
)
def test_an_old_file_of_another_name_is_not_swept(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"untouched")
    make_old(folder / name)

    Sweeper().sweep(str(folder))

    assert (folder / name).read_bytes() == b"untouched"


@pytest.mark.parametrize("target", ["elsewhere", "elsewhere/victim"])
def test_an_old_link_is_neither_swept_nor_followed(
    target: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "victim").write_bytes(b"untouched")
    link = folder / ".luigi-tmp-0123456789abcdef"
    link.symlink_to(tmp_path / target)
    make_old(link)
    make_old(tmp_path / target)

    Sweeper().sweep(str(folder))

    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "victim").read_bytes() == b"untouched"


@pytest.mark.parametrize(
    ("name", "is_old", "is_swept"),
    [
        (".luigi-tmp-0123456789abcdef.su10bldc", True, True),
        (".luigi-tmp-0123456789abcdef.su10bldc", False, False),
        (".luigi-tmp-su10bldc", True, False),
    ],
    ids=["old", "young", "of another name"],
)
def test_a_folder_is_swept_when_it_is_old(
    name: str, is_old: bool, is_swept: bool, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_bytes(b"untouched")
    orphan = folder / name
    orphan.mkdir()
    (orphan / "part").write_bytes(b"a part")
    (orphan / "link").symlink_to(tmp_path / "victim")
    if is_old:
        make_old(orphan)

    Sweeper().sweep(str(folder))

    assert orphan.exists() is not is_swept
    assert (tmp_path / "victim").read_bytes() == b"untouched"


def test_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    Sweeper().sweep(str(tmp_path / "missing"))
