"""What each file of the data folder was made from, so that none is taken for current by mistake.

A cached file belongs to one version of an object in the remote; a result to one version of a
picture, one of a model, and the options it was painted with. That is written down beside them,
in ``data/.records/``. A record counts only while its file has the size and time that it had then,
so neither a crash between the two writes nor a file altered later can make it lie.
"""

import json
import os
from typing import Any

from luigi.format import UTF8

from csci_utils.luigi.target import SuffixPreservingLocalTarget

from . import settings

Origin = dict[str, Any]
"""What a file was made from: plain JSON values, compared as a whole."""


def read_origin(path: str) -> Origin | None:
    """What the file was made from; None where it is missing, altered since, or not ours.

    A damaged record is as good as none.
    """
    try:
        with open(_record_path(path), encoding="utf-8") as file:
            record = json.load(file)
        if record["state"] != _state_of(path):
            return None
        origin: Origin = record["origin"]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return origin


def write_origin(path: str, origin: Origin) -> None:
    """Write down what the file, as it is now, was made from."""
    record = {"origin": origin, "state": _state_of(path)}
    with SuffixPreservingLocalTarget(_record_path(path), format=UTF8).open("w") as file:
        json.dump(record, file, indent=1)


def _record_path(path: str) -> str:
    data = settings.current().data
    return os.path.join(data, settings.RECORDS, os.path.relpath(path, data) + ".json")


def _state_of(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]
