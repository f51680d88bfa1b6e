"""The local file system with the questions of S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from csci_utils.luigi.filesystem import LocalFileSystem

needs_permissions = pytest.mark.usefixtures("bound_by_permissions")


@pytest.fixture
def sealed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a file in it, without any permission."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    (folder / "photo.jpg").touch()
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


def test_a_file_exists(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()

    assert LocalFileSystem().exists(str(tmp_path / "photo.jpg"))


@pytest.mark.parametrize("name", ["missing", "missing/photo.jpg", "file/photo.jpg", "folder"])
def test_anything_but_a_file_does_not_exist(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    (tmp_path / "folder").mkdir()

    assert not LocalFileSystem().exists(str(tmp_path / name))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_does_not_exist(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    assert not LocalFileSystem().exists(str(tmp_path / "fifo"))


@needs_permissions
def test_a_forbidden_file_is_not_reported_as_missing(sealed_folder: Path) -> None:
    with pytest.raises(PermissionError):
        LocalFileSystem().exists(str(sealed_folder / "photo.jpg"))


def test_a_missing_file_has_no_version(tmp_path: Path) -> None:
    assert LocalFileSystem().version(str(tmp_path / "missing")) is None


def test_other_bytes_of_the_same_size_are_another_version(tmp_path: Path) -> None:
    one, two = _write(tmp_path, one=b"abc", two=b"abd")

    assert LocalFileSystem().version(one) != LocalFileSystem().version(two)


@pytest.mark.parametrize(
    ("content", "same"), [(b"abc", True), (b"abd", False), (b"ab", False), (b"abcd", False)]
)
def test_bytes_are_compared(content: bytes, same: bool, tmp_path: Path) -> None:
    one, two = _write(tmp_path, one=content, two=b"abc")

    assert LocalFileSystem().same_bytes(one, two) is same


def test_a_missing_file_does_not_have_the_same_bytes(tmp_path: Path) -> None:
    (path,) = _write(tmp_path, empty=b"")

    assert not LocalFileSystem().same_bytes(str(tmp_path / "missing"), path)


def test_a_listing_includes_subfolders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    paths = _write(tmp_path, **{"a.jpg": b"", "folder/b.jpg": b""})

    assert sorted(LocalFileSystem().listdir(str(tmp_path))) == paths


def test_a_missing_folder_lists_nothing(tmp_path: Path) -> None:
    assert list(LocalFileSystem().listdir(str(tmp_path / "missing"))) == []


def test_a_file_cannot_be_listed(tmp_path: Path) -> None:
    (path,) = _write(tmp_path, file=b"")

    with pytest.raises(NotADirectoryError):
        list(LocalFileSystem().listdir(path))


@needs_permissions
def test_a_forbidden_folder_is_not_reported_as_empty(sealed_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        list(LocalFileSystem().listdir(str(tmp_path)))


def _write(folder: Path, **contents: bytes) -> list[str]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents]
