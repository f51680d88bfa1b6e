"""Listings of the remote's folders, which save a request for each file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock

from csci_utils.listing import ListedFile

FIRST_QUESTIONS = 4
"""How many files of a folder are asked for one by one before the folder is listed."""

FILES_PER_QUESTION = 100
"""How much longer than the number of questions a listing may be before it is not worth it."""

PAGE = 1000
"""How many files a request lists."""


class Listings:
    """Tells of files in folders as a listing saw them. Threads may share it.

    A folder is listed once many of its files were asked for, and only as far as that is less work
    than further questions.
    """

    def __init__(
        self, list_files: Callable[[str], Iterator[ListedFile]], folders: Sequence[str]
    ) -> None:
        """Take what lists a folder, and the folders, none of which is in another."""
        self._list_files = list_files
        self._paths = folders
        self._lock = Lock()
        self.forget_all()

    def forget_all(self) -> None:
        """Forget what was listed."""
        self._folders = [_Folder(path, self._list_files) for path in self._paths]

    def find(self, path: str) -> ListedFile | None:
        """Return a file as it was listed; None if it is not there.

        Raises:
            LookupError: That is not known without a question.
        """
        for folder in self._folders:
            if path.startswith(folder.prefix):
                with self._lock:
                    return folder.find(path)
        raise LookupError(path)

    def forget(self, path: str) -> None:
        """Forget a file, which was changed since."""
        for folder in self._folders:
            if path.startswith(folder.prefix):
                with self._lock:
                    folder.changed.add(path)


class _Folder:
    def __init__(self, path: str, list_files: Callable[[str], Iterator[ListedFile]]) -> None:
        self.prefix = f"{path}/"
        self.changed: set[str] = set()
        self._path = path
        self._list_files = list_files
        self._rest: Iterator[ListedFile] | None = None
        self._files: dict[str, ListedFile] = {}
        self._is_whole = False
        self._questions = 0

    def find(self, path: str) -> ListedFile | None:
        if path in self.changed:
            raise LookupError(path)
        self._questions += 1
        if self._questions > FIRST_QUESTIONS and not self._is_whole:
            self._read_on(path)
        if path in self._files:
            return self._files[path]
        if self._is_whole:
            return None
        raise LookupError(path)

    def _read_on(self, path: str) -> None:
        """List more, unless that is too much for the questions so far."""
        most = FILES_PER_QUESTION * self._questions
        try:
            self._read_until(path, most)
        except BaseException:
            self._rest = None  # it has ended without its last files, and is begun again
            raise

    def _read_until(self, path: str, most: int) -> None:
        if self._rest is None:
            self._rest = self._list_files(self._path)
        while path not in self._files and len(self._files) < most:
            for _ in range(PAGE):
                file = next(self._rest, None)
                if file is None:
                    self._is_whole = True
                    return
                self._files[file.path] = file
