"""What people see while they wait: bars on a terminal, and lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import luigi
from tqdm import tqdm

from csci_utils.console import say
from csci_utils.text import format_size, one_line

from ..execution.run import verb_of
from ..settings import current

BAR_FORMAT = "{percentage:3.0f}% {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
"""A bar of a fixed width: what was done last is cut off at the edge of the terminal, not it."""


class Progress:
    """A bar over what was asked for, on a terminal; elsewhere a line for each thing done."""

    def __init__(self, asked: Sequence[luigi.Task]) -> None:
        self._asked = set(asked)
        self._told: set[str] = set()
        self._is_terminal = _is_terminal()
        self._bar = tqdm(
            total=len(asked),
            disable=not self._is_terminal,
            leave=False,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT,
        )

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def update(self, task: luigi.Task, ran: bool) -> None:
        """Take note of a complete task, and of whether it ran just now."""
        verb = verb_of(task) if ran else None
        if verb:
            remark = getattr(task, "remark", "")
            line = f"{verb} {_relative_path(task)}" + (f" ({remark})" if remark else "")
            self._bar.set_postfix_str(line)
            if remark or not self._is_terminal:
                _say_above(line)
        if task in self._asked:
            self._bar.update()

    def show(self, percentage: int) -> None:
        """Show how much of the painting under way is done."""
        self._bar.set_postfix_str(f"painting: {percentage}%")

    def tell(self, message: str) -> None:
        """Say what should be known while something is painted, once."""
        if message not in self._told:
            self._told.add(message)
            _say_above(f"note: {one_line(message)}")


class DownloadProgress:
    """A bar over the bytes, on a terminal; elsewhere a line at the beginning."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._bar: tqdm[Any] | None = None

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar is not None:
            self._bar.close()

    def update(self, done: int, total: int | None) -> None:
        """Take note of how many bytes are here, of how many there are."""
        if self._bar is None:
            self._bar = self._start(done, total)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def _start(self, done: int, total: int | None) -> tqdm[Any]:
        size = f" ({format_size(total)})" if total else ""
        here = f", {format_size(done)} of it are here" if done else ""
        self.tell(f"downloading {self._url}{size}{here}")
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

    def tell(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        _say_above(one_line(text))


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # None where it was closed before


def _say_above(line: str) -> None:
    """Print a line, above the bars if there are any."""
    with tqdm.external_write_mode(file=sys.stderr):
        say(line, sys.stderr)


def _relative_path(task: luigi.Task) -> str:
    """The output's path below the data folder or the remote, whichever it is in."""
    settings = current()
    path = str(task.output().path)
    for root in (settings.remote, settings.data):
        if path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return path
