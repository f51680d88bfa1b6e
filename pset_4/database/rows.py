"""The rows of many files, read at once where they would be asked for one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

Row = tuple[Any, ...]

_MOST_AT_ONCE = 500
"""Keys in a statement. SQLite accepted 999 values before release 3.32."""


class Query(NamedTuple):
    """What is asked of the rows of a file or object."""

    table: str
    key: str
    """The column with the path or URL."""
    columns: str
    """The columns to return."""

    def select(self, count: int) -> str:
        """Return the statement for `count` keys; its rows begin with the key."""
        marks = ", ".join("?" * count)
        return f"SELECT {self.key}, {self.columns} FROM {self.table} WHERE {self.key} IN ({marks})"


Select = Callable[[str, Sequence[Any]], list[Row]]
"""`pset_4.database.connection.Database.select`."""


class RowsAhead:
    """Rows of files in several folders, such as drop-ins, cached images and results.

    The first question about a file in a folder reads the rows of all names in that folder. One
    statement for a hundred rows takes a tenth of the time of a hundred statements.
    """

    def __init__(self, select: Select, names: Collection[str]) -> None:
        """Read nothing yet.

        Args:
            select: Asks the database.
            names: The ends of the paths that will be asked for, such as ``lisbon/tram.jpg``.
        """
        self._select = select
        self._names = frozenset(names)
        self._most_parts = 1 + max((name.count("/") for name in names), default=0)
        self._rows: dict[tuple[str, str], dict[str, list[Row]]] = {}

    def find(self, query: Query, key: str) -> list[Row] | None:
        """Return the rows of a path or URL; None if it is none of those that are read ahead."""
        folder = self._find_folder(key)
        if folder is None:
            return None
        place = query.table, folder
        if place not in self._rows:
            self._rows[place] = self._read(query, [folder + each for each in self._names])
        return self._rows[place].get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Drop the rows of paths or URLs that are being written."""
        for key in keys:
            for rows in self._rows.values():
                rows.pop(key, None)

    def _find_folder(self, key: str) -> str | None:
        """Return what comes before the name in a path or URL, with the ``/``; None without one."""
        found, place = None, len(key)
        for _ in range(self._most_parts):
            place = key.rfind("/", 0, place)
            if place < 0:
                break
            if key[place + 1 :] in self._names:
                found = key[: place + 1]
        return found

    def _read(self, query: Query, keys: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {key: [] for key in keys}
        for begin in range(0, len(keys), _MOST_AT_ONCE):
            part = keys[begin : begin + _MOST_AT_ONCE]
            for key, *row in self._select(query.select(len(part)), part):
                found.setdefault(key, []).append(tuple(row))
        return found
