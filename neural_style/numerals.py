"""Numbers as people write them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_LIMIT = 2**63  # bytes: where C code stops counting
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


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
