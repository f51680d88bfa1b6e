"""Luigi's local targets, written atomically, with the suffix kept while they are being written.

Luigi's own temporary path, ``photo.jpg-luigi-tmp-0123``, has no suffix that an image library
knows. These targets write by `csci_utils.atomic`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from luigi.local_target import LocalTarget, atomic_file

from ..atomic import (
    Sweeper,
    commit,
    create_exclusively,
    discard,
    make_temporary_path,
    naming_path,
)
from ..errors import AlreadyExistsError
from ..files import check_written
from .filesystem import LocalFileSystem

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in collections.abc from Python 3.12 on

_SWEEPER = Sweeper()
"""Global, because it has to remember the folders of all targets: Luigi makes a new target, and a
new file, for each output, and each folder is to be listed once per process."""


class suffix_preserving_atomic_file(atomic_file):
    """A binary file that replaces its target when the body of its ``with`` statement succeeds.

    The temporary file lies beside the target and has its suffixes (``.tar.gz``). After a power cut
    the target is missing, old or new, but never partial (`csci_utils.atomic`).

    The body may write to the file or, by name, to `tmp_path`. A body that raises leaves the target
    as it was, and no temporary file.

    Raises:
        NothingWrittenError: On closing, the temporary file is empty or missing.
    """

    sweeper: ClassVar[Sweeper] = _SWEEPER
    """Removes what killed processes left in the target's folder."""

    dir_fd: int | None = None
    """The open folder that the temporary file is named in; None if it has a path."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Create the temporary file for the target at `path`."""
        self.path = os.fspath(path)
        tmp_path = self.generate_tmp_path(self.path)
        with naming_path(self.path):
            # Luigi's own __init__ opens with "w", which follows links and overwrites.
            raw = create_exclusively(tmp_path)
        io.BufferedWriter.__init__(self, raw)
        self._tmp_path = tmp_path  # set last: a file that somebody else created is not removed
        self.sweeper.sweep(os.path.dirname(self.path))

    @property
    def tmp_path(self) -> str:
        """The path of the temporary file."""
        return self._tmp_path

    def generate_tmp_path(self, path: str) -> str:
        """Return a new path beside `path`, with its suffixes."""
        return make_temporary_path(path)

    def write(self, data: Buffer) -> int:
        """Write bytes; an error, such as that of a full disk, names the target."""
        with naming_path(self.path):
            return super().write(data)

    def flush(self) -> None:
        """Write buffered bytes; an error names the target."""
        with naming_path(self.path):
            super().flush()

    def close(self) -> None:
        """Commit what was written. Further calls do nothing."""
        if self.closed:
            return
        try:
            with naming_path(self.path):
                io.BufferedWriter.close(self)
            check_written(self._tmp_path, self.path, self.dir_fd)
            self.move_to_final_destination()
        finally:
            discard(self._tmp_path, self.dir_fd)

    def move_to_final_destination(self) -> None:
        """Replace the target with the finished temporary file."""
        commit(self.tmp_path, self.path)

    def abort(self) -> None:
        """Drop what was written; the target stays as it was."""
        with suppress(OSError):  # on a full disk, the last flush fails; the file is closed anyway
            io.BufferedWriter.close(self)
        discard(self._tmp_path, self.dir_fd)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit what was written, or drop it if the body raised."""
        if exc_type is None:
            self.close()
        else:
            self.abort()

    def __del__(self) -> None:
        """Drop what was written if nobody closed the file."""
        if hasattr(self, "_tmp_path") and not self.closed:
            self.abort()


def conflict(path: str) -> AlreadyExistsError:
    """Return the error about a file that is not overwritten."""
    return AlreadyExistsError(
        "the file already exists with other bytes and was left as it is",
        path=path,
        remedy="choose another name",
    )


class create_only_atomic_file(suffix_preserving_atomic_file):
    """A `suffix_preserving_atomic_file` that never overwrites its target.

    A target that already holds the same bytes counts as success.

    Raises:
        AlreadyExistsError: On closing, the target exists with other bytes; it stays as it is.
    """

    def move_to_final_destination(self) -> None:
        """Rename the finished temporary file to the target, unless that exists."""
        try:
            commit(self.tmp_path, self.path, create_only=True)
        except FileExistsError as error:
            if not LocalFileSystem().same_bytes(self.path, self.tmp_path):
                raise conflict(self.path) from error


class BaseAtomicProviderLocalTarget(LocalTarget):
    """A local target whose `open` and `temporary_path` both write through `atomic_provider`.

    It exists only if it is a regular file (`LocalFileSystem`).
    """

    fs = LocalFileSystem()

    atomic_provider: ClassVar[type[atomic_file]] = suffix_preserving_atomic_file
    """Called with the target's path; returns a context manager that is a binary file and has a
    `tmp_path`."""

    def open(self, mode: str = "r") -> Any:
        """Open the target to read (``r``) as Luigi does, or to write atomically (``w``).

        Raises:
            ValueError: The mode is another one.
        """
        kind = mode.replace("b", "").replace("t", "")
        if kind == "w":
            self.makedirs()
            return self.format.pipe_writer(self.atomic_provider(self.path))
        if kind != "r":
            raise ValueError(f"{self.path}: mode must be 'r' or 'w', got {mode!r}")
        return super().open(mode)

    def makedirs(self) -> None:
        """Create the folders above the target.

        Raises:
            OSError: A folder cannot be created (Luigi's own method hides that).
        """
        os.makedirs(os.path.dirname(os.path.abspath(self.path)), exist_ok=True)

    @contextmanager
    def temporary_path(self) -> Iterator[str]:
        """Yield a path to write to, which is committed unless the body raises."""
        self.makedirs()
        with self.atomic_provider(self.path) as file:
            yield file.tmp_path


class SuffixPreservingLocalTarget(BaseAtomicProviderLocalTarget):
    """A local target whose temporary path keeps the suffix."""

    atomic_provider = suffix_preserving_atomic_file


class CreateOnlyLocalTarget(BaseAtomicProviderLocalTarget):
    """A local target that can be created but never overwritten."""

    atomic_provider = create_only_atomic_file
