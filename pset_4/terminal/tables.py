"""Tables: aligned text, which on a terminal has colors and fits its width."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from csci_utils.console import is_terminal
from csci_utils.text import escape_controls

_GAP = 2  # columns of the terminal between two cells
_NAME_WIDTH = 12  # what a name gets at least, before the other cells stand below it
_COLORS = {
    "conflict": "red",
    "differs": "yellow",
    "no": "red",
    "stale": "yellow",
    "unknown": "yellow",
    "unreadable": "red",
}
"""The colors of cells that call for attention."""


def format_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return lines of aligned columns for standard output, the first of them headed by the title.

    A wide character, as of Chinese, counts as two. On a terminal that is too narrow, a long name
    takes several lines, and if not even that helps, the other cells of each row stand below its
    name. In a file, lines are as long as they have to be.
    """
    lines = [(title, *columns), *(tuple(map(escape_controls, row)) for row in rows)]
    widths = [max(map(_measure, cells)) for cells in zip(*lines, strict=True)]
    if not is_terminal(sys.stdout):
        return "\n".join(_align(line, widths) for line in lines)
    room = shutil.get_terminal_size().columns - sum(widths[1:]) - _GAP * len(columns)
    if room < min(widths[0], _NAME_WIDTH):
        return "\n".join(_stack(lines))
    return _render(lines)


def _measure(cell: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if cell.isascii():
        return len(cell)
    from rich.cells import cell_len

    return cell_len(cell)


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - _measure(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return (" " * _GAP).join(padded).rstrip()


def _stack(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a narrow terminal: each name, and below it what the columns say of it."""
    (title, *columns), *rows = lines
    yield title
    for name, *cells in rows:
        yield name
        facts = ", ".join(f"{column} {cell}" for column, cell in zip(columns, cells, strict=True))
        indent = " " * _GAP
        width = shutil.get_terminal_size().columns
        yield from textwrap.wrap(
            facts, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def _render(lines: Sequence[Sequence[str]]) -> str:
    from rich.table import Table
    from rich.text import Text

    from .console import make_console

    (title, *columns), *rows = lines
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(Text(title), overflow="fold")
    for column in columns:
        table.add_column(Text(column), no_wrap=True)
    for name, *cells in rows:
        table.add_row(Text(name), *(Text(cell, _COLORS.get(cell, "")) for cell in cells))
    console = make_console(sys.stdout)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
