"""Temporary objects in S3, and a list of them on this machine that outlives a killed process.

S3 has no rename. A file that is to replace an object only once all its bytes have arrived goes to a
temporary key first. If the process is killed then, only a listing of the whole bucket would find
that object again. So its URL is written down before the object is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ..atomic import create_exclusively, discard, find_orphans, make_temporary_name
from ..errors import S3AccessError, S3Error
from .objects import content_type
from .requests import S3Requests
from .sending import copy_object, put_file

_MAX_NOTE_BYTES = 2048
"""More than the longest URL (S3's keys have 1,024 bytes) and the address of a server."""


class TemporaryNotes:
    """A folder with a file for each temporary object; its name is that of the object."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Take the folder, which is created when it is needed; None to write nothing down."""
        self._folder = None if folder is None else Path(folder)

    @property
    def is_kept(self) -> bool:
        """Whether anything is written down."""
        return self._folder is not None

    def add(self, url: str, endpoint: str) -> None:
        """Write down where an object is going to be. A disk that is full stops no upload.

        Args:
            url: The object's URL, with a name of `make_temporary_name`.
            endpoint: The URL of its server.
        """
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with create_exclusively(str(self._folder / _name_of(url))) as file:
                file.write(f"{url}\n{endpoint}\n".encode())

    def remove(self, url: str) -> None:
        """Forget an object, which is deleted."""
        if self._folder is None:
            return
        discard(str(self._folder / _name_of(url)))

    def find_orphans(self, prefix: str, endpoint: str) -> Iterator[str]:
        """Yield the URLs below a prefix that ended processes left on a server."""
        if self._folder is None:
            return
        for path in find_orphans(self._folder):
            lines = _read(path)
            if len(lines) < 2:  # killed while it was written, before the object was
                discard(path)
                continue
            url, server = lines[:2]
            is_here = url.startswith(f"{prefix}/") and server == endpoint
            # No altered note deletes an object of another name.
            if is_here and _name_of(url) == os.path.basename(path):
                yield url


def put_by_copy(
    requests: S3Requests,
    local_path: str,
    path: str,
    notes: TemporaryNotes,
    notify: Callable[[str], None],
    **options: object,
) -> None:
    """Send a file to a temporary key, and have the server copy it from there.

    Args:
        requests: The connection.
        local_path: The file, of at most 5 GiB.
        path: The URL of the object that is replaced.
        notes: Where the temporary object is noted as long as it is there.
        notify: Called if it cannot be deleted.
        options: Further arguments of ``put_object``.
    """
    client = requests.connect(path)
    temporary_url = f"{path.rpartition('/')[0]}/{make_temporary_name()}"
    notes.add(temporary_url, client.meta.endpoint_url)
    try:
        put_file(
            requests, local_path, temporary_url, **{"ContentType": content_type(path), **options}
        )
        copy_object(client, temporary_url, path)
    finally:
        _delete(requests, temporary_url, notes, notify)


def delete_orphans(
    requests: S3Requests, prefix: str, notes: TemporaryNotes, notify: Callable[[str], None]
) -> None:
    """Delete the objects below a prefix that killed processes left. Asks only if there are any."""
    endpoint = requests.connect(prefix).meta.endpoint_url
    for url in list(notes.find_orphans(prefix, endpoint)):
        _delete(requests, url, notes, notify)


def _delete(
    requests: S3Requests, url: str, notes: TemporaryNotes, notify: Callable[[str], None]
) -> None:
    try:
        requests.delete(url)
    except S3Error as error:
        # Who may not delete it now may not do it later, either.
        if notes.is_kept and not isinstance(error, S3AccessError):
            notify(f"{url} was not removed ({error.reason}); the next run removes it")
            return
        notify(f"{url} was not removed ({error.reason}); remove it yourself")
    notes.remove(url)


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _read(path: str) -> list[str]:
    with suppress(OSError), open(path, "rb") as file:
        return file.read(_MAX_NOTE_BYTES).decode(errors="replace").splitlines()
    return []
