"""Nothing is called current that does not belong to the bytes that are there now."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

RESULT = "stylized/one.pth/photo.jpg"
CHOSEN = ("--image", "photo.jpg", "--model", "one.pth")


@pytest.fixture
def painted(project: Any, store: Any, photograph: bytes, model: bytes) -> Any:
    """A picture and a style of the remote, fetched, painted and published."""
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    assert project.run_well("main", *CHOSEN)["painted"] == 1
    return project


def test_a_picture_replaced_in_the_remote_is_fetched_and_painted_anew(
    painted: Any, store: Any, drawing: bytes
) -> None:
    store.write("images/photo.jpg", drawing)
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"], summary["published"]) == (1, 1, 1)
    assert (painted.data / "images/photo.jpg").read_bytes() == drawing


def test_a_picture_replaced_by_one_of_the_same_size_is_seen(
    painted: Any, store: Any, photograph: bytes
) -> None:
    # A JPEG's first quantization table is a good place to make it another picture.
    at = photograph.index(b"\xff\xdb") + 5
    other = photograph[:at] + bytes([photograph[at] ^ 1]) + photograph[at + 1 :]
    store.write("images/photo.jpg", other)
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"]) == (1, 1)


def test_a_model_replaced_in_the_remote_is_painted_with(
    painted: Any, store: Any, make_model: Any
) -> None:
    before = store.read(RESULT)
    store.write("saved_models/one.pth", make_model(2))
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"], summary["published"]) == (1, 1, 1)
    assert store.read(RESULT) != before


def test_a_replaced_picture_shows_as_stale(painted: Any, store: Any, drawing: bytes) -> None:
    store.write("images/photo.jpg", drawing)
    status = painted.status()
    assert status["pictures"][0]["cache"] == "stale"
    assert status["results"][0]["local"] == "stale"


def test_a_picture_that_left_the_remote_shows_as_stale(painted: Any, store: Any) -> None:
    store.remove("images/photo.jpg")
    assert painted.status()["pictures"] == [
        {"name": "photo.jpg", "drop_in": None, "remote": None, "cache": "stale"}
    ]


def test_a_cached_picture_that_was_altered_is_fetched_again(
    painted: Any, photograph: bytes
) -> None:
    cached = painted.data / "images/photo.jpg"
    cached.write_bytes(b"altered")
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"]) == (1, 0)
    assert cached.read_bytes() == photograph


def test_a_result_that_was_truncated_is_painted_again(painted: Any, store: Any) -> None:
    result = painted.data / RESULT
    result.write_bytes(result.read_bytes()[:100])
    assert painted.run_well("main", *CHOSEN)["painted"] == 1
    assert result.read_bytes() == store.read(RESULT)


@pytest.mark.parametrize(
    ("option", "size"), [(("--max-side", "48"), (48, 36)), (("--content-scale", "3"), (32, 24))]
)
def test_other_options_paint_anew(painted: Any, option: tuple[str, str], size: Any) -> None:
    assert painted.run_well("main", *CHOSEN, *option)["painted"] == 1
    with Image.open(painted.data / RESULT) as result:
        assert result.size == size


def test_the_same_options_paint_nothing_anew(painted: Any) -> None:
    painted.run_well("main", *CHOSEN, "--max-side", "48")
    assert painted.run_well("main", *CHOSEN, "--max-side", "48")["painted"] == 0


def test_a_result_painted_with_options_shows_as_current(painted: Any) -> None:
    painted.run_well("main", *CHOSEN, "--max-side", "48")
    assert painted.status()["results"][0]["local"] == "current"


def test_lost_records_cost_a_painting_and_no_transfer(painted: Any) -> None:
    for folder in list(painted.data.rglob(".records")):
        shutil.rmtree(folder)
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"], summary["published"]) == (0, 1, 0)


def flip_a_byte_unseen(path: Path) -> None:
    """Damage a file and give it the time that it had, as a disk or a careless program does."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_result_that_was_damaged_unseen_is_painted_again(painted: Any, store: Any) -> None:
    good = store.read(RESULT)
    flip_a_byte_unseen(painted.data / RESULT)
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["painted"], summary["published"]) == (1, 0)
    assert store.read(RESULT) == good


def test_a_cached_file_that_was_damaged_unseen_is_fetched_again(painted: Any) -> None:
    flip_a_byte_unseen(painted.data / "saved_models/one.pth")
    assert painted.run_well("main", *CHOSEN)["fetched"] == 1


def test_a_result_whose_time_alone_has_changed_is_not_painted_again(painted: Any) -> None:
    (painted.data / RESULT).touch()
    assert painted.run_well("main", *CHOSEN)["painted"] == 0


def test_a_data_folder_that_was_copied_is_as_current_as_the_original(
    painted: Any, store: Any, make_project: Any
) -> None:
    copied = make_project("copied", store.url)
    shutil.copytree(painted.data, copied.data)
    summary = copied.run_well("main", *CHOSEN)
    assert (summary["fetched"], summary["painted"], summary["published"]) == (0, 0, 0)


def test_a_result_that_differs_in_the_remote_shows_so(painted: Any, store: Any) -> None:
    store.write(RESULT, b"another picture")
    assert painted.status()["results"][0]["remote"] == "differs"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"origin": 1}', b"null", b"\xff"])
def test_a_damaged_record_is_as_good_as_none(painted: Any, content: bytes) -> None:
    record = painted.data / "stylized/one.pth/.records/photo.jpg.json"
    assert record.is_file()
    record.write_bytes(content)
    assert painted.run_well("main", *CHOSEN)["painted"] == 1


def test_a_result_that_was_removed_from_the_remote_is_published_again(
    painted: Any, store: Any
) -> None:
    store.remove(RESULT)
    summary = painted.run_well("main", *CHOSEN)
    assert (summary["painted"], summary["published"]) == (0, 1)


def test_a_file_that_somebody_put_into_the_cache_is_not_trusted(
    project: Any, store: Any, photograph: bytes, drawing: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    cached = project.data / "images/photo.jpg"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(drawing)
    assert project.run_well("download")["fetched"] == 1
    assert cached.read_bytes() == photograph
