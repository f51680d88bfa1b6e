"""Memory that a painting works in: in memory, or in a file where memory is too short."""

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
from ..system.resources import anonymous_memory, check_memory, free_memory, lies_in_memory

Memory = NDArray[np.uint8]

_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE: madvise(2); Python has no name for it
_TOUCHED_AT_ONCE = 2**26  # bytes: Ctrl-C is heeded in between
_promised: list[int] = []  # to paintings under way in this process, in bytes
_guard = threading.Lock()  # of it
_BLOCK = bytes(2**20)  # what a file is filled with where its space cannot be reserved


class Arena:
    """Lends memory, and keeps it from one painting to the next.

    Fresh memory costs time: the system clears every page of it. What lies in a file is not kept.
    """

    def __init__(self, limit: int | None, tell: Callable[[str], None]) -> None:
        """
        Args:
            limit: how many bytes of memory this process may have altogether, other than files.
                None for what the machine has.
            tell: is told, once, that a file is used.
        """
        self._limit = limit
        self._tell = tell
        self._has_told = False
        self._kept: Memory | None = None

    @contextmanager
    def lend(self, size: int, besides: int) -> Iterator[Memory]:
        """At least `size` bytes, of whatever content.

        A second caller meanwhile gets other memory.

        Args:
            size: in bytes.
            besides: what the borrower is going to take elsewhere, in bytes.

        Raises:
            DeviceError: neither memory nor the disk has room, or memory has none for what is
                taken elsewhere.
            MemoryError: the system gives no memory.
        """
        kept, self._kept = self._kept, None
        if kept is not None and kept.size >= size:
            try:
                yield kept
            finally:
                self._kept = kept
            return
        del kept  # given back before more is taken
        check_memory(besides, self._limit)
        with _promising(size + besides, self._limit) as has_room:
            memory = _take_memory(size) if has_room else self._take_file(size)
            try:
                yield memory
            finally:
                if has_room:
                    self._kept = memory

    def release(self) -> None:
        """Give back what is kept."""
        self._kept = None

    def _take_file(self, size: int) -> Memory:
        try:
            folder = tempfile.gettempdir()
            if lies_in_memory(folder):
                shortage, remedy = self._explain(size)
                raise DeviceError(
                    f"{shortage}, and {folder}, for temporary files, lies in memory, too; {remedy}"
                    "name a folder on a disk in the variable TMPDIR, or make the picture smaller "
                    "(--max-side)"
                )
            with tempfile.TemporaryFile(dir=folder) as file:
                _reserve(file, size)
                mapped = mmap.mmap(file.fileno(), size)
        except OSError as error:
            shortage, remedy = self._explain(size)
            raise DeviceError(
                f"{shortage}, and so is the disk for temporary files ({error.strerror or error}); "
                f"{remedy}make the picture smaller (--max-side), or name a folder with more room "
                "in the variable TMPDIR"
            ) from error
        if not self._has_told:
            self._has_told = True
            self._tell(
                f"{format_size(size)} do not fit into memory: a temporary file in {folder} takes "
                "them, which is slower"
            )
        _touch_in_order(mapped)
        return np.frombuffer(mapped, np.uint8)

    def _explain(self, size: int) -> tuple[str, str]:
        """What has no room for `size` bytes, and the beginning of what helps against that."""
        if self._limit is None or not _has_room(size, None):
            return f"memory is short of {format_size(size)}", ""
        taken = format_size(anonymous_memory() or 0)
        return (
            f"the limit of {format_size(self._limit)} of memory, of which {taken} are taken "
            f"already, has no room for {format_size(size)}",
            "allow more (--memory), ",
        )


def _has_room(size: int, limit: int | None) -> bool:
    """Whether memory has room for `size` bytes beside what is promised to paintings under way.

    These touch theirs little by little, and until then the system counts it as free.
    """
    free = free_memory(limit)
    return free is None or size + sum(_promised) <= free


@contextmanager
def _promising(size: int, limit: int | None) -> Iterator[bool]:
    """Whether memory has room for `size` bytes, which then are promised, too."""
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
    """Have the system make a file's pages now, one after the other.

    It then makes large ones. A painting touches them here and there, which makes small ones, each
    with a fault of its own in each pass: that more than doubled the time.
    """
    for begin in range(0, len(mapped), _TOUCHED_AT_ONCE):
        try:
            mapped.madvise(_POPULATE_WRITE, begin, min(_TOUCHED_AT_ONCE, len(mapped) - begin))
        except (AttributeError, OSError):  # systems that cannot: all but Linux from 5.14
            return


def _take_memory(size: int) -> Memory:
    try:
        if hasattr(mmap, "MAP_PRIVATE"):
            memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        else:
            memory = mmap.mmap(-1, size)
    except (OSError, OverflowError) as error:
        raise MemoryError(f"the system gives no {format_size(size)}") from error
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system that has none
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def _reserve(file: IO[bytes], size: int) -> None:
    """Take the disk's space now: later, a full disk ends the process that writes to the mapping."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for _ in range(0, size, len(_BLOCK)):
        file.write(_BLOCK)
    file.flush()
