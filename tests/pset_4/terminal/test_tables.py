"""Tables: in files, and on terminals of all widths."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.text import Text

from pset_4.terminal.tables import format_table

COLUMNS = ("drop-in", "remote", "cache")
ROWS = [
    ("coffee.png", "yes", "yes", "current"),
    ("東京タワー🗼.png", "-", "yes", "stale"),
    ("[red]a-very-long-name-of-a-photograph-of-2026.jpg", "conflict", "yes", "-"),
]


@pytest.fixture
def set_terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Standard output is a terminal with colors."""
    monkeypatch.setattr("pset_4.terminal.tables.is_terminal", lambda stream: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def columns_of(line: str, *words: str) -> list[int]:
    """Return the columns of a terminal in which words begin."""
    return [cell_len(line[: line.index(word)]) for word in words]


def test_wide_characters_count_as_two_columns() -> None:
    head, first, second, third = format_table("IMAGES", COLUMNS, ROWS).splitlines()

    assert columns_of(head, "remote", "cache") == columns_of(second, "yes", "stale")
    assert columns_of(head, "cache") == columns_of(first, "current")
    assert third.startswith("[red]a-very-long-name-of-a-photograph-of-2026.jpg  conflict  yes")


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_table_fits_the_terminal(width: int, set_terminal: pytest.MonkeyPatch) -> None:
    set_terminal.setenv("COLUMNS", str(width))

    lines = [Text.from_ansi(line).plain for line in _format().splitlines()]

    assert max(map(cell_len, lines)) <= width
    assert "[red]a-very-l" in "\n".join(lines)
    starts = {cell_len(line[: line.index(word)]) for line, word in _with_states(lines)}
    assert len(starts) == 1


def test_a_terminal_gets_colors_unless_it_wants_none(set_terminal: pytest.MonkeyPatch) -> None:
    set_terminal.setenv("COLUMNS", "100")
    assert "\x1b[31mconflict" in _format()

    set_terminal.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in _format()


def test_on_a_very_narrow_terminal_the_cells_stand_below_the_name(
    set_terminal: pytest.MonkeyPatch,
) -> None:
    set_terminal.setenv("COLUMNS", "30")

    lines = _format().splitlines()

    assert lines[:4] == ["IMAGES", "coffee.png", "  drop-in yes, remote yes,", "  cache current"]


def _format() -> str:
    return format_table("IMAGES", COLUMNS, ROWS)


def _with_states(lines: list[str]) -> list[tuple[str, str]]:
    """Return the lines that have a cell in the last column, each with that cell."""
    words = ("cache", "current", "stale")
    return [(line, word) for line in lines for word in words if line.endswith(f" {word}")]
