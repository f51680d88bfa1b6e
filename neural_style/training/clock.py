"""The time of a training: when it is to end, and how long it still takes."""

from __future__ import annotations

import time

_FIRST_REPORT = 60.0  # seconds until the speed is known well enough to be reported
_REPORT_INTERVAL = 600.0  # seconds


class Clock:
    """Runs from when it is made."""

    def __init__(self, minutes: float | None, done: int) -> None:
        """Start it.

        Args:
            minutes: When the training is to end; None if only its work ends it.
            done: Pictures that an earlier part of the training has passed.
        """
        self._begin = time.monotonic()
        self._limit = None if minutes is None else 60 * minutes
        self._earlier = done
        self._next_report = _FIRST_REPORT

    @property
    def is_over(self) -> bool:
        """Whether the minutes have passed."""
        return self._limit is not None and self._elapsed >= self._limit

    def is_report_due(self) -> bool:
        """Return True for the first call after a minute, and then every ten minutes."""
        if self._elapsed < self._next_report:
            return False
        self._next_report = self._elapsed + _REPORT_INTERVAL
        return True

    def estimate_total(self, done: int, total: int) -> int:
        """Return how many pictures will have been passed at the end, at the speed so far.

        Args:
            done: Pictures passed.
            total: Pictures to pass if there is time for all.
        """
        if self._limit is None:
            return total
        left = max(0.0, self._limit - self._elapsed)
        return min(total, done + round(left * self._speed(done)))

    def estimate_rest(self, done: int, total: int) -> float:
        """Return the seconds to the end, at the speed so far; 0 before the first batch."""
        speed = self._speed(done)
        return (self.estimate_total(done, total) - done) / speed if speed else 0.0

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begin

    def _speed(self, done: int) -> float:
        """Return pictures per second."""
        return (done - self._earlier) / max(self._elapsed, 1e-9)
