"""Documents in a directory that several machines share.

File systems create a file exclusively, but replace one unconditionally. So a document that is
replaced stays as it is, and its versions lie beside it, numbered, in a folder of their own:
``claims/0000001.json~/7``. The highest number counts. Whoever replaces version 6 creates version 7
exclusively, and has lost if a higher one is there: lower ones are removed afterwards, and so the
number could be free again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress

from luigi.format import Nop

from csci_utils.atomic import create_exclusively, make_temporary_name
from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi.rooted import RootedFileSystem, RootedTarget

from .documents import MAX_DOCUMENT_BYTES, Document, Documents, Entry

_VERSIONS = "~"
"""The end of the name of the folder of a document's versions."""


class FolderDocuments(Documents):
    """Documents in a folder; no link below the remote is followed."""

    def __init__(self, path: str, root: str) -> None:
        """Take the folder, and the remote that it is in."""
        super().__init__(path)
        self._files = RootedFileSystem(root)

    def read(self, name: str) -> Document | None:
        """Return the highest version of a document."""
        while True:
            number = self._find_highest(name)
            try:
                return self._read_version(name, number)
            except FileNotFoundError:
                if number == 0:
                    return None
                # A higher version came meanwhile, and this one was removed.

    def create(self, name: str, data: bytes) -> str | None:
        """Create a document, with all its bytes in one step."""
        return self._create_version(name, 0, data)

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Create the next version of a document."""
        found = self.read(name)
        if found is None or found.tag != tag:
            return None
        number = int(tag.partition("-")[0]) + 1
        new_tag = self._create_version(name, number, data)
        if new_tag is not None and self._find_highest(name) > number:
            self._remove_version(name, number)
            return None
        if new_tag is not None and number > 1:
            self._remove_version(name, number - 1)
        return new_tag

    def overwrite(self, name: str, data: bytes) -> None:
        """Write a document that has no versions."""
        with RootedTarget(f"{self.url}/{name}", self._files, Nop).open("w") as file:
            file.write(data)

    def list(self, folder: str, after: str = "") -> Iterator[Entry]:
        """Return the documents of a folder; each is as young as its youngest version."""
        start = len(f"{self.url}/{folder}/")
        found: dict[str, float] = {}
        for file in self._files.list_files(f"{self.url}/{folder}"):
            name = file.path[start:].partition(f"{_VERSIONS}{os.sep}")[0]
            if name > after and not name.startswith("."):
                found[name] = max(found.get(name, 0), file.modified)
        now = self._read_clock() if found else 0
        return (Entry(f"{folder}/{name}", now - found[name]) for name in sorted(found))

    def check_conditions(self) -> None:
        """Do nothing: every file system creates files exclusively."""

    def _find_highest(self, name: str) -> int:
        """Return the number of the highest version; 0 without one in the folder of versions."""
        folder = self._path(name, 1).rpartition("/")[0]
        names = (path.rpartition(os.sep)[2] for path, _ in self._files.root.scan(folder))
        return max((int(number) for number in names if number.isdecimal()), default=0)

    def _read_version(self, name: str, number: int) -> Document:
        with open(self._path(name, number), "rb", opener=self._files.root.open) as file:
            data = file.read(MAX_DOCUMENT_BYTES)
            written = os.fstat(file.fileno()).st_mtime
        return Document(data, _tag_of(number, data), self._read_clock() - written)

    def _create_version(self, name: str, number: int, data: bytes) -> str | None:
        target = RootedTarget(self._path(name, number), self._files, Nop, create_only=True)
        try:
            with target.open("w") as file:
                file.write(data)
        except AlreadyExistsError:
            return None
        return _tag_of(number, data)

    def _remove_version(self, name: str, number: int) -> None:
        with suppress(OSError):
            self._files.remove(self._path(name, number))

    def _read_clock(self) -> float:
        """Return the time of the file system, whose machine may have another one than this."""
        path = f"{self.url}/{make_temporary_name()}"
        with self._files.root.open_parent(path, create=True) as (folder, name):
            try:
                with create_exclusively(name, dir_fd=folder) as file:
                    return os.fstat(file.fileno()).st_mtime
            except OSError:  # as where only reading is allowed
                return time.time()
            finally:
                with suppress(OSError):
                    os.remove(name, dir_fd=folder)

    def _path(self, name: str, number: int) -> str:
        return f"{self.url}/{name}" if number == 0 else f"{self.url}/{name}{_VERSIONS}/{number}"


def _tag_of(number: int, data: bytes) -> str:
    return f"{number}-{hashlib.sha256(data).hexdigest()}"
