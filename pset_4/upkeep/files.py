"""Removing single files, here or in the remote, with their records."""

from __future__ import annotations

import os
from contextlib import suppress

from csci_utils.errors import S3AccessError

from ..places import is_s3
from ..storage.records import remove_record
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


def remove_stray_record(path: str) -> None:
    """Remove the record of a file that is gone, unless another process has made it again."""
    if not os.path.lexists(path):
        remove_record(path)


def list_files(folder: str) -> list[str]:
    """Return the paths of all files below a folder or prefix, sorted."""
    return [f"{folder}/{path}" for path in list_all_paths(folder)]
