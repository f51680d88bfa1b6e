"""Removing single files, here or in the remote, with their records."""

from __future__ import annotations

import os
from contextlib import suppress

from csci_utils.errors import S3AccessError

from ..places import is_s3
from ..storage.records import RECORDS_FOLDER, remove_record
from ..storage.remote import list_all_paths, target_at


def remove_file(path: str) -> None:
    """Remove a file or object, and its record if it has one; one that is gone already is fine.

    Raises:
        OSError, csci_utils.errors.CsciUtilsError: It cannot be removed.
    """
    with suppress(FileNotFoundError):
        try:
            target_at(path).fs.remove(path, recursive=False)
        except S3AccessError as error:
            error.remedy = f"allow s3:DeleteObject ({error.remedy})"
            raise
    if not is_s3(path):
        remove_record(path)


def list_files(folder: str) -> list[str]:
    """Return the paths of all files below a folder or prefix, sorted."""
    return [f"{folder}/{path}" for path in list_all_paths(folder)]


def list_stray_records(folder: str) -> list[str]:
    """Return the paths of records whose file is gone."""
    paths = set(list_files(folder))
    return [path for path in sorted(paths) if _is_record(path) and _file_of(path) not in paths]


def _is_record(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)) == RECORDS_FOLDER and path.endswith(".json")


def _file_of(record_path: str) -> str:
    """Return the path of the file that a record is about."""
    folder, name = os.path.split(record_path)
    return f"{os.path.dirname(folder)}/{name.removesuffix('.json')}"
