"""Files in a shared folder, in which others may plant links."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from luigi.format import Nop

from csci_utils.errors import LinkError
from csci_utils.luigi import RootedFileSystem, RootedTarget, SuffixPreservingLocalTarget, copy
from csci_utils.rooted import Root
from tests.support.remotes.commits import trace_commits

SECRET = b"the victim's file"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A shared folder."""
    path = tmp_path / "shared"
    (path / "images").mkdir(parents=True)
    return path


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder outside, with a file."""
    path = tmp_path / "private"
    path.mkdir()
    (path / "photo.jpg").write_bytes(SECRET)
    return path


@pytest.fixture
def files(shared: Path) -> RootedFileSystem:
    """The file system of the shared folder."""
    return RootedFileSystem(shared)


def read(path: Path, files: RootedFileSystem) -> bytes:
    with RootedTarget(str(path), files, Nop).open("r") as file:
        content: bytes = file.read()
    return content


def write(path: Path, files: RootedFileSystem) -> None:
    with RootedTarget(str(path), files, Nop).open("w") as file:
        file.write(b"content")


CALLS: dict[str, Callable[[Path, RootedFileSystem], object]] = {
    "read": read,
    "exists": lambda path, files: files.exists(str(path)),
    "version": lambda path, files: files.version(str(path)),
    "same bytes": lambda path, files: files.same_bytes(str(path), __file__),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
def test_a_linked_file_is_refused(
    call: Callable[[Path, RootedFileSystem], object],
    files: RootedFileSystem,
    shared: Path,
    private: Path,
) -> None:
    link = shared / "images" / "photo.jpg"
    link.symlink_to(private / "photo.jpg")

    with pytest.raises(LinkError, match=f"{link}: a link, .*; put the file"):
        call(link, files)


@pytest.mark.parametrize(
    "call",
    [*CALLS.values(), write, lambda path, files: files.remove(str(path))],
    ids=[*CALLS, "write", "remove"],
)
def test_a_linked_folder_is_refused(
    call: Callable[[Path, RootedFileSystem], object],
    files: RootedFileSystem,
    shared: Path,
    private: Path,
) -> None:
    link = shared / "images" / "deep"
    link.symlink_to(private)

    with pytest.raises(LinkError, match=f"{link}: a link"):
        call(link / "photo.jpg", files)

    assert {path.name: path.read_bytes() for path in private.iterdir()} == {"photo.jpg": SECRET}


def test_a_linked_root_is_followed(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(shared)
    (shared / "photo.jpg").write_bytes(b"content")

    files = RootedFileSystem(tmp_path / "link")

    assert read(tmp_path / "link" / "photo.jpg", files) == b"content"


def test_writing_replaces_a_link_and_not_its_target(
    files: RootedFileSystem, shared: Path, private: Path
) -> None:
    link = shared / "photo.jpg"
    link.symlink_to(private / "photo.jpg")

    write(link, files)

    assert (private / "photo.jpg").read_bytes() == SECRET
    assert not link.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync a folder")
@pytest.mark.parametrize("create_only", [False, True])
def test_the_file_is_synced_then_renamed_then_the_folder_is_synced(
    create_only: bool, files: RootedFileSystem, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = RootedTarget(str(shared / "images" / "photo.jpg"), files, Nop, create_only)
    trace = trace_commits(monkeypatch)

    with target.open("w") as file:
        file.write(b"12345")

    assert trace == ["sync file of 5 bytes", "rename", "sync folder"]


def test_removing_removes_a_link_and_not_its_target(
    files: RootedFileSystem, shared: Path, private: Path
) -> None:
    (shared / "photo.jpg").symlink_to(private / "photo.jpg")

    files.remove(str(shared / "photo.jpg"))

    assert list(shared.iterdir()) == [shared / "images"]
    assert (private / "photo.jpg").read_bytes() == SECRET


def test_a_folder_that_is_replaced_by_a_link_while_writing_is_not_followed(
    files: RootedFileSystem, shared: Path, private: Path
) -> None:
    with RootedTarget(str(shared / "images" / "photo.jpg"), files, Nop).open("w") as file:
        file.write(b"content")
        (shared / "images").rename(shared / "moved")
        (shared / "images").symlink_to(private)

    assert (private / "photo.jpg").read_bytes() == SECRET
    assert (shared / "moved" / "photo.jpg").read_bytes() == b"content"


def test_links_are_listed_and_not_entered(
    files: RootedFileSystem, shared: Path, private: Path
) -> None:
    (shared / "images" / "a.jpg").write_bytes(b"content")
    (shared / "images" / "file").symlink_to(private / "photo.jpg")
    (shared / "images" / "folder").symlink_to(private)

    listed = sorted(files.listdir(str(shared)))

    assert listed == [str(shared / "images" / name) for name in ("a.jpg", "file", "folder")]


def test_a_linked_folder_is_not_listed(
    files: RootedFileSystem, shared: Path, private: Path
) -> None:
    (shared / "folder").symlink_to(private)

    with pytest.raises(LinkError):
        list(files.listdir(str(shared / "folder")))


def test_a_missing_folder_lists_nothing(files: RootedFileSystem, shared: Path) -> None:
    assert list(files.listdir(str(shared / "missing"))) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "{}/../private/photo.jpg", "{}/a/../../x", "{}"])
def test_a_path_that_leads_out_is_refused(path: str, shared: Path, private: Path) -> None:
    with pytest.raises(ValueError):
        Root(shared).open(path.format(shared), os.O_RDONLY)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_waited_for(files: RootedFileSystem, shared: Path) -> None:
    os.mkfifo(shared / "photo.jpg")

    assert not files.exists(str(shared / "photo.jpg"))
    with pytest.raises(FileNotFoundError):
        read(shared / "photo.jpg", files)


def test_no_descriptor_stays_open(files: RootedFileSystem, shared: Path) -> None:
    path = shared / "images" / "photo.jpg"
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    for _ in range(3):
        write(path, files)
        read(path, files)
        list(files.listdir(str(shared)))

    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before


def test_a_file_is_copied_from_and_to_a_shared_folder(
    files: RootedFileSystem, shared: Path, tmp_path: Path
) -> None:
    local = tmp_path / "local.jpg"
    local.write_bytes(b"content")
    remote = RootedTarget(str(shared / "new" / "photo.jpg"), files, Nop)

    copy(SuffixPreservingLocalTarget(str(local), format=Nop), remote)
    copy(remote, SuffixPreservingLocalTarget(str(tmp_path / "back.jpg"), format=Nop))

    assert (tmp_path / "back.jpg").read_bytes() == b"content"
    assert files.same_bytes(remote.path, str(local))
