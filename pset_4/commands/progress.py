"""Progress: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import luigi
from tqdm import tqdm

from csci_utils.console import say
from csci_utils.text import format_size, one_line

from .. import context
from ..execution.outcome import REPLACED, verb_of

BAR_FORMAT = "{percentage:3.0f}% {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
"""A bar of a fixed width: at the edge of the terminal the text after it is cut off, not the bar."""


class Progress:
    """A bar over the tasks that were asked for, or a line for each thing done."""

    def __init__(self, asked: Sequence[luigi.Task]) -> None:
        """Show an empty bar for these tasks, on a terminal."""
        self._asked = set(asked)
        self._notes: set[str] = set()
        self._is_terminal = _is_terminal()
        self._bar = tqdm(
            total=len(asked),
            disable=not self._is_terminal,
            leave=False,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT,
        )

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()

    def update(self, task: luigi.Task, ran: bool) -> None:
        """Count a complete task, and show what it did if it ran just now."""
        verb = verb_of(task) if ran else None
        if verb:
            remark = getattr(task, "remark", "")
            is_replacement = getattr(task, "is_replacement", False)
            line = f"{REPLACED if is_replacement else verb} {_relative_path(task)}"
            line += f" ({remark})" if remark else ""
            self._bar.set_postfix_str(line)
            if remark or is_replacement or not self._is_terminal:
                _say_above(line)
        if task in self._asked:
            self._bar.update()

    def show(self, percentage: int) -> None:
        """Show the percentage of the current painting that is done."""
        self._bar.set_postfix_str(f"painting: {percentage}%")

    def notify(self, text: str) -> None:
        """Show a note, once."""
        if text not in self._notes:
            self._notes.add(text)
            _say_above(f"note: {one_line(text)}")


class DownloadProgress:
    """A bar over the bytes, or a line at the beginning."""

    def __init__(self, url: str) -> None:
        """Show nothing before the first bytes are here."""
        self._url = url
        self._bar: tqdm[Any] | None = None

    def close(self) -> None:
        """Remove the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()

    def update(self, done: int, total: int | None) -> None:
        """Show how many bytes are here, and how many there are."""
        if self._bar is None:
            self._bar = self._start(done, total)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def _start(self, done: int, total: int | None) -> tqdm[Any]:
        size = f" ({format_size(total)})" if total else ""
        here = f", {format_size(done)} of it are here" if done else ""
        self.notify(f"downloading {self._url}{size}{here}")
        return tqdm(
            total=total,
            initial=done,
            unit="B",
            unit_scale=True,
            disable=not _is_terminal(),
            leave=False,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT if total else None,
        )

    def notify(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        _say_above(one_line(text))


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # None if it was closed before


def _say_above(line: str) -> None:
    """Print a line, above the bars if there are any."""
    with tqdm.external_write_mode(file=sys.stderr):
        say(line, sys.stderr)


def _relative_path(task: luigi.Task) -> str:
    """Return the output's path relative to the data folder or the remote, whichever it is in."""
    settings = context.current().settings
    path = str(task.output().path)
    for root in (settings.remote, settings.data):
        if path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return path
