"""A directory as the remote, asked for each file once while a command runs, as S3 is."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from csci_utils.digest import stored_digest
from csci_utils.listing import ListedFile, list_local
from csci_utils.luigi.rooted import RootedFileSystem, RootedTarget

from .listings import Listings


class RememberingFileSystem(RootedFileSystem):
    """A `RootedFileSystem` that can remember what it was asked. Threads may share it."""

    _listings: Listings | None = None
    _sizes: dict[str, int | None]
    _digests: dict[str, str]

    @contextmanager
    def remembering(self, folders: list[str]) -> Iterator[None]:
        """Ask for the state of each file in some folders only once while the body runs.

        What is written through `RememberedTarget` is asked for again.
        """
        self._listings = Listings(self._list_regular, folders)
        self._sizes, self._digests = {}, {}
        try:
            yield
        finally:
            self._listings = None

    def forget_all(self) -> None:
        """Ask for all files again."""
        if self._listings is not None:
            self._listings.forget_all()
            self._sizes, self._digests = {}, {}

    def forget(self, path: str) -> None:
        """Forget a file, which is being changed."""
        if self._listings is not None:
            self._listings.forget(path)
            self._sizes.pop(path, None)
            self._digests.pop(path, None)

    def size(self, path: str) -> int | None:
        """Return the file's number of bytes, or None if no regular file exists."""
        if self._listings is None:
            return super().size(path)
        if path not in self._sizes:
            try:
                listed = self._listings.find(path)
            except LookupError:
                listed = None
            if listed is None:  # or a link, which is refused
                self._sizes[path] = super().size(path)
            else:
                self._sizes[path] = listed.size
                self._remember_digest(path, listed)
        return self._sizes[path]

    def _remember_digest(self, path: str, listed: ListedFile) -> None:
        """Remember the digest that an unchanged file had earlier, if that is known."""
        inode, size, modified, changed = map(int, listed.mark.split())
        digest = stored_digest(path, (inode, size, modified, changed))
        if digest is not None:
            self._digests[path] = digest

    def _list_regular(self, folder: str) -> Iterator[ListedFile]:
        return (
            list_local(path, status)
            for path, status in self.root.scan(folder)
            if stat.S_ISREG(status.st_mode)
        )

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one file, or a link itself."""
        self.forget(path)
        super().remove(path, recursive, skip_trash)

    def _digest(self, path: str) -> str:
        if self._listings is None:
            return super()._digest(path)
        if path not in self._digests:
            self._digests[path] = super()._digest(path)
        return self._digests[path]


class RememberedTarget(RootedTarget):
    """A file of a `RememberingFileSystem`."""

    def open(self, mode: str = "r") -> Any:
        """Open the target, and forget what it was if it is written."""
        if "w" in mode and isinstance(self.fs, RememberingFileSystem):
            self.fs.forget(self.path)
        return super().open(mode)
