"""Rows of the database that are read ahead: the same as one by one, with fewer statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from csci_utils.digest import file_digest
from pset_4.database.connection import Database
from pset_4.storage.records import read_origin, reading_ahead, remove_record, write_origin

NAMES = ("a.png", "lisbon/a.png", "lisbon/é.png", "without a record.png")
FOLDERS = ("images", "stylized/candy.pth")


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Files in two folders, of which all but the last name of each have a record."""
    paths = [str(tmp_path / "data" / folder / name) for folder in FOLDERS for name in NAMES]
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(path.encode())
        if not path.endswith(NAMES[-1]):
            write_origin(path, {"version": path}, file_digest(path))
    return paths


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that read the database."""
    found: list[str] = []
    select = Database.select

    def note(database: Database, statement: str, values: list[str]) -> object:
        found.append(statement)
        return select(database, statement, values)

    monkeypatch.setattr(Database, "select", note)
    return found


def test_they_are_the_same_rows(files: list[str]) -> None:
    one_by_one = list(map(read_origin, files))

    with reading_ahead(NAMES):
        assert list(map(read_origin, files)) == one_by_one
    assert one_by_one.count(None) == len(FOLDERS)


def test_a_folder_takes_one_statement(files: list[str], statements: list[str]) -> None:
    with reading_ahead(NAMES):
        for path in files:
            read_origin(path)

    assert len([each for each in statements if "FROM records" in each]) == len(FOLDERS)


def test_other_files_are_read_as_ever(files: list[str]) -> None:
    with reading_ahead(["other.png"]):
        assert read_origin(files[0]) == {"version": files[0]}


def test_what_is_written_meanwhile_is_seen(files: list[str]) -> None:
    first, second, *_ = files
    with reading_ahead(NAMES):
        assert read_origin(first) != {"version": "2"}
        write_origin(first, {"version": "2"}, file_digest(first))
        remove_record(second)

        assert read_origin(first) == {"version": "2"}
        assert read_origin(second) is None
