"""Show progress: a bar on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from csci_utils.console import is_terminal, say
from csci_utils.text import format_duration, one_line

from ..execution.observer import Observer
from .progress import RunProgress

if TYPE_CHECKING:
    from ..terminal.bars import Bar, Bars

LINE_SECONDS = 30.0
"""Between two lines where there is no terminal."""


class ProgressDisplay(Observer):
    """Shows the progress of a run and notes on standard error."""

    def __init__(self, is_quiet: bool) -> None:
        """Show nothing before there is something to show."""
        self._is_quiet = is_quiet
        self._progress: RunProgress | None = None
        self._bars: Bars | None = None
        self._next_line = 0.0

    def close(self) -> None:
        """Remove the bar."""
        if self._bars is not None:
            self._bars.close()
            self._bars = None

    def show(self, progress: RunProgress) -> None:
        """Show the progress."""
        self._progress = progress
        if self._is_quiet:
            return
        if is_terminal(sys.stderr) and sys.stderr is not None:
            if self._bars is None:
                from ..terminal.bars import Bars

                self._bars = Bars(sys.stderr, self._list_bars)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            say(progress.to_line(), sys.stderr)

    def notify(self, text: str) -> None:
        """Show a note, above the bar if there is one."""
        line = f"note: {one_line(text)}"
        if self._is_quiet:
            return
        if self._bars is None:
            say(line, sys.stderr)
        else:
            self._bars.print(line, "yellow")

    def _list_bars(self) -> Iterator[Bar]:
        from ..terminal.bars import Bar

        progress = self._progress
        if progress is not None:
            fraction = progress.done / progress.pictures if progress.pictures else None
            left = progress.seconds_left
            short = f"{progress.done:,}" + (f" {format_duration(left)} left" if left else "")
            yield Bar(fraction if progress.is_listed else None, short, progress.to_line())
