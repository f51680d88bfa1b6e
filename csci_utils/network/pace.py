"""The lowest speed of a transfer: what is slower counts as stalled."""

from __future__ import annotations

import time

STALL_SECONDS = 30.0
"""How long the other side may be silent, or nearly so."""

MIN_BYTES_PER_SECOND = 1000
"""The lowest average speed over that time."""


class Pace:
    """Measures a transfer over one period after the other, and ends one that is too slow.

    A timeout of the socket alone never ends a transfer of one byte now and then.
    """

    def __init__(self, seconds: float = STALL_SECONDS) -> None:
        """Start the first period, of this length."""
        self._seconds = seconds
        self._required = MIN_BYTES_PER_SECOND * seconds
        self._start_period()

    @property
    def patience(self) -> float:
        """Seconds to wait for the next bytes before the transfer counts as stalled."""
        if self._moved >= self._required:
            return self._seconds
        return max(self._end - time.monotonic(), 0.001)  # 0 would mean not to wait at all

    def add(self, size: int) -> None:
        """Count bytes that have arrived or left.

        Raises:
            TimeoutError: The period is over, and too few bytes were moved in it.
        """
        self._moved += size
        if time.monotonic() < self._end:
            return
        if self._moved < self._required:
            raise TimeoutError(f"only {self._moved:,} bytes arrived in {self._seconds:g} s")
        self._start_period()

    def _start_period(self) -> None:
        self._moved = 0
        self._end = time.monotonic() + self._seconds
