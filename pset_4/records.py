"""Records of what each file in the data folder was made from.

A cached file belongs to one version of an object in the remote; a result to one version of an
image, one of a model, and the options it was painted with. The records lie beside the files in a
hidden folder ``.records``. A record counts only while its file has the bytes that it had then, so
neither a crash between the two writes nor a later change of the file makes it wrong. Like git's
index it trusts a file whose size and times are unchanged, and reads the others.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from luigi.format import UTF8

from csci_utils.digest import file_digest
from csci_utils.luigi.target import SuffixPreservingLocalTarget

RECORDS_FOLDER = ".records"

Origin = dict[str, Any]
"""What a file was made from: plain JSON values, compared as a whole."""


@dataclass(frozen=True)
class _Record:
    """What is recorded about a file."""

    origin: Origin
    state: list[int]
    """Size and times, as `_state_of` reads them."""
    sha256: str


def read_origin(path: str) -> Origin | None:
    """Return what a file was made from; None if it is missing, was altered, or is not ours."""
    record = _read_record(path)
    if record is None or not os.path.isfile(path):
        return None
    if record.state != _state_of(path) and record.sha256 != file_digest(path):
        return None
    return record.origin


def write_origin(path: str, origin: Origin, sha256: str) -> None:
    """Record what a file was made from.

    Nothing is written if the file does not have the bytes of `sha256`: then another process has put
    its own there meanwhile, and records that.
    """
    state = _state_of(path)
    if file_digest(path) != sha256:
        return
    record = _Record(origin, state, sha256)
    with SuffixPreservingLocalTarget(_record_path(path), format=UTF8).open("w") as file:
        json.dump(asdict(record), file, indent=1)


def read_digest(path: str) -> str | None:
    """Return the SHA-256 that a file had when it was recorded; None without a record."""
    record = _read_record(path)
    return None if record is None else record.sha256


def is_unaltered(path: str) -> bool:
    """Return whether a file has the bytes that its record names, whatever its times are."""
    record = _read_record(path)
    return record is not None and record.sha256 == file_digest(path)


def _read_record(path: str) -> _Record | None:
    """Return the record of a file; a damaged one counts as none."""
    try:
        with open(_record_path(path), encoding="utf-8") as file:
            return _Record(**json.load(file))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def _record_path(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, RECORDS_FOLDER, name + ".json")


def _state_of(path: str) -> list[int]:
    status = os.stat(path)
    # On POSIX systems the last changes with every write, even if the one before is reset.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
