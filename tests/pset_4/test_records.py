"""Records of what files were made from, and what may lie in their place."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from csci_utils.digest import SETTLING_NS, file_digest
from csci_utils.errors import BusyError
from pset_4 import context
from pset_4.database.connection import Database
from pset_4.database.digests import DigestTable
from pset_4.database.json_records import MAX_RECORD_BYTES
from pset_4.settings import read_settings
from pset_4.storage import records
from pset_4.storage.records import is_waiting, read_origin, write_origin
from tests.support.pipeline.database import DATABASE, change_record, open_database, read_record
from tests.support.pipeline.projects import Project, failures, read_summary
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

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


NAME = "images/file.png"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "data"


@pytest.fixture
def file(data: Path) -> Path:
    """A file without a record."""
    path = data / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"content")
    return path


@pytest.fixture
def recorded(file: Path) -> Path:
    """A file with a record."""
    write_origin(str(file), ORIGIN, file_digest(file))
    return file


@pytest.fixture
def json_record(file: Path) -> Path:
    """A file's record as earlier releases wrote it."""
    status = file.stat()
    path = file.parent / ".records" / f"{file.name}.json"
    path.parent.mkdir()
    state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    record = {"origin": ORIGIN, "state": state, "sha256": file_digest(file), "is_waiting": True}
    path.write_text(json.dumps(record))
    return path


def round_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have records see timestamps in whole seconds, as some file systems keep them."""
    read = records._state_of

    def read_rounded(path: str) -> list[int]:
        size, *times = read(path) or []
        return [size, *(each // 10**9 * 10**9 for each in times)]

    monkeypatch.setattr(records, "_state_of", read_rounded)


def age_record(data: Path, path: Path, seconds: float) -> None:
    """Date a record relative to the last change of its file."""
    change_record(data, NAME, written=path.stat().st_ctime_ns + int(seconds * 10**9))


def test_a_recorded_file_has_its_origin(recorded: Path) -> None:
    assert read_origin(str(recorded)) == ORIGIN


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a disk that keeps such times")
@pytest.mark.parametrize("seconds", [-(10**10), 10**11])  # the years 1653 and 5138
def test_a_file_of_a_time_beyond_64_bits_has_a_record(
    seconds: int,
) -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder, "images", "file.png")
        path.parent.mkdir()
        path.write_bytes(b"content")
        os.utime(path, (seconds, seconds))
        with context.activated(read_settings(data=folder)):
            write_origin(str(path), ORIGIN, file_digest(path))

            assert read_origin(str(path)) == ORIGIN


def test_digests_of_files_with_high_numbers_and_early_times_are_kept(tmp_path: Path) -> None:
    state = (2**64 - 2, 7, -(10**19), time.time_ns())
    table = DigestTable(Database(str(tmp_path)))

    table.save("/x", "sha256", state, "0" * 64)
    table.flush()

    assert table.load("/x", state) == {"sha256": "0" * 64}


def test_a_missing_file_has_no_origin(recorded: Path) -> None:
    recorded.unlink()

    assert read_origin(str(recorded)) is None


def test_a_record_of_an_earlier_release_counts(file: Path, json_record: Path) -> None:
    assert read_origin(str(file)) == ORIGIN
    assert is_waiting(str(file))


def test_records_of_earlier_releases_are_taken_over_once(file: Path, json_record: Path) -> None:
    other = file.with_name("other.png")
    other.write_bytes(b"other")
    write_origin(str(other), ORIGIN, file_digest(other))

    assert not json_record.parent.exists()
    assert read_origin(str(file)) == ORIGIN


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_record_of_an_earlier_release_counts_as_none(
    file: Path, json_record: Path, kind: str
) -> None:
    json_record.write_bytes(DAMAGED[kind])

    assert read_origin(str(file)) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("is_json", [True, False])
def test_a_fifo_in_place_of_a_record_is_not_waited_for(
    data: Path, file: Path, json_record: Path, is_json: bool
) -> None:
    path = json_record if is_json else data / DATABASE
    json_record.unlink()
    os.mkfifo(path)

    assert read_origin(str(file)) is None


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"text" * 2000, None])
def test_a_damaged_database_is_replaced(data: Path, recorded: Path, content: bytes | None) -> None:
    database = data / DATABASE
    found = database.read_bytes()
    middle = bytearray(found)
    middle[len(found) // 4 :] = b"\xff" * (len(found) - len(found) // 4)
    database.write_bytes(bytes(middle) if content is None else content)

    with context.activated():
        assert read_origin(str(recorded)) is None
        write_origin(str(recorded), ORIGIN, file_digest(recorded))
    with context.activated():
        assert read_origin(str(recorded)) == ORIGIN


@pytest.mark.parametrize(
    "columns",
    [{"origin": "["}, {"origin": "[" * 100_000}, {"size": "x"}, {"sha256": 1}, {"provenance": "1"}],
)
def test_a_damaged_row_counts_as_none(
    data: Path, recorded: Path, columns: dict[str, object]
) -> None:
    change_record(data, NAME, **columns)

    assert read_origin(str(recorded)) is None


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP TABLE records", f"CREATE VIEW records AS {ENDLESS}"),
        (f"CREATE TRIGGER endless BEFORE INSERT ON records BEGIN {ENDLESS}; END",),
    ],
    ids=["view", "trigger"],
)
def test_programs_in_a_database_are_not_run(
    data: Path, recorded: Path, statements: tuple[str, ...]
) -> None:
    with open_database(data) as connection:
        for statement in statements:
            connection.execute(statement)

    with context.activated():
        assert read_origin(str(recorded)) is None
        write_origin(str(recorded), ORIGIN, file_digest(recorded))
        assert read_origin(str(recorded)) == ORIGIN


def test_a_database_that_another_process_holds_is_an_error_after_a_while(
    data: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pset_4.database.connection.BUSY_SECONDS", 0.05)
    with open_database(data) as connection, context.activated():
        connection.execute("BEGIN EXCLUSIVE")

        with pytest.raises(BusyError, match="another process"):
            read_origin(str(recorded))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("name", ["journal", "wal"])
def test_a_fifo_in_place_of_a_journal_is_not_waited_for(
    data: Path, recorded: Path, name: str
) -> None:
    os.mkfifo(data / f"{DATABASE}-{name}")

    with context.activated(), pytest.raises(OSError, match="not a file"):
        read_origin(str(recorded))


def test_a_journal_that_another_process_deletes_while_it_is_looked_at_is_no_obstacle(
    data: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, look = data / f"{DATABASE}-journal", os.lstat
    journal.touch()

    def look_and_delete(path: str) -> os.stat_result:
        status = look(path)
        if path == str(journal):
            journal.unlink()
        return status

    monkeypatch.setattr(os, "lstat", look_and_delete)

    with context.activated():
        assert read_origin(str(recorded)) == ORIGIN


@pytest.mark.parametrize("is_link", [True, False])
def test_what_is_not_a_database_file_is_neither_read_nor_written(
    data: Path, recorded: Path, is_link: bool
) -> None:
    elsewhere = (data / DATABASE).rename(data / "elsewhere")
    content = elsewhere.read_bytes()
    if is_link:
        (data / DATABASE).symlink_to(elsewhere)
    else:
        (data / DATABASE).mkdir()

    with context.activated():
        assert read_origin(str(recorded)) is None
        with pytest.raises(OSError, match="not a file"):
            write_origin(str(recorded), ORIGIN, file_digest(recorded))
    assert elsewhere.read_bytes() == content


def test_a_file_altered_within_its_timestamp_is_noticed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_times(monkeypatch)
    write_origin(str(file), ORIGIN, file_digest(file))
    file.write_bytes(b"altered")

    assert read_origin(str(file)) is None


def test_a_record_of_a_file_at_rest_spares_reading_it(
    data: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_record(data, recorded, SETTLING_NS / 10**9)
    monkeypatch.setattr(records, "file_digest", lambda path: pytest.fail("it was read"))

    assert read_origin(str(recorded)) == ORIGIN


def test_a_record_is_renewed_once_its_file_is_at_rest(
    data: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age_record(data, recorded, 0)
    later = time.time_ns() + SETTLING_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)

    read_origin(str(recorded))

    record = read_record(data, NAME)
    assert record["written"] == later
    state = [record[name] for name in ("size", "modified", "changed")]
    assert state == records._state_of(str(recorded))


def test_a_record_of_a_file_that_was_touched_is_renewed(
    data: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(recorded, (0, 0))
    later = time.time_ns() + SETTLING_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)

    assert read_origin(str(recorded)) == ORIGIN
    assert read_record(data, NAME)["modified"] == 0


@pytest.mark.parametrize("origin", [ORIGIN, {"version": "2"}], ids=["published", "fetched anew"])
def test_what_is_recorded_while_a_record_is_renewed_is_kept(
    origin: dict[str, str], data: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digest = str(file), file_digest(file)
    write_origin(path, ORIGIN, digest, is_waiting=True)
    os.utime(file, (0, 0))
    later = time.time_ns() + SETTLING_NS
    monkeypatch.setattr(time, "time_ns", lambda: later)

    def read_slowly(path: str) -> str:
        monkeypatch.setattr(records, "file_digest", file_digest)
        write_origin(path, origin, digest)  # by another process
        return digest

    monkeypatch.setattr(records, "file_digest", read_slowly)
    read_origin(path)

    assert (read_origin(path), is_waiting(path)) == (origin, False)


def test_what_is_recorded_while_a_file_stops_waiting_is_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, digest = str(file), file_digest(file)
    write_origin(path, ORIGIN, digest, is_waiting=True)

    def find_and_write(path: str) -> bool:
        monkeypatch.undo()
        write_origin(path, {"version": "2"}, digest, is_waiting=True)  # by another process
        return True

    monkeypatch.setattr(records, "is_waiting", find_and_write)
    records.end_waiting(path)

    assert (read_origin(path), is_waiting(path)) == ({"version": "2"}, False)


def test_a_full_disk_names_the_database(
    data: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_origin(str(file), ORIGIN, file_digest(file))
    with context.activated():
        database = Database(str(data))
        database.select("PRAGMA user_version", ())
        database.select("PRAGMA max_page_count = 1", ())
        rows = [(f"path {number}", *(None,) * 7, 0) for number in range(1000)]

        with pytest.raises(OSError, match="No space left") as raised:
            database.write("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    assert raised.value.filename == str(data / DATABASE)
    assert read_origin(str(file)) == ORIGIN


def test_main_mends_a_damaged_record(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    change_record(directory_project.data, "images/photo.jpg", origin="[" * 100_000)

    assert directory_project.status()["images"][0]["cache"] == "stale"
    directory_project.run_well("main")
    assert directory_project.status()["images"][0]["cache"] == "current"


@pytest.mark.usefixtures("bound_by_permissions")
def test_status_shows_what_it_can_beside_an_unreadable_file(
    filled_project: Project, photograph: bytes
) -> None:
    filled_project.drop("other.jpg", photograph)
    filled_project.run_well("main")
    (filled_project.data / "images/photo.jpg").chmod(0)
    (filled_project.data / "stylized/one.pth/other.jpg").chmod(0)

    status = filled_project.status()

    assert {each["name"]: each["cache"] for each in status["images"]} == {
        "other.jpg": "current",
        "photo.jpg": "unreadable",
    }
    assert [each["local"] for each in status["results"]] == ["unreadable", "current"]


@pytest.mark.usefixtures("bound_by_permissions")
def test_status_shows_what_it_can_beside_an_unreadable_folder(
    project: Project, photograph: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    locked = project.drop("trip/photo.jpg", photograph).parent
    project.run_well("upload")
    locked.chmod(0)

    status = project.status()
    locked.chmod(0o700)

    assert {each["name"]: each["drop_in"] for each in status["images"]} == {
        "photo.jpg": "yes",
        "trip/photo.jpg": "unreadable",
    }
    assert "cannot be read (Permission denied)" in status["refused"]["trip"]


@pytest.mark.usefixtures("bound_by_permissions")
def test_beside_a_painting_that_may_not_be_written_current_ones_do_not_fail(
    directory_project: Project, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    results = directory_project.data / "stylized/one.pth"
    directory_project.drop("drawing.png", drawing)
    results.chmod(0o500)

    result = directory_project.run("main")
    results.chmod(0o700)

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {results}/drawing.png: Permission denied; check its ")


@pytest.mark.usefixtures("bound_by_permissions")
def test_beside_an_unreadable_cache_file_the_other_images_are_painted(
    filled_project: Project, drawing: bytes
) -> None:
    filled_project.run_well("main")
    (filled_project.data / "images/photo.jpg").chmod(0)
    filled_project.drop("drawing.png", drawing)

    result = filled_project.run("main")

    assert result.exit_code == 1
    (failure,) = failures(result)
    assert failure.startswith(
        f"failed: {filled_project.data}/images/photo.jpg: Permission denied; "
    )
    assert read_summary(result)["painted"] == 1


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_cache_that_may_not_be_written_stops_no_other_publication(
    filled_project: Project, store: RemoteStore
) -> None:
    images = filled_project.data / "images"
    images.mkdir()
    images.chmod(0o500)

    result = filled_project.run("main")

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {images}/photo.jpg: Permission denied; check its perm")
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]
    images.chmod(0o700)
    assert filled_project.run_well("main")["painted"] == 1
