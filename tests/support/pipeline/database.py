"""The database of a data folder, changed behind the back of the code under test."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

DATABASE = ".records.db"
"""Its file, in the data folder."""


@contextmanager
def open_database(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the database of a data folder; what is changed in the body is committed."""
    with closing(sqlite3.connect(data / DATABASE)) as connection, connection:
        connection.row_factory = sqlite3.Row
        yield connection


def read_record(data: Path, path: str) -> dict[str, Any]:
    """Return the columns of the record of a file, which is named relative to the data folder."""
    with open_database(data) as connection:
        (row,) = connection.execute("SELECT * FROM records WHERE path = ?", (path,)).fetchall()
    return dict(row)


def list_records(data: Path) -> list[str]:
    """Return the paths of all files with records, relative to the data folder.

    Those that damage made unreadable are left out.
    """
    with open_database(data) as connection:
        connection.text_factory = lambda text: text.decode(errors="replace")
        rows = connection.execute("SELECT path FROM records ORDER BY path").fetchall()
        return [row["path"] for row in rows if "\N{REPLACEMENT CHARACTER}" not in row["path"]]


def change_record(data: Path, path: str, **columns: Any) -> None:
    """Change columns of the record of a file."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    with open_database(data) as connection:
        connection.execute(
            f"UPDATE records SET {changes} WHERE path = ?", (*columns.values(), path)
        )


def change_origin(data: Path, path: str, **without: None) -> None:
    """Remove names from what a file is recorded to be made from."""
    origin = json.loads(read_record(data, path)["origin"])
    kept = {name: value for name, value in origin.items() if name not in without}
    assert kept != origin
    change_record(data, path, origin=json.dumps(kept))


def remove_record(data: Path, path: str) -> None:
    """Remove the record of a file."""
    with open_database(data) as connection:
        connection.execute("DELETE FROM records WHERE path = ?", (path,))
