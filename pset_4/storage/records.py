"""Records of what each file in the data folder was made from.

A cached file belongs to one version of an object in the remote; a result to one version of an
image, one of a model, and the options it was painted with. The records lie in the data folder's
database (`pset_4.database`). A record counts only while its file has the bytes that it had then, so
neither a crash between the two writes nor a later change of the file makes it wrong.

Like git's index, a record trusts a file whose size and times are unchanged, and reads the others.
It does so only if the file was settled when the record was written: before that, a change could
leave the times as they are. The first look at a settled file renews the record.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from types import NoneType
from typing import Any

from csci_utils.digest import file_digest, is_settled

from .. import context
from ..database.connection import Database, open_database
from ..database.rows import Query

_MOST = (1 << 63) - 1
"""SQLite's largest integer. Times of files can lie beyond it, after 2262 and before 1677."""

Origin = dict[str, Any]
"""What a file was made from: plain JSON values, compared as a whole."""

_RECORDS = Query(
    "records",
    "path",
    "origin, size, modified, changed, sha256, is_waiting, provenance, written",
)


@dataclass(frozen=True)
class Record:
    """What is recorded about a file."""

    origin: Origin
    """What the file was made from."""
    state: list[int]
    """Size in bytes, and the times of the last change of content and of status in nanoseconds."""
    sha256: str
    """The SHA-256 of the file's bytes."""
    is_waiting: bool = False
    """Whether the file was made offline, and is not known to be published yet."""
    provenance: dict[str, Any] | None = None
    """A result's `neural_style.Provenance`, as JSON values: names and digests of its inputs."""


def read_origin(path: str) -> Origin | None:
    """Return what a file was made from; None if it is missing, was altered, or is not ours.

    Raises:
        OSError: The file has to be read, and cannot be.
    """
    record = read_valid_record(path)
    return None if record is None else record.origin


def read_valid_record(path: str) -> Record | None:
    """Return the record of a file that has the bytes that are recorded; else None.

    Raises:
        OSError: The file has to be read, and cannot be.
    """
    record, written_ns = _read(path)
    state = _state_of(path) if record else None
    if record is None or state is None:
        return None
    if state == record.state and is_settled(state[1:], written_ns):
        return record
    if state[0] != record.state[0] or record.sha256 != file_digest(path):
        return None
    _renew(path, state, record.sha256)
    return record


def write_origin(
    path: str,
    origin: Origin,
    sha256: str,
    is_waiting: bool = False,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Record what a file was made from.

    Nothing is written if the file does not have this `sha256` any more: another process has
    replaced it, and writes a record of its own.

    Raises:
        OSError: The file cannot be read, or the record not be written.
    """
    state = _state_of(path)
    if file_digest(path) == sha256 and state is not None:
        _write(path, Record(origin, state, sha256, is_waiting, provenance))


def read_record(path: str) -> Record | None:
    """Return the record of a file, whether it still has those bytes or not; None without one."""
    return _read(path)[0]


def is_waiting(path: str) -> bool:
    """Return whether a file was made offline, and is not known to be published yet."""
    record = read_record(path)
    return record is not None and record.is_waiting


def is_any_waiting() -> bool:
    """Return whether any file was made offline, and is not known to be published yet."""
    return bool(_database().select("SELECT 1 FROM records WHERE is_waiting LIMIT 1", ()))


def end_waiting(path: str) -> None:
    """Record that a file is published, if it was made offline."""
    if is_waiting(path):
        _database().write("UPDATE records SET is_waiting = 0 WHERE path = ?", [(_key_of(path),)])


def reading_ahead(names: Collection[str]) -> AbstractContextManager[None]:
    """Read what the database has of many files at once, in this thread, while the body runs.

    Args:
        names: The ends of the paths and URLs that the body asks for: names of images.
    """
    return _database().reading_ahead(names)


def remove_record(path: str) -> None:
    """Forget what a file was made from, so that it is made again."""
    _database().write("DELETE FROM records WHERE path = ?", [(_key_of(path),)])


def is_unaltered(path: str) -> bool:
    """Return whether a file has the bytes that its record names, whatever its times are."""
    record = read_record(path)
    return record is not None and record.sha256 == file_digest(path)


def list_stray_records() -> list[str]:
    """Return the paths of files that are gone, and have a record."""
    rows = _database().select("SELECT path FROM records ORDER BY path", ())
    paths = [_path_of(str(key)) for (key,) in rows]
    return [path for path in paths if not os.path.lexists(path)]


def _read(path: str) -> tuple[Record | None, int]:
    """Return the record of a file, and when it was written, in nanoseconds.

    A damaged record counts as none.
    """
    rows = _database().find(_RECORDS, _key_of(path))
    try:
        ((origin, *state, sha256, is_waiting, provenance, written),) = rows
        record = Record(
            json.loads(origin),
            state,
            sha256,
            bool(is_waiting),
            None if provenance is None else json.loads(provenance),
        )
        return _check(record), int(written)
    except (ValueError, TypeError, RecursionError):
        return None, 0


def _check(record: Record) -> Record | None:
    is_valid = (
        isinstance(record.origin, dict)
        and [type(number) for number in record.state] == [int, int, int]
        and isinstance(record.sha256, str)
        and isinstance(record.provenance, (dict, NoneType))
    )
    return record if is_valid else None


def _renew(path: str, state: list[int], sha256: str) -> None:
    """Record the times of a file once it is settled, so that it need not be read again.

    All else stays as it is: it may have been recorded anew since it was read.
    """
    if is_settled(state[1:], time.time_ns()) and state == _state_of(path):
        statement = (
            "UPDATE records SET path = ?, modified = ?, changed = ?, written = ?"
            " WHERE path = ? AND sha256 = ?"
        )
        key = _key_of(path)
        with suppress(OSError):  # the record that is there stays right
            _database().write(statement, [(key, *state[1:], time.time_ns(), key, sha256)])


def _write(path: str, record: Record) -> None:
    row = (
        _key_of(path),
        json.dumps(record.origin),
        *record.state,
        record.sha256,
        int(record.is_waiting),
        None if record.provenance is None else json.dumps(record.provenance),
        time.time_ns(),
    )
    _database().write("REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [row])


def _database() -> Database:
    return context.current().keep(open_database)


def _key_of(path: str) -> str:
    """Return a path relative to the data folder, which may be moved or copied, if it is in it."""
    folder = context.current().settings.data
    return os.path.abspath(path).removeprefix(folder + os.sep).replace(os.sep, "/")


def _path_of(key: str) -> str:
    return os.path.join(context.current().settings.data, key)


def _state_of(path: str) -> list[int] | None:
    """Return the `state` of a `Record`; None if the file is missing, or not a file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    # On POSIX systems the last changes with every write, even if the one before is reset.
    times = (status.st_mtime_ns, status.st_ctime_ns)
    return [status.st_size, *(max(-_MOST, min(each, _MOST)) for each in times)]
