"""The outcome of a run: what was done, what is complete, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import luigi

from csci_utils.errors import DescribedError

from ..storage.records import is_waiting
from ..tasks.batch import Piece, find_piece, list_pieces
from ..tasks.events import CACHED, FETCHED, PAINTED, PUBLISHED, Made
from ..tasks.results import UploadResult
from ..tasks.upload import UploadTask

DOING = {PUBLISHED: "publishing", FETCHED: "fetching", PAINTED: "painting", CACHED: "caching"}
"""What a task is doing, by the verb for what it will have done."""


@dataclass(frozen=True)
class Failure:
    """What failed, and why."""

    piece: Piece
    error: DescribedError

    @classmethod
    def of(cls, task: luigi.Task, name: str | None, error: DescribedError) -> Failure:
        """Return the failure of a task with one of its names; None stands for the whole task."""
        return cls(find_piece(task, name), error)


@dataclass
class Outcome:
    """What came of a run."""

    asked: Sequence[luigi.Task]
    """The tasks that were asked for."""
    done: list[Made] = field(default_factory=list)
    """What was made, in this order."""
    finished: set[Piece] = field(default_factory=set)
    """What is complete now, whether it was made or not."""
    failures: list[Failure] = field(default_factory=list)

    def add_earlier(self, earlier: Outcome) -> None:
        """Include an earlier run of the same command."""
        self.done[:0] = [made for made in earlier.done if made not in self.done]
        self.failures[:0] = earlier.failures

    def has_finished(self, task: luigi.Task) -> bool:
        """Return whether a task is complete."""
        return self.finished.issuperset(list_pieces(task))

    def list_asked(self) -> Iterator[tuple[luigi.Task, Piece]]:
        """Yield all that was asked for, each with its task."""
        return ((task, piece) for task in self.asked for piece in list_pieces(task))

    @property
    def unfinished(self) -> list[Piece]:
        """What was asked for and is not complete."""
        return [piece for _, piece in self.list_asked() if piece not in self.finished]

    def count_waiting(self) -> int:
        """Return how many files of the tasks were made offline, and are to be published later."""
        uploads = (
            task
            for task in _with_required(self.asked)
            if isinstance(task, (UploadTask, UploadResult))
        )
        paths = {task.path_of(name) for task in uploads for name in task.names}
        return sum(map(is_waiting, paths))


def _with_required(tasks: Sequence[luigi.Task]) -> set[luigi.Task]:
    """Return tasks and all that they require."""
    found: set[luigi.Task] = set()
    left = list(tasks)
    while left:
        task = left.pop()
        if task not in found:
            found.add(task)
            left.extend(task.deps())
    return found
