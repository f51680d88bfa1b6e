"""Files that are read with a limit, and replaced completely or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from csci_utils.errors import BusyError, DescribedError
from csci_utils.files import (
    check_place,
    find_other_writer,
    find_package_file,
    read_file,
    replacing,
)
from tests.support.remotes.commits import trace_commits


class PlaceError(DescribedError, ValueError):
    """Stands for the errors of a package that uses these functions."""


def replace(path: Path, content: bytes) -> None:
    with replacing(path, PlaceError) as temporary_path:
        temporary_path.write_bytes(content)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(b"old")
    path.chmod(mode)

    replace(path, b"new")

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@pytest.mark.skipif(not hasattr(os, "chown"), reason="this system has no such permissions")
def test_set_user_id_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(b"old")
    path.chmod(0o6755)

    replace(path, b"new")

    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="root alone gives files away")
def test_owner_and_group_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(b"old")
    os.chown(path, 12345, 54321)
    path.chmod(0o640)
    replace(path, b"new")

    status = path.stat()

    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 54321, 0o640)


def test_a_file_is_replaced_without_the_right_to_chown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chown", Mock(side_effect=PermissionError), raising=False)
    path = tmp_path / "file.png"
    path.write_bytes(b"old")
    path.chmod(0o640)

    replace(path, b"new")

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)


def test_a_new_file_has_default_permissions(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    replace(tmp_path / "file.png", b"new")

    modes = {path.stat().st_mode for path in tmp_path.iterdir()}

    assert len(modes) == 1


def test_the_temporary_file_of_a_private_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "file.png"
    path.touch()
    path.chmod(0o600)

    with replacing(path, PlaceError) as temporary_path:
        temporary_path.write_bytes(b"a part")
        assert stat.S_IMODE(temporary_path.stat().st_mode) == 0o600


def test_a_file_is_replaced_where_chmod_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.png").write_bytes(b"old")
    monkeypatch.setattr(os, "chmod", Mock(side_effect=PermissionError(1, "not permitted")))

    replace(tmp_path / "file.png", b"new")

    assert (tmp_path / "file.png").read_bytes() == b"new"


@pytest.mark.parametrize("is_there", [True, False])
def test_the_target_of_a_link_is_replaced(is_there: bool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "file.png"
    if is_there:
        target.write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("folder/file.png")

    replace(tmp_path / "link.png", b"new")

    assert os.readlink(tmp_path / "link.png") == "folder/file.png"
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("pipe.png")

    for name in ("pipe.png", "link.png"):
        with pytest.raises(PlaceError, match="got a pipe, socket or device"):
            check_place(tmp_path / name, PlaceError)
        with pytest.raises(PlaceError, match="got a pipe, socket or device"):
            replace(tmp_path / name, b"new")

    assert stat.S_ISFIFO((tmp_path / "pipe.png").stat().st_mode)


@pytest.mark.parametrize("name", ["nul\0.png", "loop.png"])
def test_an_impossible_name_is_an_error_of_the_given_type(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")

    with pytest.raises(PlaceError, match="cannot be written"):
        check_place(tmp_path / name, PlaceError)


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_that_becomes_read_only_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (
        pytest.raises(PlaceError, match=r"file\.png: cannot be written: Permission denied"),
        replacing(folder / "file.png", PlaceError) as temporary_path,
    ):
        temporary_path.write_bytes(b"new")
        folder.chmod(0o500)

    folder.chmod(0o700)


def test_the_temporary_file_has_the_suffixes_of_the_name(tmp_path: Path) -> None:
    with replacing(tmp_path / "model.tar.gz", PlaceError) as temporary_path:
        temporary_path.write_bytes(b"new")

        assert temporary_path.parent == tmp_path
        assert temporary_path.name.endswith(".tar.gz")


def test_the_temporary_file_exists_before_it_is_written(tmp_path: Path) -> None:
    with replacing(tmp_path / "file.png", PlaceError) as temporary_path:
        assert temporary_path.read_bytes() == b""


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot sync a folder")
def test_the_file_is_synced_renamed_and_the_folder_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.png").write_bytes(b"old")
    events = trace_commits(monkeypatch)

    replace(tmp_path / "file.png", b"12345")

    assert events == ["sync file of 5 bytes", "rename", "sync folder"]


@pytest.mark.parametrize("error_type", [BusyError, KeyError])
def test_an_error_of_the_body_is_passed_on(error_type: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error_type), replacing(tmp_path / "file.png", PlaceError):
        raise error_type("of the body")

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file.png"

    with pytest.raises(PlaceError) as caught:
        check_place(path, PlaceError)

    folder = path.parent

    assert str(caught.value) == f"{path}: expected the folder {folder} to exist; create it first"


# Reading.


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(b"content")

    assert read_file(tmp_path / "file.bin", PlaceError, 7) == b"content"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such files")
def test_a_file_without_end_is_not_read_to_its_end() -> None:
    path = Path("/proc/self/pagemap")  # its size is 0

    with pytest.raises(PlaceError, match="has more bytes than its size tells"):
        read_file(path, PlaceError, 1 << 40)


@pytest.mark.parametrize(
    ("name", "reason", "remedy"),
    [
        ("missing.bin", "there is no such file", "check its name and folder"),
        ("folder", "expected a file, got a folder", "name a file inside it"),
        ("large.bin", "expected at most 7 bytes, got 1,000", "is this the right file?"),
        ("large.bin/x", "cannot be read: Not a directory", "check its name and permissions"),
        ("nul\0.bin", "cannot be read: embedded null byte", "check its name and permissions"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_parts(
    name: str, reason: str, remedy: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "large.bin").write_bytes(bytes(1000))

    with pytest.raises(PlaceError) as caught:
        read_file(tmp_path / name, PlaceError, 7)

    error = caught.value

    assert (error.path, error.reason, error.remedy) == (str(tmp_path / name), reason, remedy)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has no POSIX permissions")
@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o600, None),
        (0o644, None),
        (0o620, "other users can write to it"),
        (0o602, "other users can write to it"),
    ],
)
def test_other_users_who_can_write_to_a_file_are_found(
    mode: int, reason: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    path.chmod(mode)

    assert find_other_writer(path) == reason


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="root alone gives files away")
def test_the_owner_of_a_file_can_change_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    os.chown(path, 12345, -1)

    assert find_other_writer(path) == "belongs to another user, who may change it"


def test_a_file_of_a_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "unimportable"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError")
    (package / "models" / "small.onnx").touch()
    monkeypatch.syspath_prepend(tmp_path)

    found = find_package_file("unimportable", "models", "small.onnx")

    assert found == package / "models" / "small.onnx"
    assert find_package_file("unimportable", "models", "large.onnx") is None
    assert find_package_file("not_installed_at_all", "small.onnx") is None
