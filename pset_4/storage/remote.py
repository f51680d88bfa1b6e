"""The remote, S3 or a directory: the same targets, listings and promises for both."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from luigi.format import Nop
from luigi.target import FileSystemTarget

from csci_utils.luigi.rooted import RootedTarget
from csci_utils.luigi.target import CreateOnlyLocalTarget, SuffixPreservingLocalTarget
from csci_utils.network.addresses import is_loopback

from .. import context
from ..database.connection import open_database
from ..errors import MissingError, MissingRemoteError
from ..places import TEMPORARY_OBJECTS, is_s3
from ..settings import Settings
from ..states.directory import RememberingFileSystem
from ..states.listings import Listings
from .offline import CacheTarget, CreateOnlyCacheTarget

if TYPE_CHECKING:
    from csci_utils.s3 import S3Client


_FOR_GOOD = ExitStack()
"""Holds what lasts until the process ends."""


def target_at(
    path: str,
    create_only: bool = False,
    keep_earlier: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> FileSystemTarget:
    """Return the target of bytes at an S3 URL or a local path.

    Args:
        path: ``s3://bucket/key``, or a path on this machine.
        create_only: Whether a write fails, atomically, if something is there already.
        keep_earlier: Whether what is there stays until a write has arrived undamaged. Only S3 needs
            to be told: see `S3Client.put`.
        metadata: What is published with the bytes; only S3 has a place for it.
    """
    if is_s3(path):
        from luigi.contrib.s3 import S3Target

        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        options: dict[str, Any] = {"IfNoneMatch": "*"} if create_only else {}
        if keep_earlier:
            options["keep_earlier"] = True
        if metadata:
            options["Metadata"] = dict(metadata)
        return S3Target(path, format=Nop, client=_s3_client(), **options)
    if _is_cache_of_remote(path):
        return (CreateOnlyCacheTarget if create_only else CacheTarget)(path, format=Nop)
    if _is_remote(path):
        # Others write there, too: no link is followed.
        return RootedTarget(path, _file_system(), format=Nop, create_only=create_only)
    kind = CreateOnlyLocalTarget if create_only else SuffixPreservingLocalTarget
    return kind(path, format=Nop)


def file_system_of(path: str) -> Any:
    """Return the file system of `target_at`, for questions about a path."""
    if is_s3(path):
        return _s3_client()
    if _is_cache_of_remote(path):
        return CacheTarget.fs
    return _file_system() if _is_remote(path) else SuffixPreservingLocalTarget.fs


def read_object_metadata(path: str) -> Mapping[str, str]:
    """Return the metadata of a file in the remote; none if it does not exist, or is not in S3."""
    state = _s3_client().state(path) if is_s3(path) else None
    return state.metadata if state else {}


def list_paths(folder: str) -> list[str]:
    """Return the paths of all files below a folder or prefix, relative to it, sorted, with ``/``.

    Hidden files are left out; temporary files of a write in progress are among them. So are objects
    in S3 whose keys end in ``/``.
    """
    return [path for path in list_all_paths(folder) if not re.search(r"(^|/)\.|/$", path)]


def list_all_paths(folder: str) -> list[str]:
    """Return the same paths, and those of the files that it leaves out.

    Empty objects in S3 whose keys end in ``/`` are folders of other programs, and no files.
    """
    listed = target_at(folder).fs.list_files(folder)
    files = [file for file in listed if file.size or not file.path.endswith("/")]
    paths = [file.path[len(folder) + 1 :].replace(os.sep, "/") for file in files]
    return sorted(filter(None, paths))


def list_marks(folder: str) -> dict[str, str]:
    """Return a mark for each path of `list_paths` that changes when the file is replaced.

    It may also change where the bytes stay the same, such as after a restart of a server.
    """
    found = target_at(folder).fs.list_files(folder)
    marks = {file.path[len(folder) + 1 :].replace(os.sep, "/"): file.mark for file in found}
    return {path: mark for path, mark in marks.items() if not re.search(r"(^|/)\.", path)}


def check_no_obstacle(path: str) -> None:
    """Raise MissingError if a directory remote has something at a path that is not a file."""
    if is_s3(path) or _is_cache_of_remote(path) or target_at(path).exists():  # LinkError: a link
        return
    # Somebody may have removed a file meanwhile, or put it back.
    if os.path.lexists(path) and not os.path.isfile(path):
        raise MissingError("not a file", path=path, remedy="remove it and run again")


def check(remote: str) -> None:
    """Ask an S3 remote, in one request, whether it exists and grants access.

    Raises:
        csci_utils.errors.S3Error: It does not.
    """
    if is_s3(remote):
        _s3_client().isdir(remote)


def sweep_temporaries(remote: str) -> None:
    """Delete the temporary objects in S3 of processes of this data folder that were killed."""
    if is_s3(remote):
        _s3_client().sweep(remote)


def check_present(remote: str) -> None:
    """Check that a remote that existed is still within reach, and its drive still mounted.

    Raises:
        csci_utils.errors.S3Error: As for `check`.
        MissingRemoteError: The directory does not exist.
    """
    check(remote)
    if not is_s3(remote) and not os.path.isdir(remote):
        raise MissingRemoteError(
            "the directory is not there any more", path=remote, remedy="mount or create it"
        )


def describe_exposure(remote: str) -> str | None:
    """Return what a person should know if an S3 remote is reached over the network without TLS."""
    if not is_s3(remote):
        return None
    endpoint = _s3_client().endpoint_url(remote)
    parts = urlsplit(endpoint)
    if parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return None
    return (
        f"http://{parts.hostname}: what is sent can be read and changed on the way; use https "
        "(AWS_ENDPOINT_URL)"
    )


def remembering(remote: str) -> AbstractContextManager[None]:
    """Ask the remote for the state of each file only once while the body runs.

    Where that is less work, folders are listed instead. A digest that a listing lacks is taken from
    an earlier run if the object has not changed since.
    """
    folders = _list_folders(context.current().settings)
    if not is_s3(remote):
        return _file_system().remembering(folders)
    return _remembering_objects(folders)


def _list_folders(settings: Settings) -> list[str]:
    return [settings.remote_images, settings.remote_models, settings.remote_results]


def forget_states() -> None:
    """Ask the remote again for what is remembered, because another process may have changed it."""
    settings = context.current().settings
    if not settings.is_offline:
        (_s3_client() if is_s3(settings.remote) else _file_system()).forget_all()


@contextmanager
def _remembering_objects(folders: Sequence[str]) -> Iterator[None]:
    from ..states.objects import KnownObjects

    client = _s3_client()
    known = KnownObjects(
        Listings(client.list_files, folders), context.current().keep(open_database)
    )
    try:
        with client.remembering(known):
            yield
    finally:
        known.flush()


def _is_remote(path: str) -> bool:
    """Return whether a path is that of a directory remote, or below it."""
    settings = context.current().settings
    is_inside = path == settings.remote or path.startswith(f"{settings.remote}/")
    return is_inside and not settings.is_offline


def _is_cache_of_remote(path: str) -> bool:
    """Return whether a path is that of a cached file that stands for the remote's, offline."""
    settings = context.current().settings
    folders = (f"{settings.remote_images}/", f"{settings.remote_models}/")
    return settings.is_offline and path.startswith(folders)


def _file_system() -> RememberingFileSystem:
    return context.current().keep(_make_file_system)


def _make_file_system(settings: Settings) -> RememberingFileSystem:
    file_system = RememberingFileSystem(settings.remote)
    if _is_luigi_command():
        _remember_for_good(file_system.remembering(_list_folders(settings)), file_system.forget_all)
    return file_system


def _s3_client() -> S3Client:
    return context.current().keep(_make_s3_client)


def _make_s3_client(settings: Settings) -> S3Client:
    # boto3 takes 0.2 s to import: only for those whose remote is S3.
    from csci_utils.s3 import S3Client

    client = S3Client(notes_folder=os.path.join(settings.data, TEMPORARY_OBJECTS))
    if _is_luigi_command():
        _remember_for_good(client.remembering(), client.forget_all)
    return client


def _is_luigi_command() -> bool:
    """Return whether Luigi's own command line runs, and ends with its tasks."""
    from luigi.cmdline_parser import CmdlineParser
    from luigi.worker import worker

    return CmdlineParser.get_instance() is not None and not worker().keep_alive


def _remember_for_good(
    remembering: AbstractContextManager[None], forget_all: Callable[[], None]
) -> None:
    """Remember the remote's states until the process ends; Luigi's workers, its forks, forget."""
    _FOR_GOOD.enter_context(remembering)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget_all)
