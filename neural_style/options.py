"""How to paint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

EXACT, FAST = "exact", "fast"
PRECISIONS = (EXACT, FAST)
MAX_THREADS = 1024  # each takes memory, and no more than one for each core is of use


def check_whole(name: str, value: object, example: str) -> None:
    """Refuse what is no whole number.

    Raises:
        TypeError: `value` is none; the message gives the `example`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"expected a whole number, such as {name}={example}, got {value!r}")


def say_nothing(message: str) -> None:
    """Drop `message`."""


@dataclass(frozen=True)
class PaintingOptions:
    """The painting options of `load`, which documents them.

    Raises:
        TypeError: a number is no whole one.
        ValueError: a value is not allowed.
    """

    precision: str = EXACT
    threads: int | None = None
    memory: int | None = None
    tell: Callable[[str], None] = say_nothing

    def __post_init__(self) -> None:
        for name, example in (("threads", "4"), ("memory", "2 * 2**30")):
            value = getattr(self, name)
            if value is not None:
                check_whole(name, value, example)
                object.__setattr__(self, name, int(value))  # NumPy's would overflow
        if self.precision not in PRECISIONS:
            known = " or ".join(PRECISIONS)
            raise ValueError(f"expected {known} as the precision, got {self.precision!r}")
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise ValueError(f"expected 1 to {MAX_THREADS} threads, got {self.threads}")
        if self.memory is not None and self.memory < 1:
            raise ValueError(f"expected at least 1 byte of memory, got {self.memory}")
