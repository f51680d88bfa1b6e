"""Digests of files that outlive the process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from csci_utils.digest import FileState, stored_digests

from .. import context
from .connection import Database, open_database
from .rows import Query

_DIGESTS = Query("digests", "path", "algorithm, digest, inode, size, modified, changed")
_ROWS_AT_ONCE = 1000
_DIGEST = re.compile("[0-9a-f]{8,}")
_MOST = (1 << 63) - 1


class DigestTable:
    """The digests in a data folder's database: a `csci_utils.digest.DigestStore`.

    A digest counts only for a file with the inode, size and times that it had then.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._new: dict[tuple[str, str], tuple[Any, ...]] = {}

    def load(self, path: str, state: FileState) -> Mapping[str, str]:
        """Return the digests that were saved for a file in this state, by algorithm."""
        return {
            str(algorithm): str(digest)
            for algorithm, digest, *known in self._database.find(_DIGESTS, _to_text(path))
            if known == _to_row(state) and _DIGEST.fullmatch(str(digest))
        }

    def save(self, path: str, algorithm: str, state: FileState, digest: str) -> None:
        """Keep a digest."""
        key = _to_text(path), algorithm
        self._new[key] = (*key, *_to_row(state), digest)
        if len(self._new) >= _ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was saved, if the database can be written."""
        new, self._new = self._new, {}
        with suppress(OSError):  # the files are read again
            self._database.write(
                "REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)", [*new.values()]
            )


@contextmanager
def kept_digests() -> Iterator[None]:
    """Keep the digests of files in the current data folder's database while the body runs."""
    table = DigestTable(context.current().keep(open_database))
    try:
        with stored_digests(table):
            yield
    finally:
        table.flush()


def _to_row(state: FileState) -> list[int]:
    """Return a state in numbers that SQLite can hold, of 64 bits with a sign.

    Some file systems number files from 2⁶³ on, or have times outside the years 1677 to 2262.
    """
    return [number & _MOST for number in state]


def _to_text(path: str) -> str:
    """Return a path as a text that SQLite can hold, whatever bytes it has."""
    return os.fsencode(path).decode("latin-1")
