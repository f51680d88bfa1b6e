"""Files on their way: images and styles to a worker's scratch folder, results to the remote."""

from __future__ import annotations

import hashlib
import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from luigi.format import Nop
from luigi.target import FileSystemTarget

from csci_utils.digest import CHUNK_SIZE
from csci_utils.errors import NothingWrittenError, check_size
from csci_utils.luigi import copy
from csci_utils.luigi.rooted import RootedFileSystem, RootedTarget
from csci_utils.transfers import retry
from neural_style.formats.model_file import MAX_STYLE_BYTES

from ..places import is_s3
from ..provenance.object_metadata import metadata_of
from ..storage.remote import target_at

if TYPE_CHECKING:
    from neural_style import Provenance
    from neural_style.options import RenderingOptions

    from ..settings import Settings


def source_at(root: str, name: str) -> FileSystemTarget:
    """Return an image in a folder of images, which others write to: no link is followed."""
    path = f"{root}/{name}"
    return target_at(path) if is_s3(path) else RootedTarget(path, RootedFileSystem(root), Nop)


def fetch(url: str, path: str, max_bytes: int) -> str:
    """Fetch a file of the remote, and return the SHA-256 of its bytes; see `fetch_target`."""
    return fetch_target(target_at(url), path, max_bytes)


def fetch_model(settings: Settings, file: str, scratch: str) -> str:
    """Fetch the file of a style, and return its path.

    Args:
        settings: The current ones.
        file: Its name.
        scratch: The folder that it goes to.

    Raises:
        FileNotFoundError, CsciUtilsError, OSError: It is not there, or the remote refuses.
    """
    url = f"{settings.remote_models}/{file}"
    path = os.path.join(scratch, f"{len(os.listdir(scratch))}-{PurePath(file).name}")
    fetch(url, path, MAX_STYLE_BYTES)
    return path


def fetch_target(source: FileSystemTarget, path: str, max_bytes: int) -> str:
    """Fetch a file for the next moments: it is not synced to the disk.

    Args:
        source: The file.
        path: Where it goes to.
        max_bytes: The largest size that is accepted.

    Returns:
        The SHA-256 of its bytes.

    Raises:
        FileNotFoundError: It does not exist.
        TooLargeError: It is larger.
        NothingWrittenError: It is empty.
        CsciUtilsError, OSError: The remote refuses, or the transfer was damaged.
    """
    return retry(lambda: _fetch_once(source, path, max_bytes))


def _fetch_once(source: FileSystemTarget, path: str, max_bytes: int) -> str:
    digest, size = hashlib.sha256(), 0
    with source.open("r") as reader, open(path, "wb") as writer:
        while chunk := reader.read(CHUNK_SIZE):
            size += len(chunk)
            check_size(source.path, size, max_bytes)
            digest.update(chunk)
            writer.write(chunk)
    if size == 0:
        raise NothingWrittenError(
            "the file in the remote is empty", path=source.path, remedy="publish the whole file"
        )
    return digest.hexdigest()


def publish(
    path: str,
    url: str,
    provenance: Provenance | None,
    options: RenderingOptions,
    is_replacement: bool,
) -> None:
    """Publish a result as `main` does, and remove the local file.

    Args:
        path: The local file.
        url: Its place in the remote.
        provenance: Where it comes from.
        options: How it was painted.
        is_replacement: Whether there may be an older one, which stays until this one has arrived.

    Raises:
        CsciUtilsError, OSError: The remote refuses.
    """
    metadata = metadata_of(provenance, options)
    copy(target_at(path), target_at(url, keep_earlier=is_replacement, metadata=metadata))
    os.remove(path)
