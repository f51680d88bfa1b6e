"""Predicting failures at a larger size: memory and time grow with the number of pixels."""

from __future__ import annotations

from collections.abc import Iterable

from ..results import Measurement
from ..sizes import Size, parse_size

_MINIMUM_PIXELS = 10**6  # below, most memory is that of libraries and does not grow


def predict_failure(
    earlier: Iterable[Measurement], name: str, size: Size, memory: int | None, seconds: float
) -> str | None:
    """Return why `name` is expected to fail at `size`; None if it has to be tried.

    Args:
        earlier: All measurements so far, in their order.
        name: A contender or program.
        size: The size to measure next.
        memory: The limit in bytes; None if it is unknown.
        seconds: The limit for a process.
    """
    last = next((each for each in reversed(list(earlier)) if each.name == name), None)
    if last is None:
        return None
    if last.failure:
        return last.failure if last.size == size.name else f"no result at {last.size}"
    pixels = parse_size(last.size).pixels
    growth = size.pixels / pixels
    if growth <= 1:
        return None
    needed_memory = (last.peak_memory or 0) * growth if pixels >= _MINIMUM_PIXELS else 0
    if memory is not None and needed_memory > memory:
        return f"would need about {needed_memory / 1e9:.0f} GB, judging from {last.size}"
    needed_seconds = _best_time(last) * growth
    if needed_seconds > seconds:
        return f"would take about {needed_seconds:.0f} s, judging from {last.size}"
    return None


def _best_time(measurement: Measurement) -> float:
    return min(measurement.warm, default=None) or measurement.whole or measurement.first or 0
