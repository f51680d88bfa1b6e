"""Records of earlier releases: a JSON file beside each file, in a hidden folder ``.records``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..places import IMAGES, MODELS, PROOFS, RESULTS
from ..storage.regular_files import open_regular

RECORDS_FOLDER = ".records"

MAX_RECORD_BYTES = 1 << 16
"""The longest record that is read; one of a result has about 1,200 bytes."""


def list_json_records(folder: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that stand for the records of a data folder; damaged ones are left out."""
    for path in _list_files(folder):
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            records, name = os.path.split(path)
            file = os.path.join(os.path.dirname(records), name.removesuffix(".json"))
            key = os.path.relpath(file, folder).replace(os.sep, "/")
            with open_regular(path) as opened:
                text = opened.read(MAX_RECORD_BYTES + 1)
                written = os.fstat(opened.fileno()).st_mtime_ns
            if len(text) <= MAX_RECORD_BYTES:
                yield (key, *_to_values(json.loads(text)), written)


def remove_json_records(folder: str) -> None:
    """Remove the records of earlier releases, and the folders that they were in."""
    for path in list(_list_files(folder)):
        with suppress(OSError):
            os.remove(path)
        with suppress(OSError):
            os.rmdir(os.path.dirname(path))


def _list_files(folder: str) -> Iterator[str]:
    for top in (IMAGES, MODELS, RESULTS, PROOFS):
        for records, _, names in os.walk(os.path.join(folder, top)):
            if os.path.basename(records) == RECORDS_FOLDER:
                yield from (os.path.join(records, name) for name in names if name.endswith(".json"))


def _to_values(record: dict[str, Any]) -> tuple[Any, ...]:
    size, modified, changed = map(_check_number, record["state"])
    provenance = record.get("provenance")
    return (
        json.dumps(record["origin"]),
        size,
        modified,
        changed,
        str(record["sha256"]),
        int(bool(record.get("is_waiting", False))),
        None if provenance is None else json.dumps(provenance),
    )


def _check_number(value: Any) -> int:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise ValueError("expected a number of 64 bits")
    return value
