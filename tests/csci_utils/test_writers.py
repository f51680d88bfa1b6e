from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csci_utils import writers
from csci_utils.writers import has_writer, may_have_distant_writers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with file.open("rb") as opened:
        if writers.file_system_of(opened.fileno()) not in writers.LOCAL_FILE_SYSTEMS:
            pytest.skip("the temporary folder is not on a disk of this system")
    return file


def ask(path: Path) -> bool | None:
    with path.open("rb") as file:
        return has_writer(file.fileno())


def test_a_file_that_is_only_read_has_no_writer(path: Path) -> None:
    with path.open("rb"):
        assert ask(path) is False


def test_a_writer_in_another_process_is_noticed_until_it_ends(path: Path) -> None:
    program = f"file = open({str(path)!r}, 'ab'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ask(path) is True
        process.communicate("\n")

    assert ask(path) is False


def test_a_file_can_be_written_after_the_question(path: Path) -> None:
    with path.open("rb") as file:
        assert has_writer(file.fileno()) is False
        path.write_bytes(b"other")


def test_of_a_share_nobody_can_tell(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "file_system_of", lambda descriptor: "nfs4")

    assert ask(path) is None
    assert may_have_distant_writers(str(path.parent))


def test_a_disk_of_this_system_has_no_distant_writers(path: Path) -> None:
    assert not may_have_distant_writers(str(path.parent))


def test_a_folder_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        may_have_distant_writers(os.fspath(tmp_path / "missing"))
