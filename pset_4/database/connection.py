"""Connections to the database of a data folder.

Nothing in it is needed: a record counts only while its file has the bytes that it names, and all
else is a cache. So nothing is synced, and a damaged database is replaced by an empty one.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock, local
from typing import Any

from csci_utils.errors import BusyError

from ..settings import Settings
from .json_records import list_json_records, remove_json_records
from .rows import Query, Row, RowsAhead

DATABASE = ".records.db"
"""The name of the file in the data folder."""

BUSY_SECONDS = 60.0
"""How long another process may write before it counts as hung."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (path TEXT PRIMARY KEY, origin TEXT, size INTEGER,"
    " modified INTEGER, changed INTEGER, sha256 TEXT, is_waiting INTEGER, provenance TEXT,"
    " written INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS digests (path TEXT, algorithm TEXT, inode INTEGER, size INTEGER,"
    " modified INTEGER, changed INTEGER, digest TEXT, PRIMARY KEY (path, algorithm)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS objects (url TEXT PRIMARY KEY, mark TEXT, state TEXT)"
    " WITHOUT ROWID",
)
_BUSY = frozenset([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED])
_DAMAGE = frozenset([sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR])
_ERRORS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}


class Database:
    """The database of a data folder, which threads and forked processes may share.

    It is created by the first write. Until then, records of earlier releases are read in its place.
    """

    def __init__(self, folder: str, is_read_only: bool = False) -> None:
        """Take the data folder; nothing is opened yet.

        Args:
            folder: The data folder.
            is_read_only: Whether writes do nothing.
        """
        self.folder = folder
        self.path = os.path.join(folder, DATABASE)
        self._is_read_only = is_read_only
        self._lock = RLock()
        self._connections: dict[int, tuple[sqlite3.Connection, bool]] = {}
        self._of_thread = local()

    @contextmanager
    def reading_ahead(self, names: Collection[str]) -> Iterator[None]:
        """Have `find` read the rows of many files at once in this thread while the body runs.

        What other threads and processes write meanwhile may stay unseen until the end of the body.

        Args:
            names: The ends of the paths and URLs that the body asks for: see `RowsAhead`.
        """
        earlier = self._rows_ahead
        self._of_thread.rows = RowsAhead(self.select, names)
        try:
            yield
        finally:
            self._of_thread.rows = earlier

    @property
    def _rows_ahead(self) -> RowsAhead | None:
        return getattr(self._of_thread, "rows", None)

    def find(self, query: Query, key: str) -> list[Row]:
        """Return the rows of a file or object, as `select` does."""
        ahead = self._rows_ahead
        rows = None if ahead is None else ahead.find(query, key)
        if rows is None:
            rows = [row[1:] for row in self.select(query.select(1), (key,))]
        return rows

    def select(self, statement: str, values: Sequence[Any]) -> list[Row]:
        """Return the rows that a statement finds; none if the database cannot be read.

        Raises:
            BusyError: Another process has been writing for `BUSY_SECONDS`.
        """
        with self._lock:
            for _ in range(2):
                try:
                    return self._connect().execute(statement, values).fetchall()
                except sqlite3.Error as error:
                    if _code_of(error) in _BUSY:
                        raise self._describe(error) from error
                    if not self._mend(error):
                        return []
        return []

    def write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row, in one transaction. A row begins with a path or URL.

        Raises:
            OSError: The database cannot be written; `filename` is its path.
        """
        rows = list(rows)
        if self._is_read_only or not rows:
            return
        if self._rows_ahead is not None:
            self._rows_ahead.forget(str(key) for key, *_ in rows)
        with self._lock:
            try:
                self._write(statement, rows)
            except sqlite3.Error as error:
                if not self._mend(error):
                    raise self._describe(error) from error
                try:
                    self._write(statement, rows)
                except sqlite3.Error as again:
                    raise self._describe(again) from again

    def _write(self, statement: str, rows: list[Sequence[Any]]) -> None:
        connection = self._connect(for_writing=True)
        with connection:
            connection.executemany(statement, rows)

    def _connect(self, for_writing: bool = False) -> sqlite3.Connection:
        """Return the connection of this process: one that was made before a fork is not used."""
        found = self._connections.get(os.getpid())
        if found is not None and found[1]:
            return found[0]
        # Another process may have created it meanwhile.
        is_file = os.path.isfile(self.path) and not os.path.islink(self.path)
        if found is not None and not (is_file or for_writing):
            return found[0]
        if not (is_file or for_writing):
            connection, is_stored = self._stand_in(), False
        else:
            connection, is_stored = self._open(), True
        self._connections[os.getpid()] = connection, is_stored
        return connection

    def _open(self) -> sqlite3.Connection:
        for suffix in ("", "-journal", "-wal"):  # SQLite would wait for a FIFO
            if _is_obstacle(f"{self.path}{suffix}"):
                raise FileExistsError(errno.EEXIST, "not a file", f"{self.path}{suffix}")
        mode = "ro" if self._is_read_only else "rwc"
        url = f"{_to_uri(self.path)}?mode={mode}"
        os.makedirs(self.folder, exist_ok=True)
        connection = sqlite3.connect(url, BUSY_SECONDS, check_same_thread=False, uri=True)
        _check(connection)
        if self._is_read_only:
            return connection
        connection.execute("PRAGMA synchronous = OFF")
        is_new = not connection.execute("PRAGMA user_version").fetchone()[0]
        if is_new:
            _create(connection, self.folder)
            remove_json_records(self.folder)
        return connection

    def _stand_in(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        _create(connection, self.folder)
        return connection

    def _mend(self, error: sqlite3.Error) -> bool:
        """Return whether the database was damaged, and is replaced by a new one now."""
        found = self._connections.pop(os.getpid(), None)
        if found is not None:
            with suppress(sqlite3.Error), closing(found[0]):
                pass
        if self._is_read_only or _code_of(error) not in _DAMAGE:
            return False
        with suppress(OSError):
            os.remove(self.path)
            return True
        return False

    def _describe(self, error: sqlite3.Error) -> OSError:
        code = _code_of(error)
        if code in _BUSY:
            return BusyError(
                "another process has been writing it for long",
                path=self.path,
                remedy="end that process, or run again",
            )
        number = _ERRORS.get(code, errno.EIO)
        return OSError(number, os.strerror(number), self.path)


def open_database(settings: Settings) -> Database:
    """Return the database of a data folder; for `Context.keep`."""
    return Database(settings.data, settings.dry_run)


def _create(connection: sqlite3.Connection, folder: str) -> None:
    """Create the tables, with what earlier releases recorded."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.executemany(
            "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            list_json_records(folder),
        )
        connection.execute("PRAGMA user_version = 1")


def _check(connection: sqlite3.Connection) -> None:
    """Check that a database is whole, and has nothing but plain tables: views are programs.

    Damage that only a later statement met would make a run forget what it has seen already.

    Raises:
        sqlite3.DatabaseError: It is damaged, or has others, which counts as damage.
    """
    programs = "type != 'table' OR sql LIKE 'CREATE VIRTUAL%' OR sql LIKE '% AS (%'"
    has_programs = connection.execute(f"SELECT 1 FROM sqlite_master WHERE {programs}").fetchone()
    if has_programs or connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        error = sqlite3.DatabaseError("expected plain tables")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _to_uri(path: str) -> str:
    return Path(os.path.abspath(path)).as_uri()


def _is_obstacle(path: str) -> bool:
    """Return whether something is there that is not a file; one look, as others delete journals."""
    try:
        return not stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
