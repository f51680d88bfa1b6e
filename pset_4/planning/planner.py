"""Walking through tasks and all that they require, as Luigi does, without running any.

Whether something is to be done is asked of the tasks' own ``complete``, so a dry run and a run do
not disagree. What is not known before a run, such as whether a drop-in can be decoded, is left out.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import luigi

from ..execution.messages import describe_error
from ..execution.outcome import Failure, Outcome, Plan
from ..execution.run import explain_absence
from .work import find_work


class _State(enum.Enum):
    """What is known about a task."""

    COMPLETE = enum.auto()
    PLANNED = enum.auto()
    BLOCKED = enum.auto()


def plan_tasks(tasks: Sequence[luigi.Task]) -> Outcome:
    """Return the outcome that a run of these tasks is expected to have. Nothing is written."""
    planner = _Planner(tasks)
    for task in tasks:
        planner.visit(task)
    return planner.outcome


class _Planner:
    """An outcome, and the states of the tasks that were visited."""

    def __init__(self, asked: Sequence[luigi.Task]) -> None:
        self.outcome = Outcome(asked)
        self._states: dict[luigi.Task, _State] = {}

    def visit(self, task: luigi.Task) -> _State:
        """Plan what a task requires, then the task itself; return its state."""
        if task not in self._states:
            try:
                self._states[task] = self._look_at(task)
            except Exception as error:  # as Luigi does: it stops only what depends on the task
                self.outcome.failures.append(Failure(task, describe_error(error)))
                self._states[task] = _State.BLOCKED
        return self._states[task]

    def _look_at(self, task: luigi.Task) -> _State:
        if task.complete():
            self.outcome.finished.add(task)
            return _State.COMPLETE
        if _State.BLOCKED in [self.visit(required) for required in task.deps()]:
            return _State.BLOCKED
        if task.run is None:  # external
            raise explain_absence(task)
        work = find_work(task, self.outcome.plans)
        if work is not None:
            self._add(task, work)
        self.outcome.finished.add(task)
        return _State.PLANNED

    def _add(self, task: luigi.Task, work: Plan) -> None:
        self.outcome.done.append(task)
        self.outcome.plans[task] = work
