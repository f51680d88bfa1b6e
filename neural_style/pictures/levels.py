"""Conversion of sample values of any type to 8-bit levels.

Unsigned integers of at most 16 bits fill the range of their type. Files store other types in more
than one convention, and do not say in which one, so the range follows from the maximum value: see
`find_full_range`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
"""Integers or floats of any width."""

_OVERSHOOT = 1.25  # sharpening and resampling exceed the range at edges
_DARKEST = 1 / 16  # of its range: a picture below is likely to be of another range


def find_full_range(strips: Iterable[Samples]) -> float:
    """Return the value that stands for full intensity in samples whose type does not define it.

    It is the usual one that the maximum fits: 1, 255 or 65535 for floats; 255, 65535 or the type's
    maximum for integers. The maximum fits if it is above 1/16 of it and at most 1.25 times as
    high; higher values are clipped. A float maximum up to 1.25 always means 1. A maximum that fits
    none, such as 4.0 or 400.0, stands for full intensity itself. NaN and infinite values do not
    count.
    """
    maximum, ranges = 0.0, _usual_ranges(np.dtype(np.float32))
    for strip in strips:
        ranges = _usual_ranges(strip.dtype)
        if strip.dtype.kind == "f":
            strip = strip[np.isfinite(strip)]
        maximum = max(maximum, float(strip.max(initial=0)))
    if maximum <= ranges[0] * _OVERSHOOT:
        return ranges[0]
    fits = (full for full in ranges if full * _DARKEST < maximum <= full * _OVERSHOOT)
    return next(fits, maximum)


def to_8_bits(samples: Samples, full: float) -> NDArray[np.uint8]:
    """Return the levels, 0..255, of samples whose full intensity is `full`.

    Integers keep their upper 8 bits where `full` is that of a whole number of bits; other values
    are rounded. Values out of range are clipped, and NaN becomes 0.
    """
    if samples.dtype.kind == "f":
        samples = np.nan_to_num(samples, nan=0.0, posinf=np.inf, neginf=0.0)
        samples = samples.astype(np.promote_types(samples.dtype, np.float32), copy=False)
    elif full >= 0xFF and math.log2(full + 1).is_integer():
        if full < np.iinfo(samples.dtype).max:
            samples = np.minimum(samples, samples.dtype.type(full))
        if samples.dtype.kind == "i":
            samples = np.maximum(samples, samples.dtype.type(0))
        return (samples >> (int(full).bit_length() - 8)).astype(np.uint8)
    with np.errstate(over="ignore"):
        return np.clip(samples * (255 / full), 0, 255).round().astype(np.uint8)


def _usual_ranges(dtype: np.dtype[Any]) -> tuple[int, ...]:
    if dtype.kind == "f":
        return 1, 0xFF, 0xFFFF
    limit = int(np.iinfo(dtype).max)
    return *(full for full in (0xFF, 0xFFFF) if full < limit), limit
