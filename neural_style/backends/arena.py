"""The memory that a painting works in: anonymous memory, or a file where that is too small."""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

import numpy as np
from numpy.typing import NDArray

from csci_utils.text import format_size

from ..errors import DeviceError
from ..system.resources import (
    anonymous_memory,
    check_memory,
    describe_use,
    free_memory,
    lies_in_memory,
)

Memory = NDArray[np.uint8]

_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE of madvise(2), which Python does not name
_TOUCHED_AT_ONCE = 2**26  # bytes; Ctrl-C is handled in between
_BLOCK = bytes(2**20)  # fills a file whose space cannot be reserved

# Bytes that paintings of this process were granted. Global, because memory is: the system counts it
# as free until it is touched, so paintings in other threads would be granted the same bytes.
_promised: list[int] = []
_guard = threading.Lock()  # of `_promised`


class Arena:
    """Lends memory to paintings, and keeps it from one to the next.

    Fresh memory costs time, because the system clears every page. A file is not kept. Styles may
    share an arena; of two paintings at once, the second gets other memory.
    """

    def __init__(self, limit: int | None, notify: Callable[[str], None]) -> None:
        """Lend nothing yet.

        Args:
            limit: How many bytes of memory other than files this process may have in all. None for
                what the machine has.
            notify: Called once if a file is used.
        """
        self.limit = limit
        self._notify = notify
        self._has_notified = False
        self._kept: Memory | None = None

    @contextmanager
    def lend(self, size: int, extra: int) -> Iterator[Memory]:
        """Lend at least `size` bytes, with any content.

        Args:
            size: In bytes.
            extra: How many bytes the borrower is going to take elsewhere.

        Raises:
            DeviceError: Neither memory nor the disk has room, or memory has no room for what is
                taken elsewhere.
            MemoryError: The system refuses the memory.
        """
        kept, self._kept = self._kept, None
        if kept is not None and kept.size >= size:
            try:
                yield kept
            finally:
                self._kept = kept
            return
        del kept  # released before more is taken
        check_memory(extra, self.limit)
        with _promising(size + extra, self.limit) as has_room:
            memory = _take_memory(size) if has_room else self._take_file(size)
            try:
                yield memory
            finally:
                if has_room:
                    self._kept = memory

    def release(self) -> None:
        """Release the memory that is kept."""
        self._kept = None

    def _take_file(self, size: int) -> Memory:
        folder = tempfile.gettempdir()
        mapped = self._map_file(folder, size)
        if not self._has_notified:
            self._has_notified = True
            self._notify(
                f"{format_size(size)} do not fit into memory: a temporary file in {folder} is used "
                "instead, which is slower"
            )
        _touch_in_order(mapped)
        return np.frombuffer(mapped, np.uint8)

    def _map_file(self, folder: str, size: int) -> mmap.mmap:
        try:
            if lies_in_memory(folder):
                raise self._no_room(
                    size,
                    f"the folder for temporary files, {folder}, lies in memory, too",
                    "set TMPDIR to a folder on a disk, or make the picture smaller (--max-side)",
                )
            with tempfile.TemporaryFile(dir=folder) as file:
                _reserve(file, size)
                return mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise self._no_room(
                size,
                f"the disk for temporary files is too small, too ({error.strerror or error})",
                "make the picture smaller (--max-side), or set TMPDIR to a folder with more room",
            ) from error

    def _no_room(self, size: int, file_problem: str, remedy: str) -> DeviceError:
        """Return the error for `size` bytes that neither memory nor a file has room for."""
        if self.limit is None or not _has_room(size, None):
            return DeviceError(
                f"memory is short of {format_size(size)}, and {file_problem}", remedy=remedy
            )
        use = describe_use(self.limit, anonymous_memory() or 0)
        return DeviceError(
            f"the memory limit of {format_size(self.limit)}, {use}, has no room for "
            f"{format_size(size)}, and {file_problem}",
            remedy=f"allow more (--memory), {remedy}",
        )


def _has_room(size: int, limit: int | None) -> bool:
    """Return whether memory has room for `size` bytes beside what paintings were promised."""
    free = free_memory(limit)
    return free is None or size + sum(_promised) <= free


@contextmanager
def _promising(size: int, limit: int | None) -> Iterator[bool]:
    """Promise `size` bytes if memory has room for them, and yield whether it has."""
    with _guard:
        has_room = _has_room(size, limit)
        if has_room:
            _promised.append(size)
    try:
        yield has_room
    finally:
        if has_room:
            with _guard:
                _promised.remove(size)


def _touch_in_order(mapped: mmap.mmap) -> None:
    """Have the system create a file's pages now, in order.

    It then creates large ones. A painting touches pages here and there, which creates small ones,
    each with its own page fault in each pass: measured, that more than doubled the time.
    """
    for begin in range(0, len(mapped), _TOUCHED_AT_ONCE):
        try:
            mapped.madvise(_POPULATE_WRITE, begin, min(_TOUCHED_AT_ONCE, len(mapped) - begin))
        except (AttributeError, OSError):  # only Linux from 5.14 on can
            return


def _take_memory(size: int) -> Memory:
    try:
        if hasattr(mmap, "MAP_PRIVATE"):
            memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        else:
            memory = mmap.mmap(-1, size)
    except (OSError, OverflowError) as error:
        raise MemoryError(f"the system refuses {format_size(size)} of memory") from error
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without large pages
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def _reserve(file: IO[bytes], size: int) -> None:
    """Reserve disk space now: a full disk would kill the process that writes to the mapping."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for _ in range(0, size, len(_BLOCK)):
        file.write(_BLOCK)
    file.flush()
