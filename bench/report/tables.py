"""Markdown tables, and how figures are written in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

NOTHING = "-"
"""The cell of a figure that does not exist."""


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; short rows are filled up with empty cells."""
    lines = [_format_row(header), f"|{'---|' * len(header)}"]
    lines += [_format_row([*row, *[""] * (len(header) - len(row))]) for row in rows]
    return "\n".join(lines)


def _format_row(cells: Sequence[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def format_times(times: Sequence[float]) -> str:
    """Return the median of `times`, and the smallest and the largest if there are several."""
    if len(times) == 1:
        return format_seconds(times[0])
    smallest, largest = format_seconds(min(times)), format_seconds(max(times))
    return f"{format_seconds(median(times))} ({smallest} to {largest})"


def format_seconds(seconds: float | None) -> str:
    """Return a time with about three significant digits."""
    if seconds is None:
        return NOTHING
    digits = 3 if seconds < 1 else 2 if seconds < 10 else 1
    return f"{seconds:.{digits}f}"


def format_memory(size: int | None) -> str:
    """Return a number of bytes in MB."""
    return NOTHING if size is None else f"{size / 1e6:,.0f} MB"
