"""Progress: a line for each thing done, and on a terminal bars below these lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import luigi

from csci_utils.console import is_terminal, say
from csci_utils.text import format_duration, format_size, one_line

from .. import context
from ..execution.observer import Observer
from ..execution.outcome import DOING
from ..settings import Settings
from ..tasks.batch import find_piece, list_pieces
from ..tasks.events import FETCHED, PAINTED, Made, describe, verb_of

if TYPE_CHECKING:
    from .bars import Bar, Bars
    from .workload import Workload

_DONE_COLOR, _NOTE_COLOR = "green", "yellow"


class TaskProgress(Observer):
    """Lines for what was done, and bars for all the work and for the tasks that run."""

    def __init__(
        self, asked: Sequence[luigi.Task], settings: Settings, has_bars: bool = True
    ) -> None:
        """Begin.

        Args:
            asked: The tasks that were asked for.
            settings: The current ones.
            has_bars: Whether bars are shown, if there are tasks and a terminal.
        """
        self._notes: set[str] = set()
        self._current: dict[str, _Current] = {}  # by the ids of the tasks
        self._workload: Workload | None = None
        self._bars: Bars | None = None
        if has_bars and asked and is_terminal(sys.stderr):
            from .workload import Workload  # which imports Pillow

            self._workload = Workload(asked, settings)
            self._bars = _open_bars(self._list_bars)

    def close(self) -> None:
        """Remove the bars."""
        if self._bars is not None:
            self._bars.close()

    def start(self, task: luigi.Task, name: str) -> None:
        """Show the file that a task works on now."""
        verb = verb_of(task)
        if self._workload is not None and verb:
            self._workload.start()
            work = self._workload.work_of(find_piece(task, name).image)
            self._current.pop(task.task_id, None)  # so that it comes last
            self._current[task.task_id] = _Current(describe(task, name), verb, work)

    def fail(self, task: luigi.Task) -> None:
        """Show nothing of a task any more."""
        self._current.pop(task.task_id, None)

    def add(self, made: Made) -> None:
        """Print what was made, and count it."""
        line = f"{made.verb} {_relative_path(made.path)}"
        line += f" ({made.remark})" if made.remark else ""
        _say_above(self._bars, line, _DONE_COLOR)
        if self._workload is not None:
            if made.verb == FETCHED and made.image:
                self._workload.measure(made.image)
            self._workload.settle((made.image, made.model), ran=True)
        for task_id, current in list(self._current.items()):
            if current.path == made.path:
                self._current.pop(task_id, None)

    def finish(self, task: luigi.Task, ran: bool) -> None:
        """Count a complete task."""
        self._current.pop(task.task_id, None)
        if self._workload is not None:
            for piece in list_pieces(task):
                self._workload.settle(piece.pair, ran)

    def advance(self, task_id: str, percentage: int) -> None:
        """Show the percentage of a task's current painting that is done."""
        current = self._current.get(task_id)
        if current is not None:
            current.fraction = percentage / 100

    def notify(self, text: str) -> None:
        """Show a note, once."""
        if text not in self._notes:
            self._notes.add(text)
            _say_above(self._bars, f"note: {one_line(text)}", _NOTE_COLOR)

    def _list_bars(self) -> Iterator[Bar]:
        """Yield the bars as they are now; called from a thread of its own.

        Each painting has one; while nothing is painted, the file that was begun last.
        """
        current = list(self._current.values())
        if self._workload is not None:
            yield _overall_bar(self._workload, sum(each.work_done for each in current))
            paintings = [each for each in current if each.is_painting]
            yield from (each.to_bar() for each in paintings or current[-1:])


class _Current:
    """The file that is worked on."""

    def __init__(self, made: Made, verb: str, work: float) -> None:
        self.path = made.path
        self.is_painting = verb == PAINTED
        self.fraction: float | None = None
        self._work = work if self.is_painting else 0
        self._begin = time.monotonic()
        self._doing = DOING[verb]
        if self.is_painting:
            self._name = made.image or ""
            self._name_with_style = f"{self._name} in {made.model}"
        else:
            self._name = self._name_with_style = _relative_path(made.path)

    @property
    def work_done(self) -> float:
        """The part of the task's work that is done, as far as that is known."""
        return self._work * (self.fraction or 0)

    def to_bar(self) -> Bar:
        """Return its bar, with its clock."""
        from .bars import Bar

        clock = format_duration(time.monotonic() - self._begin)
        return Bar(
            self.fraction,
            f"{clock} {one_line(self._name)}",
            f"{clock}  {self._doing} {one_line(self._name_with_style)}",
        )


def _overall_bar(work: Workload, done: float) -> Bar:
    """Return the bar of all the work: the tasks, the rate, and how long the rest will take.

    Args:
        work: The work.
        done: How much is done of tasks that are not settled yet.
    """
    from .bars import Bar

    left = work.seconds_left(done)
    count = f"{work.settled}/{work.count}"
    remaining = [] if left is None else [f"{format_duration(left)} left"]
    speed = work.speed(done)
    rate = [f"{speed / 1e6:.2g} MP/s" if work.is_painting else f"{speed:.2g}/s"] if speed else []
    return Bar(
        work.fraction(done), " ".join([count, *remaining]), "  ".join([count, *rate, *remaining])
    )


class DownloadProgress:
    """A line at the beginning, and on a terminal a bar over the bytes."""

    def __init__(self, url: str) -> None:
        """Show nothing before the first bytes are here."""
        self._url = url
        self._bars: Bars | None = None
        self._is_begun = False
        self._done, self._total = 0, 0
        self._begin = (0.0, 0)

    def close(self) -> None:
        """Remove the bar, if there is one."""
        if self._bars is not None:
            self._bars.close()
            self._bars = None

    def update(self, done: int, total: int | None) -> None:
        """Show how many bytes are here, and how many there are."""
        self._done, self._total = done, total or 0
        if not self._is_begun:
            self._is_begun = True
            self._start(done, total)

    def _start(self, done: int, total: int | None) -> None:
        size = f" ({format_size(total)})" if total else ""
        here = f", {format_size(done)} of it are here" if done else ""
        self.notify(f"downloading {self._url}{size}{here}")
        self._begin = (time.monotonic(), done)
        if is_terminal(sys.stderr):
            self._bars = _open_bars(self._list_bars)

    def _list_bars(self) -> Iterator[Bar]:
        from .bars import Bar

        begin, earlier = self._begin
        speed = (self._done - earlier) / max(time.monotonic() - begin, 1e-3)
        size = format_size(self._done) + (f"/{format_size(self._total)}" if self._total else "")
        left = (self._total - self._done) / speed if speed and self._total else None
        rest = [] if left is None else [f"{format_duration(left)} left"]
        fraction = self._done / self._total if self._total else None
        long = [size, f"{format_size(int(speed))}/s", *rest]
        yield Bar(fraction, " ".join([size, *rest]), "  ".join(long))

    def notify(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        _say_above(self._bars, one_line(text))


def _open_bars(list_bars: Callable[[], Iterable[Bar]]) -> Bars:
    from .bars import Bars  # imports rich, which only terminals need

    assert sys.stderr is not None
    return Bars(sys.stderr, list_bars)


def _say_above(bars: Bars | None, line: str, color: str = "") -> None:
    """Print a line, above the bars if there are any."""
    if bars is None:
        say(line, sys.stderr)
    else:
        bars.print(line, color)


def _relative_path(path: str) -> str:
    """Return a path relative to the data folder or the remote, whichever it is in."""
    settings = context.current().settings
    for root in (settings.remote, settings.data):
        if path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return path
