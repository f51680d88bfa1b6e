"""Whole runs whose data folder is on a disk that is full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.disks import DiskProject, fill_disk, small_disk
from tests.support.files.pictures import encode
from tests.support.pipeline.projects import MakeProject, Project, failures, read_summary
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

DISK_BYTES = 2 << 20
ROOM_BYTES = 64 << 10
SIDE = 200  # px; its noise takes twice the room that is left
IMAGES = ("--image", "large.png", "--image", "small.png")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, DISK_BYTES) as path:
        yield path


@pytest.fixture
def disk_project(disk: Path, store: RemoteStore, drawing: bytes, model: bytes) -> Project:
    """A project on the small disk, whose remote has a large image, a small one and a model."""
    store.write("images/large.png", make_noise())
    store.write("images/small.png", drawing)
    store.write("saved_models/one.pth", model)
    return DiskProject(disk, store.url)


def make_noise() -> bytes:
    """Return an image of which no format makes a small file."""
    pixels = np.random.default_rng(5).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "PNG")


@pytest.mark.s3_every_day
def test_a_full_disk_fails_a_fetch_and_the_other_images_are_painted(
    disk_project: Project, store: RemoteStore, photograph: bytes
) -> None:
    new = store.read("images/large.png")
    cached = disk_project.data / "images" / "large.png"
    store.write("images/large.png", photograph)
    disk_project.run_well("download", "--image", "large.png", "--model", "one.pth")
    store.write("images/large.png", new)
    fill_disk(disk_project.folder / "filler", but=ROOM_BYTES)

    result = disk_project.run("main", *IMAGES, "--model", "one.pth")

    assert failures(result) == [
        f"failed: {cached}: No space left on device; make room on that disk, and run again"
    ]
    assert (result.exit_code, read_summary(result)["painted"]) == (1, 1)
    assert cached.read_bytes() == photograph
    (disk_project.folder / "filler").unlink()
    assert disk_project.run_well("main", *IMAGES, "--model", "one.pth")["painted"] == 1
    assert cached.read_bytes() == new


def test_a_full_disk_fails_a_painting_and_the_other_images_are_painted(
    disk_project: Project, store: RemoteStore
) -> None:
    arguments = ("main", *IMAGES, "--model", "one.pth")
    disk_project.run_well(*arguments, "--max-side", "16")
    result_path = disk_project.data / "stylized" / "one.pth" / "large.png"
    earlier = result_path.read_bytes()
    fill_disk(disk_project.folder / "filler", but=ROOM_BYTES)

    result = disk_project.run(*arguments)

    assert failures(result) == [
        f"failed: {result_path}: cannot be written: No space left on device; "
        "make room on that disk, and run again"
    ]
    assert (result.exit_code, read_summary(result)["painted"]) == (1, 1)
    assert result_path.read_bytes() == earlier == store.read("stylized/one.pth/large.png")
    (disk_project.folder / "filler").unlink()
    assert disk_project.run_well(*arguments)["painted"] == 1
    assert store.read("stylized/one.pth/large.png") == result_path.read_bytes() != earlier


def test_a_full_directory_remote_fails_a_publication_and_others_are_published(
    disk: Path, make_project: MakeProject, drawing: bytes
) -> None:
    project = make_project("machine", str(disk / "remote"))
    Path(project.remote_url, "images").mkdir(parents=True)
    project.drop("large.png", make_noise())
    project.drop("small.png", drawing)
    fill_disk(disk / "filler", but=ROOM_BYTES)

    result = project.run("upload")

    large = Path(project.remote_url, "images", "large.png")
    assert failures(result) == [
        f"failed: {large}: No space left on device; make room on that disk, and run again"
    ]
    assert [path.name for path in large.parent.iterdir()] == ["small.png"]
    (disk / "filler").unlink()
    project.run_well("upload")
    assert large.read_bytes() == make_noise()
