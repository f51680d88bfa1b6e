"""Numbers, sizes and durations, parsed and formatted."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from fractions import Fraction

_SIZE = re.compile(r"(\d{1,99}(?:\.\d{1,99})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>[smh]?)", re.IGNORECASE | re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_SIZE = 2**63 - 1  # bytes; the largest off_t
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def parse_whole(text: str, minimum: int, maximum: int | None = None) -> int:
    """Parse a whole number in ASCII digits.

    Args:
        text: The number.
        minimum: The smallest number that is accepted.
        maximum: The largest number that is accepted; None for no limit.

    Raises:
        ValueError: The text is not such a number.
    """
    if text.isascii() and text.isdecimal():
        with suppress(ValueError):  # int() parses a few thousand digits at most
            value = int(text)
            if value >= minimum and (maximum is None or value <= maximum):
                return value
    end = "" if maximum is None else f" to {maximum}"
    raise ValueError(f"expected a whole number from {minimum}{end}, got {text!r}")


def parse_from_zero(text: str) -> float:
    """Parse a finite number of at least 0.

    Raises:
        ValueError: The text is not such a number.
    """
    value = _parse_number(text)
    if not 0 <= value < math.inf:
        raise ValueError(f"expected a number from 0, got {text!r}")
    return value


def parse_above_zero(text: str) -> float:
    """Parse a finite number above 0.

    Raises:
        ValueError: The text is not such a number.
    """
    value = _parse_number(text)
    if not 0 < value < math.inf:
        raise ValueError(f"expected a number above 0, got {text!r}")
    return value


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def parse_size(text: str) -> int:
    """Parse a size such as 2GiB, 1.5GB, 512M or 1000000, and return it in bytes.

    Raises:
        ValueError: The text is not a size, or the size is below 1 byte or not below 8 EiB.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a size such as 512MiB, 1.5GB or 2000000000, got {text!r}")
    number, power, binary = match.groups()
    size = Fraction(number) * (1024 if binary else 1000) ** _POWERS[power.lower()]
    if not 1 <= size <= _MAX_SIZE:
        raise ValueError(f"expected a size from 1 byte to below 8 EiB, got {text!r}")
    return int(size)


def parse_duration(text: str) -> float:
    """Parse a duration such as 30s, 5m or 1h, and return it in seconds; a bare number is seconds.

    Raises:
        ValueError: The text is not a duration, or it is below 1 second or above a day.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match["number"]) * _SECONDS[match["unit"].lower()] if match else 0
    if not 1 <= seconds <= _SECONDS["d"]:
        raise ValueError(f"expected a duration from 1s to 24h, such as 30s or 5m, got {text!r}")
    return seconds


def format_size(size: int) -> str:
    """Format a number of bytes with a decimal unit, such as 1.5 GB."""
    power = 0
    rest = float(size)
    while rest >= 999.95 and power + 1 < len(_UNITS):
        rest /= 1000
        power += 1
    return f"{rest:.1f} {_UNITS[power]}" if power else f"{size} bytes"


def format_duration(seconds: float) -> str:
    """Format a duration as minutes and seconds, and as hours if it is that long: 0:07, 1:02:45."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
