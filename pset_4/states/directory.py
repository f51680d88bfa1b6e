"""A directory as the remote, asked for each file once while a command runs, as S3 is."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from csci_utils.answers import Answers
from csci_utils.digest import stored_digest
from csci_utils.listing import ListedFile, list_local
from csci_utils.luigi.rooted import RootedFileSystem

from .listings import Listings


class _State(NamedTuple):
    """What is known of a file without reading it."""

    size: int | None
    """In bytes; None if there is no regular file."""
    digest: str | None = None
    """The SHA-256 that it had earlier, if it is unchanged since; None if that is unknown."""


class RememberingFileSystem(RootedFileSystem):
    """A `RootedFileSystem` that can remember what it was asked. Threads may share it."""

    _listings: Listings | None = None
    _states: Answers[_State]
    _digests: Answers[str]

    @contextmanager
    def remembering(self, folders: list[str]) -> Iterator[None]:
        """Ask for the state of each file in some folders only once while the body runs.

        What is written through `RootedTarget` is asked for again.
        """
        self._listings = Listings(self._list_regular, folders)
        self._states, self._digests = Answers(), Answers()
        try:
            yield
        finally:
            self._listings = None

    def forget_all(self) -> None:
        """Ask for all files again."""
        if self._listings is not None:
            self._listings.forget_all()
            self._states.forget_all()
            self._digests.forget_all()

    def forget(self, path: str) -> None:
        """Forget a file, which was changed."""
        if self._listings is not None:
            self._listings.forget(path)
            self._states.forget(path)
            self._digests.forget(path)

    def size(self, path: str) -> int | None:
        """Return the file's number of bytes, or None if no regular file exists."""
        if self._listings is None:
            return super().size(path)
        return self._states.get(path, lambda: self._find_state(path)).size

    def _find_state(self, path: str) -> _State:
        listed = None
        if self._listings is not None:
            with suppress(LookupError):
                listed = self._listings.find(path)
        if listed is None:  # or a link, which is refused
            return _State(super().size(path))
        inode, size, modified, changed = map(int, listed.mark.split())
        return _State(listed.size, stored_digest(path, (inode, size, modified, changed)))

    def _list_regular(self, folder: str) -> Iterator[ListedFile]:
        return (
            list_local(path, status)
            for path, status in self.root.scan(folder)
            if stat.S_ISREG(status.st_mode)
        )

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one file, or a link itself."""
        try:
            super().remove(path, recursive, skip_trash)
        finally:
            self.forget(path)

    def _digest(self, path: str) -> str:
        if self._listings is None:
            return super()._digest(path)
        state = self._states.known(path)
        if state is not None and state.digest is not None:
            return state.digest
        return self._digests.get(path, lambda: super(RememberingFileSystem, self)._digest(path))
