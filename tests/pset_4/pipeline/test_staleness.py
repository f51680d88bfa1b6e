"""A cached file or result is current only for the bytes that it was made from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.support.networks.models import make_model
from tests.support.pipeline.database import DATABASE
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

RESULT = "stylized/one.pth/photo.jpg"
CHOSEN = ("--image", "photo.jpg", "--model", "one.pth")


@pytest.fixture
def painted(project: Project, store: RemoteStore, photograph: bytes, model: bytes) -> Project:
    """A project with an image and a model of the remote, and the published result."""
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    assert project.run_well("main", *CHOSEN)["painted"] == 1
    return project


def count_work(project: Project, *options: str) -> tuple[int, int, int]:
    """Run main and return how many files were fetched, painted and published."""
    summary = project.run_well("main", *CHOSEN, *options)
    return summary["fetched"], summary["painted"], summary["published"]


def flip_byte_unseen(path: Path) -> None:
    """Damage a file and restore its times, as a disk or a careless program does."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.s3_every_day
def test_an_image_replaced_in_the_remote_is_fetched_and_painted_again(
    painted: Project, store: RemoteStore, drawing: bytes
) -> None:
    store.write("images/photo.jpg", drawing)

    assert count_work(painted) == (1, 1, 1)
    assert (painted.data / "images/photo.jpg").read_bytes() == drawing


@pytest.mark.s3_every_day
def test_an_image_replaced_by_one_of_the_same_size_is_noticed(
    painted: Project, store: RemoteStore, photograph: bytes
) -> None:
    # Another value in the first quantization table makes it another valid JPEG.
    at = photograph.index(b"\xff\xdb") + 5
    other = photograph[:at] + bytes([photograph[at] ^ 1]) + photograph[at + 1 :]
    store.write("images/photo.jpg", other)

    assert count_work(painted)[:2] == (1, 1)


@pytest.mark.s3_every_day
def test_a_model_replaced_in_the_remote_is_painted_with(
    painted: Project,
    store: RemoteStore,
) -> None:
    before = store.read(RESULT)
    store.write("saved_models/one.pth", make_model(2))

    assert count_work(painted) == (1, 1, 1)
    assert store.read(RESULT) != before


@pytest.mark.s3_every_day
def test_status_shows_a_replaced_image_and_its_result_as_stale(
    painted: Project, store: RemoteStore, drawing: bytes
) -> None:
    store.write("images/photo.jpg", drawing)

    status = painted.status()

    assert status["images"][0]["cache"] == "stale"
    assert status["results"][0]["local"] == "stale"


@pytest.mark.s3_every_day
def test_status_shows_an_image_removed_from_the_remote_as_stale(
    painted: Project, store: RemoteStore
) -> None:
    store.remove("images/photo.jpg")

    assert painted.status()["images"] == [
        {"name": "photo.jpg", "drop_in": None, "remote": None, "cache": "stale"}
    ]


@pytest.mark.s3_every_day
def test_status_shows_a_result_that_differs_in_the_remote(
    painted: Project, store: RemoteStore
) -> None:
    store.write(RESULT, b"another picture")

    assert painted.status()["results"][0]["remote"] == "differs"


def test_a_cached_image_that_was_altered_is_fetched_again(
    painted: Project, photograph: bytes
) -> None:
    cached = painted.data / "images/photo.jpg"
    cached.write_bytes(b"altered")

    assert count_work(painted)[:2] == (1, 0)
    assert cached.read_bytes() == photograph


def test_a_truncated_result_is_fetched_from_the_remote(
    painted: Project, store: RemoteStore
) -> None:
    result = painted.data / RESULT
    result.write_bytes(result.read_bytes()[:100])

    assert count_work(painted) == (1, 0, 0)
    assert result.read_bytes() == store.read(RESULT)


def test_a_truncated_result_that_the_remote_lacks_is_painted_again(
    painted: Project, store: RemoteStore
) -> None:
    result = painted.data / RESULT
    good = result.read_bytes()
    result.write_bytes(good[:100])
    store.remove(RESULT)

    assert count_work(painted) == (0, 1, 1)
    assert result.read_bytes() == store.read(RESULT) == good


@pytest.mark.parametrize(
    ("option", "size"),
    [(("--max-side", "48", "--force"), (48, 36)), (("--content-scale", "3", "--force"), (32, 24))],
)
def test_other_options_make_another_result(
    painted: Project, option: tuple[str, ...], size: tuple[int, int]
) -> None:
    assert count_work(painted, *option)[1] == 1

    with Image.open(painted.data / RESULT) as result:
        assert result.size == size


def test_the_same_options_make_no_other_result(painted: Project) -> None:
    count_work(painted, "--content-scale", "2", "--force")

    assert count_work(painted, "--content-scale", "2")[1] == 0


def test_status_shows_a_result_with_options_as_current(painted: Project) -> None:
    count_work(painted, "--content-scale", "2", "--force")

    assert painted.status()["results"][0]["local"] == "current"


@pytest.mark.s3_every_day
def test_lost_records_cost_a_transfer_and_no_painting(painted: Project) -> None:
    (painted.data / DATABASE).unlink()

    assert count_work(painted) == (1, 0, 0)


@pytest.mark.s3_every_day
def test_a_result_that_was_damaged_unseen_is_fetched_from_the_remote(
    painted: Project, store: RemoteStore
) -> None:
    good = store.read(RESULT)
    flip_byte_unseen(painted.data / RESULT)

    assert count_work(painted) == (1, 0, 0)
    assert (painted.data / RESULT).read_bytes() == store.read(RESULT) == good


def test_a_cached_file_that_was_damaged_unseen_is_fetched_again(painted: Project) -> None:
    flip_byte_unseen(painted.data / "saved_models/one.pth")

    assert count_work(painted)[0] == 1


def test_a_touched_result_is_not_painted_again(painted: Project) -> None:
    (painted.data / RESULT).touch()

    assert count_work(painted)[1] == 0


def test_a_copied_data_folder_is_as_current_as_the_original(
    painted: Project, store: RemoteStore, make_project: MakeProject
) -> None:
    copied = make_project("copied", store.url)
    shutil.copytree(painted.data, copied.data, dirs_exist_ok=True)

    assert count_work(copied) == (0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"text", b"SQLite format 3\0"])
def test_a_damaged_database_costs_a_painting_and_no_transfer(
    painted: Project, content: bytes
) -> None:
    (painted.data / DATABASE).write_bytes(content)

    assert count_work(painted) == (1, 0, 0)
    assert count_work(painted) == (0, 0, 0)


@pytest.mark.s3_every_day
def test_a_result_removed_from_the_remote_is_published_again(
    painted: Project, store: RemoteStore
) -> None:
    store.remove(RESULT)

    assert count_work(painted) == (0, 0, 1)


def test_a_file_that_somebody_put_into_the_cache_is_not_trusted(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    cached = project.data / "images/photo.jpg"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(drawing)

    assert project.run_well("download")["fetched"] == 1
    assert cached.read_bytes() == photograph
