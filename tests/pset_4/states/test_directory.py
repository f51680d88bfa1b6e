"""What is remembered of a directory remote, and when it is asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from luigi.format import Nop

from csci_utils.digest import FileState, stored_digests
from csci_utils.luigi import RootedTarget
from pset_4.states.directory import RememberingFileSystem
from pset_4.states.listings import FIRST_QUESTIONS

DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[RememberingFileSystem]:
    """A directory remote that remembers what it was asked."""
    file_system = RememberingFileSystem(tmp_path)
    with file_system.remembering([f"{tmp_path}/images"]):
        yield file_system


@pytest.fixture
def target(remote: RememberingFileSystem, tmp_path: Path) -> RootedTarget:
    """A file that is not there yet."""
    return RootedTarget(f"{tmp_path}/images/a.png", remote, Nop)


def write(target: RootedTarget, content: bytes) -> None:
    """Write a whole file."""
    with target.open("w") as file:
        file.write(content)


def test_a_file_is_asked_for_once(remote: RememberingFileSystem, target: RootedTarget) -> None:
    assert not target.exists()
    path = Path(target.path)
    path.parent.mkdir()
    path.write_bytes(b"abc")  # by another program

    assert not target.exists()
    remote.forget_all()
    assert target.exists()


def test_what_was_asked_while_a_file_was_written_does_not_outlive_the_writing(
    remote: RememberingFileSystem, target: RootedTarget
) -> None:
    with target.open("w") as file:
        file.write(b"abc")
        assert not target.exists()

    assert target.exists()
    assert remote.sha256(target.path) == DIGEST


def test_a_replaced_file_is_read_again(remote: RememberingFileSystem, target: RootedTarget) -> None:
    write(target, b"other")
    assert remote.sha256(target.path) != DIGEST

    write(target, b"abc")

    assert remote.sha256(target.path) == DIGEST


def test_a_removed_file_is_missed(remote: RememberingFileSystem, target: RootedTarget) -> None:
    write(target, b"abc")
    assert target.exists()

    target.remove()

    assert not target.exists()


class ForgettingStore:
    """A store of digests that is read in the moment in which another thread forgets all."""

    def __init__(self, remote: RememberingFileSystem) -> None:
        self._remote = remote

    def load(self, path: str, state: FileState) -> Mapping[str, str]:
        self._remote.forget_all()
        return {"sha256": DIGEST}

    def save(self, path: str, algorithm: str, state: FileState, digest: str) -> None:
        raise AssertionError("no file was read")


def test_an_answer_that_another_thread_forgets_arrives_all_the_same(
    remote: RememberingFileSystem, tmp_path: Path
) -> None:
    paths = [f"{tmp_path}/images/{number}.png" for number in range(FIRST_QUESTIONS + 1)]
    for path in paths:
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(b"abc")

    with stored_digests(ForgettingStore(remote)):  # asked about the last: the folder is listed then
        assert [remote.size(path) for path in paths] == [3] * len(paths)
