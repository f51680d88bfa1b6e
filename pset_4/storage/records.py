"""Records of what each file in the data folder was made from.

A cached file belongs to one version of an object in the remote; a result to one version of an
image, one of a model, and the options it was painted with. The records lie beside the files in a
hidden folder ``.records``. A record counts only while its file has the bytes that it had then, so
neither a crash between the two writes nor a later change of the file makes it wrong.

Like git's index, a record trusts a file whose size and times are unchanged, and reads the others.
It does so only if the file was at rest for `SETTLING_NS` when the record was written: before that,
a change could leave the times as they are. The first look at a file at rest renews the record.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from types import NoneType
from typing import Any

from csci_utils.atomic import atomic_path, naming_target
from csci_utils.digest import SETTLING_NS, file_digest

from .. import context
from .regular_files import open_regular

RECORDS_FOLDER = ".records"

MAX_RECORD_BYTES = 1 << 16
"""The longest record that is read; one of a result has about 1,200 bytes."""

Origin = dict[str, Any]
"""What a file was made from: plain JSON values, compared as a whole."""


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
    """Of a result, where it comes from, by names and digests: a `neural_style.Provenance`."""


def read_origin(path: str) -> Origin | None:
    """Return what a file was made from; None if it is missing, was altered, or is not ours.

    Raises:
        OSError: The file has to be read, and cannot be.
    """
    record, written_ns = _read(path)
    if record is None or not os.path.isfile(path):
        return None
    state = _state_of(path)
    if state == record.state and written_ns - max(state[1:]) >= SETTLING_NS:
        return record.origin
    if record.sha256 != file_digest(path):
        return None
    _renew(path, replace(record, state=state))
    return record.origin


def write_origin(
    path: str,
    origin: Origin,
    sha256: str,
    is_waiting: bool = False,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Record what a file was made from.

    Nothing is written if the file does not have the bytes of `sha256`: then another process has put
    its own there meanwhile, and records that.

    Raises:
        OSError: The file cannot be read, or the record not be written.
    """
    state = _state_of(path)
    if file_digest(path) == sha256:
        _write(path, Record(origin, state, sha256, is_waiting, provenance))


def read_record(path: str) -> Record | None:
    """Return the record of a file, whether it still has those bytes or not; None without one."""
    return _read(path)[0]


def is_waiting(path: str) -> bool:
    """Return whether a file was made offline, and is not known to be published yet."""
    record = read_record(path)
    return record is not None and record.is_waiting


def end_waiting(path: str) -> None:
    """Record that a file is published, if it was made offline."""
    record = read_record(path)
    if record is not None and record.is_waiting:
        _write(path, replace(record, is_waiting=False))


def remove_record(path: str) -> None:
    """Forget what a file was made from, so that it is made again."""
    with suppress(FileNotFoundError, NotADirectoryError):
        os.remove(_record_path(path))


def is_unaltered(path: str) -> bool:
    """Return whether a file has the bytes that its record names, whatever its times are."""
    record = read_record(path)
    return record is not None and record.sha256 == file_digest(path)


def _read(path: str) -> tuple[Record | None, int]:
    """Return the record of a file, and when it was written, in nanoseconds.

    A damaged or unreadable record counts as none.
    """
    try:
        with open_regular(_record_path(path)) as file:
            text = file.read(MAX_RECORD_BYTES + 1)
            written_ns = os.fstat(file.fileno()).st_mtime_ns
        if len(text) > MAX_RECORD_BYTES:
            return None, 0
        return _check(Record(**json.loads(text))), written_ns
    except (OSError, ValueError, TypeError, RecursionError):
        return None, 0


def _check(record: Record) -> Record | None:
    is_valid = (
        isinstance(record.origin, dict)
        and isinstance(record.state, list)
        and [type(number) for number in record.state] == [int, int, int]
        and isinstance(record.sha256, str)
        and isinstance(record.is_waiting, bool)
        and isinstance(record.provenance, (dict, NoneType))
    )
    return record if is_valid else None


def _renew(path: str, record: Record) -> None:
    """Write a record again once its file is at rest, so that the file need not be read again."""
    is_at_rest = time.time_ns() - max(record.state[1:]) >= SETTLING_NS
    if is_at_rest and record.state == _state_of(path):
        with suppress(OSError):  # the record that is there stays right
            _write(path, record)


def _write(path: str, record: Record) -> None:
    if context.current().settings.dry_run:
        return
    record_path = _record_path(path)
    os.makedirs(os.path.dirname(record_path), exist_ok=True)
    with (
        atomic_path(record_path) as temporary_path,
        naming_target(record_path),
        open(temporary_path, "w", encoding="utf-8") as file,
    ):
        file.write(json.dumps(asdict(record), indent=1))


def _record_path(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, RECORDS_FOLDER, name + ".json")


def _state_of(path: str) -> list[int]:
    status = os.stat(path)
    # On POSIX systems the last changes with every write, even if the one before is reset.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
