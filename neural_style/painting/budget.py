"""A limit on the memory of pictures that are decoded ahead."""

from __future__ import annotations

from pathlib import Path

from ..pictures.decoding import read_size
from ..system.resources import free_memory

_MEMORY_SHARE = 4  # pictures take at most this part of the memory that is free
_MOST_BYTES = 1 << 30
BYTES_PER_PIXEL = 16
"""Of a picture while it is decoded, painted and encoded."""

_UNKNOWN_BYTES = 64 << 20  # of a file whose header does not tell its size


class MemoryBudget:
    """Bytes that may be in use. One picture alone may take more."""

    def __init__(self, parts: int = 1) -> None:
        """Measure the memory that is free now, and divide it by `parts`."""
        free = free_memory(None)
        most = min(_MOST_BYTES, _MOST_BYTES if free is None else free // _MEMORY_SHARE)
        self.most = most // parts
        """How many bytes there are."""
        self._taken = 0

    def take(self, size: int) -> bool:
        """Take `size` bytes if they are left, and return whether they were."""
        if self._taken and self._taken + size > self.most:
            return False
        self._taken += size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size


def estimate_bytes(path: Path) -> int:
    """Return about how much memory the picture in a file takes; its header tells."""
    try:
        with path.open("rb") as file:
            size = read_size(file)
    except OSError:
        size = None
    return _UNKNOWN_BYTES if size is None else size[0] * size[1] * BYTES_PER_PIXEL
