"""What people see: progress, failures, the summary, the status table."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType

import luigi
from tqdm import tqdm

from neural_style.errors import one_line

from .pipeline import FETCHED, PAINTED, PUBLISHED, Outcome, verb_of
from .settings import Settings, current, shorten
from .status import Result, Status, Thing

NOT_THERE = "-"

BAR_FORMAT = "{percentage:3.0f}% {bar:20} {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
"""A bar of a fixed width: what was done last is cut off at the edge of the terminal, not it."""


class Progress:
    """A bar over what was asked for, on a terminal; elsewhere a line for each thing done."""

    def __init__(self, asked: Sequence[luigi.Task]) -> None:
        self._asked = set(asked)
        self._told: set[str] = set()
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=len(asked),
            disable=not self._is_terminal,
            leave=False,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT,
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def update(self, task: luigi.Task, ran: bool) -> None:
        """Take note of a complete task, and of whether it ran just now."""
        verb = verb_of(task) if ran else None
        if verb:
            remark = getattr(task, "remark", "")
            line = f"{verb} {_relative_path(task)}" + (f" ({remark})" if remark else "")
            self._bar.set_postfix_str(line)
            if remark or not self._is_terminal:
                self._bar.write(line, file=sys.stderr)
        if task in self._asked:
            self._bar.update()

    def show(self, percentage: int) -> None:
        """Show how much of the painting under way is done."""
        self._bar.set_postfix_str(f"painting: {percentage}%")

    def tell(self, message: str) -> None:
        """Say what should be known while something is painted, once."""
        if message not in self._told:
            self._told.add(message)
            self._bar.write(f"note: {one_line(message)}", file=sys.stderr)


def format_failures(outcome: Outcome, refused: dict[str, str]) -> Iterator[str]:
    """One line for each thing that went wrong itself; not for what only depended on it."""
    messages = [*refused.values(), *(failure.message for failure in outcome.failures)]
    return (f"failed: {message}" for message in dict.fromkeys(messages))


def format_summary(outcome: Outcome, settings: Settings, refused: dict[str, str]) -> str:
    """How much was made, skipped and failed, and where it is."""
    made = {_pair_of(task) for task in outcome.done}
    skipped = sum(task in outcome.finished and _pair_of(task) not in made for task in outcome.asked)
    rows = [
        (PAINTED, outcome.count(PAINTED), shorten(settings.results)),
        (PUBLISHED, outcome.count(PUBLISHED), shorten(settings.remote)),
        (FETCHED, outcome.count(FETCHED), shorten(settings.data)),
        ("skipped", skipped, "already there"),
        ("failed", len(outcome.unfinished) + len(refused), "asked for and not done"),
    ]
    return "\n".join(f"{verb:<10}{count:>6}  {where}" for verb, count, where in rows)


def format_status(status: Status) -> str:
    """Three tables: pictures, styles, results."""
    things = ("drop-in", "remote", "cache")
    blocks = [
        f"remote  {shorten(status.remote)}\ndata    {shorten(status.data)}",
        format_table("PICTURES", things, map(_row_of_thing, status.pictures)),
        format_table("STYLES", things, map(_row_of_thing, status.models)),
        format_table("RESULTS", ("local", "remote"), map(_row_of_result, status.results)),
    ]
    if status.refused:
        blocks.append("\n".join(f"refused: {reason}" for reason in status.refused.values()))
    return "\n\n".join(blocks)


def format_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of aligned columns; the first is headed by the title."""
    lines = [(title, *columns), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _row_of_thing(thing: Thing) -> Sequence[str]:
    return (thing.name, *(cell or NOT_THERE for cell in (thing.drop_in, thing.remote, thing.cache)))


def _row_of_result(result: Result) -> Sequence[str]:
    return (f"{result.model}/{result.image}", result.local or NOT_THERE, result.remote or NOT_THERE)


def _pair_of(task: luigi.Task) -> tuple[str | None, str | None]:
    return getattr(task, "image", None), getattr(task, "model", None)


def _relative_path(task: luigi.Task) -> str:
    """The output's path below the data folder or the remote, whichever it is in."""
    settings = current()
    path = str(task.output().path)
    for root in (settings.remote, settings.data):
        if path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return path
