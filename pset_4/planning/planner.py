"""Walking through tasks and all that they require, as Luigi does, without running any.

Whether something is to be done is asked of the tasks' own ``complete``, so a dry run and a run do
not disagree. What is not known before a run, such as whether a drop-in can be decoded, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import luigi

from ..execution.messages import describe_error
from ..execution.outcome import Failure, Outcome
from ..execution.run import explain_absence
from ..tasks.batch import BatchTask, Piece, find_piece, list_pieces
from ..tasks.events import FETCHED, REPLACED, PlannedWork, describe
from ..tasks.remote import RemoteTask
from ..tasks.upload import UploadTask
from .work import find_work, is_fetched


def plan_tasks(tasks: Sequence[luigi.Task]) -> Outcome:
    """Return the outcome that a run of these tasks is expected to have. Nothing is written."""
    planner = _Planner(tasks)
    for task in tasks:
        planner.visit(task)
    return planner.outcome


class _Planner:
    """An outcome, and what is known about the tasks that were visited."""

    def __init__(self, asked: Sequence[luigi.Task]) -> None:
        self.outcome = Outcome(asked)
        self._visited: set[luigi.Task] = set()
        self._blocked: set[Piece] = set()
        self._planned: set[Piece] = set()

    def visit(self, task: luigi.Task) -> None:
        """Plan what a task requires, then the task itself."""
        if task in self._visited:
            return
        self._visited.add(task)
        missing = self._find_missing(task)
        if missing:
            self._plan(task, missing)

    def _find_missing(self, task: luigi.Task) -> list[str | None]:
        """Return the names for which a task is not complete; None stands for the whole task."""
        if not isinstance(task, BatchTask):
            return self._ask(task, None, task.complete)
        return [
            each
            for name in task.names
            for each in self._ask(task, name, partial(task.is_done, name))
        ]

    def _ask(
        self, task: luigi.Task, name: str | None, is_done: Callable[[], bool]
    ) -> list[str | None]:
        piece = find_piece(task, name)
        try:
            if not is_done():
                return [name]
            self.outcome.finished.add(piece)
        except Exception as error:  # as Luigi does: it stops only what depends on it
            self._fail(piece, error)
        return []

    def _plan(self, task: luigi.Task, missing: Sequence[str | None]) -> None:
        try:
            required = task.deps()
        except Exception as error:
            for name in missing:
                self._fail(find_piece(task, name), error)
            return
        for each in required:
            self.visit(each)
        for name in missing:
            piece = find_piece(task, name)
            if any(self._is_blocked(each, name) for each in required):
                self._blocked.add(piece)
                continue
            try:
                self._add(task, name, piece)
            except Exception as error:
                self._fail(piece, error)

    def _is_blocked(self, task: luigi.Task, name: str | None) -> bool:
        """Return whether what a task makes for a name, or for all names, cannot be made."""
        pieces = list_pieces(task)
        own = [piece for piece in pieces if piece.image in (name, None)]
        return not self._blocked.isdisjoint(own)

    def _add(self, task: luigi.Task, name: str | None, piece: Piece) -> None:
        if task.run is None or (isinstance(task, RemoteTask) and not task.has_upload(name or "")):
            raise explain_absence(task, name)  # external
        work = find_work(task, name or "", self._planned)
        if work is not None:
            verb = REPLACED if _replaces(task, name) else None
            if is_fetched(task, name or "", self._planned):
                verb, work = FETCHED, PlannedWork(work.reason)
            self.outcome.done.append(describe(task, name or str(piece.model), verb, plan=work))
            self._planned.add(piece)
        self.outcome.finished.add(piece)

    def _fail(self, piece: Piece, error: BaseException) -> None:
        self.outcome.failures.append(Failure(piece, describe_error(error)))
        self._blocked.add(piece)


def _replaces(task: luigi.Task, name: str | None) -> bool:
    """Return whether a task would replace other bytes in the remote."""
    return isinstance(task, UploadTask) and name is not None and task.target(name).exists()
