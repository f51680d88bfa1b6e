"""Links, folders, FIFOs and other programs' files among the drop-ins."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project, assert_failed, failures
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.mark.parametrize("link", ["file", "folder", "nowhere"])
def test_a_link_is_not_followed(
    filled_project: Project, store: RemoteStore, tmp_path: Path, photograph: bytes, link: str
) -> None:
    target = tmp_path / "elsewhere.png"
    if link == "file":
        target.write_bytes(photograph)
    elif link == "folder":
        target.mkdir()
    (filled_project.uploads / "link.png").symlink_to(target)

    result = filled_project.run("upload")

    assert_failed(result, "link.png")
    assert "images/link.png" not in store.list()


@pytest.mark.s3_every_day
@pytest.mark.parametrize("command", ["main", "stylize"])
def test_a_link_does_not_stand_for_the_remote_image_of_its_name(
    project: Project,
    store: RemoteStore,
    tmp_path: Path,
    photograph: bytes,
    model: bytes,
    command: str,
) -> None:
    store.write("images/link.jpg", photograph)
    project.drop("one.pth", model)
    (project.uploads / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")

    result = project.run(command, "--image", "link.jpg", "--model", "one.pth")

    assert_failed(result, "link.jpg: a link")
    assert project.files("stylized") == []


def test_beside_a_refused_image_only_what_was_asked_for_is_published(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    project.drop("con.png", b"")
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.drop("two.pth", model)
    (project.uploads / "link.jpg").symlink_to("photo.jpg")

    project.run("main", "--image", "link.jpg", "--model", "one.pth")

    assert store.list() == ["saved_models/one.pth"]


def test_with_uploads_off_a_link_hides_no_remote_image(
    project: Project, store: RemoteStore, tmp_path: Path, photograph: bytes, model: bytes
) -> None:
    store.write("images/link.jpg", photograph)
    store.write("saved_models/one.pth", model)
    project.uploads.mkdir(parents=True)
    (project.uploads / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")

    summary = project.run_well(
        "stylize", "--no-upload", "--image", "link.jpg", "--model", "one.pth"
    )

    assert summary["painted"] == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_waited_for(directory_project: Project, photograph: bytes) -> None:
    directory_project.drop("photo.jpg", photograph)
    os.mkfifo(directory_project.uploads / "pipe.png")

    result = directory_project.run_apart("upload")

    assert result.returncode == 1
    assert "pipe.png" in result.stderr


DEVICES = {
    "empty.png": (stat.S_IFCHR, 1, 3),  # /dev/null
    "endless.png": (stat.S_IFCHR, 1, 5),  # /dev/zero
    "without-a-driver.png": (stat.S_IFCHR, 240, 77),
    "a-disk.pth": (stat.S_IFBLK, 7, 0),  # /dev/loop0
}


def test_devices_are_neither_read_nor_published(
    filled_project: Project, store: RemoteStore
) -> None:
    for name, (mode, major, minor) in DEVICES.items():
        try:
            os.mknod(filled_project.uploads / name, 0o644 | mode, os.makedev(major, minor))
        except (AttributeError, PermissionError):
            pytest.skip("only root may create a device, on systems that have them")

    result = filled_project.run("main")

    refusals = [line.partition("; ")[0] for line in failures(result)]
    assert sorted(refusals) == sorted(
        f"failed: {filled_project.uploads / name}: not a file" for name in DEVICES
    )
    assert result.exit_code == 1
    published = ["images/photo.jpg", "saved_models/one.pth", "stylized/one.pth/photo.jpg"]
    assert store.list() == published


LEFTOVERS = (
    "#photo.jpg#",
    "4913",
    ".DS_Store",
    ".photo.jpg.swp",
    ".~lock.photo.jpg#",
    "IMG_0001.AAE",
    "Icon\r",
    "Icon\uf00d",
    "Picasa.ini",
    "Thumbs.db",
    "Thumbs.db:encryptable",
    "candy.pth.aria2",
    "candy.pth.crdownload",
    "candy.pth.filepart",
    "candy.pth.opdownload",
    "desktop.ini",
    "ehthumbs.db",
    "photo.jpg.!qB",
    "photo.jpg.6eF5b5da",
    "photo.jpg.bak",
    "photo.jpg.fdmdownload",
    "photo.jpg.part",
    "photo.jpg.partial",
    "photo.jpg.sb-a1b2c3d4-XyZ123",
    "photo.jpg.swo",
    "photo.jpg.xmp",
    "photo.jpg:AFP_AfpInfo",
    "photo.jpg:Zone.Identifier",
    "photo.jpg@SynoEAStream",
    "photo.jpg\uf03aZone.Identifier",
    "photo.jpg\uf03acom.apple.quarantine",
    "photo.jpg~",
    "~$photo.jpg",
)

LEFTOVER_FOLDERS = (
    "$RECYCLE.BIN",
    "@Recycle",
    "@eaDir",
    "Desktop DB",
    "FOUND.000",
    "System Volume Information",
    "__MACOSX",
    "lost+found",
    "photo.jpg.download",
)


def test_leftovers_of_other_programs_are_ignored(
    filled_project: Project, store: RemoteStore
) -> None:
    for name in LEFTOVERS:
        filled_project.drop(name, b"left behind")
    for name in LEFTOVER_FOLDERS:
        (filled_project.uploads / name).mkdir()

    filled_project.run_well("upload")

    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


def test_leftovers_in_a_directory_remote_are_ignored(
    directory_project: Project, directory_store: DirectoryStore, photograph: bytes
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    for path in ("Icon\r", "photo.jpg:Zone.Identifier", "@eaDir/photo.jpg/THUMB.jpg"):
        directory_store.write(f"images/{path}", b"left behind")

    assert directory_project.run_well("download")["fetched"] == 1


def test_a_file_or_folder_that_is_named_nearly_like_a_leftover_counts(
    filled_project: Project, store: RemoteStore, photograph: bytes
) -> None:
    names = ("photo (1).jpg", "shoot.20240101/x.jpg", "old.bak/x.jpg", "tmp/part.jpg", "4913.jpg")
    for name in names:
        filled_project.drop(name, photograph)

    filled_project.run_well("upload")

    assert {f"images/{name}" for name in names} <= set(store.list())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".holiday.jpg.icloud", "not downloaded from iCloud yet; open it in Finder"),
        ("holiday.jpg.nextcloud", "not downloaded from Nextcloud yet; have it kept"),
        ("holiday.jpg.owncloud", "not downloaded from ownCloud yet; have it kept"),
    ],
)
def test_a_placeholder_of_a_cloud_is_reported_with_the_remedy(
    filled_project: Project, name: str, message: str
) -> None:
    filled_project.drop(name, b"bplist00")

    assert_failed(filled_project.run("upload"), f"uploads/holiday.jpg: {message}")


@pytest.mark.parametrize(
    ("asked", "stored"), [("\u00e9.jpg", "e\u0301.jpg"), ("e\u0301.jpg", "\u00e9.jpg")]
)
@pytest.mark.parametrize("command", ["upload", "stylize"])
def test_a_drop_in_is_found_composed_or_decomposed(
    directory_project: Project,
    directory_store: DirectoryStore,
    photograph: bytes,
    model: bytes,
    command: str,
    asked: str,
    stored: str,
) -> None:
    directory_project.drop(stored, photograph)
    directory_project.drop("one.pth", model)

    directory_project.run_well(command, "--image", asked, "--model", "one.pth")

    assert f"images/{stored}" in directory_store.list()


@pytest.mark.s3_every_day
def test_a_remote_image_is_found_composed_or_decomposed(
    project: Project, store: RemoteStore, photograph: bytes
) -> None:
    store.write("images/e\u0301.jpg", photograph)

    assert project.run_well("download", "--image", "\u00e9.jpg")["fetched"] == 1


@pytest.mark.parametrize("command", ["main", "upload", "status"])
def test_a_file_in_place_of_the_uploads_folder_is_reported(
    directory_project: Project, command: str
) -> None:
    directory_project.uploads.write_text("in the way")

    result = directory_project.run(command)

    assert_failed(result, "uploads: not a folder; take away", exit_code=2)
    assert len(result.stderr.splitlines()) == 1


def test_a_cache_that_cannot_be_written_is_reported(filled_project: Project) -> None:
    (filled_project.data / "images").write_text("in the way")

    assert_failed(filled_project.run("main"), str(filled_project.data / "images"))


@pytest.mark.parametrize("command", ["status", "main"])
def test_a_file_as_the_data_folder_is_a_usage_error(
    directory_project: Project, tmp_path: Path, drawing: bytes, command: str
) -> None:
    (tmp_path / "coffee.png").write_bytes(drawing)

    result = directory_project.run(command, "--data", str(tmp_path / "coffee.png"))

    assert_failed(result, "coffee.png: a file, not a folder; check --data", exit_code=2)
