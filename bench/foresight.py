"""What need not be tried, from what was measured before: memory and time grow with the pixels."""

from __future__ import annotations

from collections.abc import Iterable

from .results import Measurement
from .sizes import Size, parse_size

TELLING_PIXELS = 10**6
"""Below so many, most memory is that of libraries, which does not grow with the picture."""


def foresee(
    earlier: Iterable[Measurement], name: str, size: Size, memory: int | None, seconds: float
) -> str | None:
    """Why `name` would give no figures at `size`; None if it has to be tried.

    Args:
        earlier: all measurements so far, the last one last.
        memory: how many bytes there are, None if that is unknown.
        seconds: how long a process may take.
    """
    last = next((each for each in reversed(list(earlier)) if each.name == name), None)
    if last is None:
        return None
    if last.failure:
        return last.failure if last.size == size.name else f"not tried: at {last.size} it failed"
    pixels = parse_size(last.size).pixels
    times = size.pixels / pixels
    if times <= 1:
        return None
    expected_memory = (last.peak_memory or 0) * times if pixels >= TELLING_PIXELS else 0
    if memory is not None and expected_memory > memory:
        return f"not tried: would take about {expected_memory / 1e9:.0f} GB, from {last.size}"
    expected_seconds = (min(last.warm, default=None) or last.whole or last.first or 0) * times
    if expected_seconds > seconds:
        return f"not tried: would take about {expected_seconds:.0f} s, from {last.size}"
    return None
