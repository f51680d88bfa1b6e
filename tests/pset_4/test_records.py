"""Records of what files were made from, and what may lie in their place."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest

from csci_utils.digest import SETTLING_NS, file_digest
from pset_4.storage import records
from pset_4.storage.records import MAX_RECORD_BYTES, read_origin, read_record, write_origin
from tests.support.pipeline.projects import Project, assert_failed, failures, read_summary
from tests.support.remotes.stores import RemoteStore

ORIGIN = {"version": "1"}

DAMAGED = {
    "empty": b"",
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 10_000,
    "not UTF-8": b"\xff\xfe",
    "another type": b'{"origin": [], "state": 3, "sha256": null}',
    "half a state": b'{"origin": {}, "state": [1], "sha256": "0"}',
    "text for a number": b'{"origin": {}, "state": [1, 2, "3"], "sha256": "0"}',
    "a long number": b'{"origin": {}, "state": [' + b"9" * 5000 + b'], "sha256": "0"}',
    "too long": b'{"origin": "' + b"x" * MAX_RECORD_BYTES + b'"}',
}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A file with a record."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    write_origin(str(path), ORIGIN, file_digest(path))
    return path


def record_path(path: Path) -> Path:
    return path.parent / ".records" / f"{path.name}.json"


def round_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records see timestamps in whole seconds, as some file systems keep them."""
    read = records._state_of

    def read_rounded(path: str) -> list[int]:
        size, *times = read(path)
        return [size, *(each // 10**9 * 10**9 for each in times)]

    monkeypatch.setattr(records, "_state_of", read_rounded)


def age_record(path: Path, seconds: float) -> None:
    """Date a record relative to the last change of its file."""
    then = path.stat().st_ctime_ns + int(seconds * 10**9)
    os.utime(record_path(path), ns=(then, then))


def test_a_recorded_file_has_its_origin(recorded: Path) -> None:
    assert read_origin(str(recorded)) == ORIGIN


def test_a_missing_file_has_no_origin(recorded: Path) -> None:
    recorded.unlink()

    assert read_origin(str(recorded)) is None


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_record_counts_as_none(recorded: Path, kind: str) -> None:
    record_path(recorded).write_bytes(DAMAGED[kind])

    assert read_origin(str(recorded)) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_place_of_a_record_is_not_waited_for(recorded: Path) -> None:
    record_path(recorded).unlink()
    os.mkfifo(record_path(recorded))

    assert read_origin(str(recorded)) is None


def test_a_folder_in_place_of_a_record_counts_as_none(recorded: Path) -> None:
    record_path(recorded).unlink()
    record_path(recorded).mkdir()

    assert read_origin(str(recorded)) is None


def test_a_link_in_place_of_a_record_is_not_followed(recorded: Path) -> None:
    record_path(recorded).rename(recorded.parent / "elsewhere")
    record_path(recorded).symlink_to(recorded.parent / "elsewhere")

    assert read_origin(str(recorded)) is None


def test_a_file_altered_within_its_timestamp_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_times(monkeypatch)
    path = tmp_path / "file"
    path.write_bytes(b"content")
    write_origin(str(path), ORIGIN, file_digest(path))
    path.write_bytes(b"altered")

    assert read_origin(str(path)) is None


def test_a_record_of_a_file_at_rest_spares_reading_it(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_record(recorded, SETTLING_NS / 10**9)
    monkeypatch.setattr(records, "file_digest", lambda path: pytest.fail("it was read"))

    assert read_origin(str(recorded)) == ORIGIN


def test_a_record_is_renewed_once_its_file_is_at_rest(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_record(recorded, 0)
    later = time.time_ns() + SETTLING_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)

    read_origin(str(recorded))

    assert record_path(recorded).stat().st_mtime_ns > recorded.stat().st_ctime_ns
    record = read_record(str(recorded))
    assert record is not None
    assert record.state == records._state_of(str(recorded))


def test_a_record_of_a_file_that_was_touched_is_renewed(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(recorded, (0, 0))
    later = time.time_ns() + SETTLING_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)

    assert read_origin(str(recorded)) == ORIGIN
    assert json.loads(record_path(recorded).read_text())["state"][1] == 0


def test_a_full_disk_names_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records, "open", refuse, raising=False)
    with pytest.raises(OSError, match="No space left") as raised:
        write_origin(str(path), ORIGIN, file_digest(path))

    assert raised.value.filename == str(record_path(path))
    assert list(record_path(path).parent.iterdir()) == []


def test_main_mends_a_damaged_record(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    cached = record_path(directory_project.data / "images/photo.jpg")
    cached.write_bytes(DAMAGED["nested"])

    assert directory_project.status()["pictures"][0]["cache"] == "stale"
    directory_project.run_well("main")
    assert directory_project.status()["pictures"][0]["cache"] == "current"


@pytest.mark.usefixtures("bound_by_permissions")
def test_status_shows_what_it_can_beside_an_unreadable_file(
    project: Project, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("other.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main")
    (project.data / "images/photo.jpg").chmod(0)
    (project.data / "stylized/one.pth/other.jpg").chmod(0)

    status = project.status()

    assert {each["name"]: each["cache"] for each in status["pictures"]} == {
        "other.jpg": "current",
        "photo.jpg": "unreadable",
    }
    assert [each["local"] for each in status["results"]] == ["unreadable", "current"]


@pytest.mark.usefixtures("bound_by_permissions")
def test_main_reports_an_unreadable_cache_file(
    project: Project, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main")
    cached = project.data / "images/photo.jpg"
    cached.chmod(0)

    assert_failed(project.run("main"), f"{cached}: Permission denied")


@pytest.mark.usefixtures("bound_by_permissions")
def test_beside_an_unreadable_cache_file_the_other_images_are_painted(
    project: Project, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main")
    (project.data / "images/photo.jpg").chmod(0)
    project.drop("drawing.png", drawing)

    result = project.run("main")

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {project.data}/images/photo.jpg: Permission denied; ")
    assert read_summary(result)["painted"] == 1


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_cache_that_may_not_be_written_stops_no_other_publication(
    project: Project, store: RemoteStore, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    images = project.data / "images"
    images.mkdir()
    images.chmod(0o500)

    result = project.run("main")

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {images}/photo.jpg: Permission denied; check its perm")
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]
    images.chmod(0o700)
    assert project.run_well("main")["painted"] == 1
