"""Temporary objects in S3, and a list of them on this machine that outlives a killed process.

S3 has no rename. A file that is to replace an object only once all its bytes have arrived goes to a
temporary key first. If the process is killed then, only a listing of the whole bucket would find
that object again. So its URL is written down before the object is. So are uploads in parts, whose
parts nobody sees and everybody pays for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...atomic import create_exclusively, discard, find_orphans, make_temporary_name
from ...errors import S3AccessError, S3Error
from ..objects import content_type
from ..requests import S3Requests
from .sending import copy_object, put_file

_MAX_NOTE_BYTES = 2048
"""More than the longest URL (S3's keys have 1,024 bytes) and the address of a server."""


class Note(NamedTuple):
    """What is written down of a temporary object, or of an upload in parts."""

    name: str
    """The name of the file; of a temporary object, its own."""
    url: str
    """The object's URL."""
    upload_id: str
    """What S3 calls the upload; empty for an object."""


class TemporaryNotes:
    """A folder with a file for each temporary object, and for each upload in parts."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Take the folder, which is created when it is needed; None to write nothing down."""
        self._folder = None if folder is None else Path(folder)

    @property
    def is_kept(self) -> bool:
        """Whether anything is written down."""
        return self._folder is not None

    def add(self, url: str, endpoint: str, upload_id: str = "") -> Note:
        """Write down where an object is going to be. A disk that is full stops no upload.

        Args:
            url: The object's URL, with a name of `make_temporary_name` unless it has an upload.
            endpoint: The URL of its server.
            upload_id: The upload in parts that is open.
        """
        note = Note(make_temporary_name() if upload_id else _name_of(url), url, upload_id)
        if self._folder is None:
            return note
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with create_exclusively(str(self._folder / note.name)) as file:
                file.write(f"{url}\n{endpoint}\n{upload_id}\n".encode())
        return note

    def remove(self, name: str) -> None:
        """Forget an object, which is deleted, or an upload, which is over."""
        if self._folder is None:
            return
        discard(str(self._folder / name))

    def abort_upload(self, requests: S3Requests, note: Note, notify: Callable[[str], None]) -> None:
        """Delete what was sent of an upload in parts."""
        try:
            requests.abort(note.url, note.upload_id)
        except S3Error as error:
            notify(
                f"{note.url}: the parts sent so far were not removed ({error.reason}); "
                + ("the next run removes them" if self.is_kept else "remove them yourself")
            )
            return
        self.remove(note.name)

    def find_orphans(self, prefix: str, endpoint: str) -> Iterator[Note]:
        """Yield what ended processes left below a prefix on a server."""
        if self._folder is None:
            return
        for path in find_orphans(self._folder):
            lines = _read(path)
            if len(lines) < 2:  # killed while it was written, before the object was
                discard(path)
                continue
            note = Note(os.path.basename(path), lines[0], "".join(lines[2:3]))
            is_here = note.url.startswith(f"{prefix}/") and lines[1] == endpoint
            # No altered note deletes an object of another name.
            if is_here and (note.upload_id or _name_of(note.url) == note.name):
                yield note


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
    """Delete what killed processes left below a prefix. Asks only if there is any."""
    endpoint = requests.connect(prefix).meta.endpoint_url
    for note in list(notes.find_orphans(prefix, endpoint)):
        if note.upload_id:
            notes.abort_upload(requests, note, notify)
        else:
            _delete(requests, note.url, notes, notify)


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
    notes.remove(_name_of(url))


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _read(path: str) -> list[str]:
    with suppress(OSError), open(path, "rb") as file:
        return file.read(_MAX_NOTE_BYTES).decode(errors="replace").splitlines()
    return []
