"""Bars at the bottom of a terminal, which move by themselves while text scrolls by above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .console import make_console

NARROW = 60
"""Below this width in columns, a bar shows only its `short` text."""

_PER_SECOND = 10  # drawings, which a bar of unknown length needs to move smoothly
_BAR_WIDTHS = (10, 24)  # on a narrow and on another terminal


@dataclass(frozen=True)
class Bar:
    """One bar, and what is shown beside it."""

    fraction: float | None
    """From 0 to 1; None if that is unknown."""
    short: str
    """For a narrow terminal; what does not fit is cut off."""
    long: str
    """For other terminals."""


class Bars:
    """Bars that a thread of their own draws several times a second, until they are closed."""

    def __init__(self, stream: TextIO, bars: Callable[[], Iterable[Bar]]) -> None:
        """Draw them for the first time.

        Args:
            stream: The terminal.
            bars: Returns the bars as they are now. Called from the thread.
        """
        self._bars = bars
        self._live = Live(
            self,
            console=make_console(stream),
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,  # the bars are on standard error
        )
        self._live.start()

    def close(self) -> None:
        """Erase the bars."""
        self._live.stop()

    def print(self, line: str, color: str = "") -> None:
        """Print a line above the bars, its first word in a color."""
        text = Text(line)
        text.stylize(color, 0, len(line.split(" ", 1)[0]))
        self._live.console.print(text, soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw a line for each bar."""
        is_narrow = options.max_width < NARROW
        table = Table.grid(padding=(0, 1))
        table.add_column(width=4, justify="right")
        table.add_column(width=_BAR_WIDTHS[not is_narrow])
        table.add_column()  # which alone gives way
        for bar in self._bars():
            known = bar.fraction is not None
            table.add_row(
                f"{bar.fraction:.0%}" if known else "",
                ProgressBar(1, bar.fraction or 0, pulse=not known),
                Text(bar.short if is_narrow else bar.long, no_wrap=True, overflow="ellipsis"),
            )
        yield table
