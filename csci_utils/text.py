"""Text for people: numbers and sizes, read and written, and lines that are safe to print."""

from __future__ import annotations

import math
import re
from contextlib import suppress

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_LIMIT = 2**63  # bytes: where C code stops counting
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_LONGEST_LINE = 1000  # characters; a hostile file chooses some of them


def parse_whole(text: str, minimum: int, maximum: int | None = None) -> int:
    """The whole number from `minimum` to `maximum` that `text` stands for, in ASCII digits.

    Raises:
        ValueError: it is no such number.
    """
    if text.isascii() and text.isdecimal():
        with suppress(ValueError):  # int() takes some thousands of digits at most
            value = int(text)
            if value >= minimum and (maximum is None or value <= maximum):
                return value
    end = "" if maximum is None else f" to {maximum}"
    raise ValueError(f"expected a whole number from {minimum}{end}, got {text!r}")


def parse_from_zero(text: str) -> float:
    """The finite number from 0 that `text` stands for.

    Raises:
        ValueError: it is no such number.
    """
    value = _parse_number(text)
    if not 0 <= value < math.inf:
        raise ValueError(f"expected a number from 0, got {text!r}")
    return value


def parse_above_zero(text: str) -> float:
    """The finite number above 0 that `text` stands for.

    Raises:
        ValueError: it is no such number.
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
    """The bytes that `text` stands for, such as 2GiB, 1.5GB, 512M or 1000000.

    Raises:
        ValueError: it is no such number, or less than 1 byte, or 8 EiB and more.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a size such as 512MiB, 1.5GB or 2000000000, got {text!r}")
    number, power, binary = match.groups()
    size = float(number) * (1024 if binary else 1000) ** _POWERS[power.lower()]
    if not 1 <= size < _LIMIT:  # infinity among others
        raise ValueError(f"expected a size from 1 byte to below 8 EiB, got {text!r}")
    return int(size)


def format_size(size: int) -> str:
    """`size` bytes with a unit, such as 1.5 GB."""
    power = 0
    rest = float(size)
    while rest >= 999.95 and power + 1 < len(_UNITS):
        rest /= 1000
        power += 1
    return f"{rest:.1f} {_UNITS[power]}" if power else f"{size} bytes"


def one_line(text: str) -> str:
    """`text` on a single printable line of bounded length, whatever a file put into it."""
    line = " ".join(text.split())
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    if len(printable) <= _LONGEST_LINE:
        return printable
    return printable[: _LONGEST_LINE - 3] + "..."
