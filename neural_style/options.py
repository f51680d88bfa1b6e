"""How to paint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

EXACT, FAST = "exact", "fast"
PRECISIONS = (EXACT, FAST)


def say_nothing(message: str) -> None:
    """Keep `message` to itself."""


@dataclass(frozen=True)
class PaintingOptions:
    """What `load` takes besides the file, the device and the number; it says what they mean.

    Raises:
        ValueError: one is none of those that it can be.
    """

    precision: str = EXACT
    threads: int | None = None
    memory: int | None = None
    tell: Callable[[str], None] = say_nothing

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            known = " or ".join(PRECISIONS)
            raise ValueError(f"expected {known} as the precision, got {self.precision!r}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"expected at least 1 thread, got {self.threads}")
        if self.memory is not None and self.memory < 1:
            raise ValueError(f"expected at least 1 byte of memory, got {self.memory}")
