"""The cache in place of the remote: offline, drop-ins are put there, and published by a later run.

The data folder has the layout of the remote. So offline it is the remote (`Settings.remote`), and
the tasks know no difference. Only cached files need answers of their own: one exists if it has a
valid record, and its version is the recorded one.
"""

from __future__ import annotations

import os

from csci_utils.atomic import commit
from csci_utils.digest import file_digest
from csci_utils.luigi.filesystem import LocalFileSystem
from csci_utils.luigi.target import (
    BaseAtomicProviderLocalTarget,
    conflict,
    suffix_preserving_atomic_file,
)
from csci_utils.s3.objects import ObjectState

from .. import context
from ..places import is_s3
from ..settings import Settings
from .records import end_waiting, is_any_waiting, is_waiting, read_origin, write_origin


class CacheFileSystem(LocalFileSystem):
    """Answers what the remote would, by the records of the cache."""

    def exists(self, path: str) -> bool:
        """Return True if the file has a record, and the bytes that are recorded."""
        return read_origin(path) is not None

    def version(self, path: str) -> str | None:
        """Return the version of the object that the file is, or will be; None without a record."""
        return (read_origin(path) or {}).get("version")

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Return True if the file exists and its bytes equal those of another file."""
        return self.exists(path) and super().same_bytes(path, local_path)


class CacheFile(suffix_preserving_atomic_file):
    """A file of the cache that is recorded as waiting to be published."""

    def move_to_final_destination(self) -> None:
        """Replace the cached file, and record the version that the remote will have of it."""
        commit(self.tmp_path, self.path)
        version = predict_version(self.path, context.current().settings.unasked_remote)
        write_origin(self.path, {"version": version}, file_digest(self.path), is_waiting=True)


class CreateOnlyCacheFile(CacheFile):
    """A `CacheFile` that never replaces what was fetched.

    Raises:
        AlreadyExistsError: On closing, the remote is known to have other bytes.
    """

    def move_to_final_destination(self) -> None:
        """Replace only what waits itself, or is not trusted anyway."""
        if read_origin(self.path) is not None and not is_waiting(self.path):
            raise conflict(self.path)
        super().move_to_final_destination()


class CacheTarget(BaseAtomicProviderLocalTarget):
    """A file of the cache, offline."""

    fs = CacheFileSystem()
    atomic_provider = CacheFile


class CreateOnlyCacheTarget(CacheTarget):
    """A file of the cache, offline, that never replaces what was fetched."""

    atomic_provider = CreateOnlyCacheFile


def predict_version(path: str, remote: str) -> str:
    """Return the version that a remote will have of a file once it is published.

    If it comes out otherwise, as where S3 encrypts with KMS, results are painted again.
    """
    sha256 = file_digest(path)
    if not is_s3(remote):
        return sha256
    md5 = file_digest(path, "md5")
    return ObjectState(os.path.getsize(path), etag=md5, recorded_sha256=sha256).version


def record_published(remote_path: str) -> None:
    """Record that the remote has a file, so that what was made offline waits no longer.

    Args:
        remote_path: The file's place in the remote.
    """
    here = context.current()
    recorded = here.remember(_make_recorded)  # tasks ask often, and a record takes a while to read
    is_remote = remote_path.startswith(f"{here.settings.remote}/") and not here.settings.is_offline
    if is_remote and remote_path not in recorded and here.remember(_is_any_waiting):
        recorded.add(remote_path)
        end_waiting(here.settings.data + remote_path.removeprefix(here.settings.remote))


def _is_any_waiting(settings: Settings) -> bool:
    """Return whether any file was made offline, and waits."""
    return is_any_waiting()


def _make_recorded(settings: Settings) -> set[str]:
    """Return an empty set for the paths that `record_published` was called with."""
    return set()
