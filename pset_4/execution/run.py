"""Run tasks with Luigi, in slices, and collect the outcome from its events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from threading import RLock
from typing import Any

import luigi
from luigi.setup_logging import InterfaceLogging

from csci_utils.errors import DescribedError
from neural_style.system.interruption import check_interrupted, interrupted

from ..central_scheduler import CentralScheduler
from ..errors import MissingError, PipelineError
from ..storage.remote import forget_states
from ..tasks.batch import BatchTask, leave_out, list_errors, list_pieces
from ..tasks.events import BEGUN, MADE, NOTE, Made
from .luigi_configuration import SILENT, luigi_logging
from .luigi_worker import WorkerFactory, accept, name_of
from .messages import describe_error
from .observer import Observer
from .outcome import Failure, Outcome

SLICE = 200
"""How many tasks go to Luigi at a time. Its scheduler looks at every task whenever it starts one,
so the time for all at once would grow with the square of their number."""

LOOKS = 3
"""How often tasks go to Luigi again if it failed to check whether they are done: somebody may be
replacing their files."""


def run_tasks(
    tasks: Sequence[luigi.Task],
    observer: Observer | None = None,
    scheduler: CentralScheduler | None = None,
    debug: bool = False,
) -> Outcome:
    """Run tasks and all that they require. A failure stops only what depends on it.

    A task of several images is run again without those that failed.

    Args:
        tasks: What is asked for.
        observer: Told what happens.
        scheduler: luigid, which also divides the tasks among all processes that run them. None for
            a scheduler in this process.
        debug: Whether Luigi logs, with tracebacks.

    Raises:
        PipelineError: luigid does not answer.
    """
    observer = observer or Observer()
    outcome = Outcome(tasks)
    handlers = _Handlers(outcome, observer)
    scheduler_options: dict[str, Any] = {"local_scheduler": scheduler is None}
    if scheduler is not None:
        scheduler.check()
        scheduler_options |= {"scheduler_host": scheduler.host, "scheduler_port": scheduler.port}
    with _handling(handlers.by_event()), _logging(debug):
        factory = WorkerFactory(observer.advance)
        for begin in range(0, len(tasks), SLICE):
            asked = list(tasks[begin : begin + SLICE])
            while asked:
                known = len(outcome.failures)
                luigi.build(asked, worker_scheduler_factory=factory, **scheduler_options)
                check_interrupted()
                if scheduler is not None:
                    forget_states()
                    handlers.collect_from_others(asked, scheduler)
                is_unsettled = handlers.take_unsettled()
                asked = _find_rest(asked, outcome, outcome.failures[known:], is_unsettled)
    return outcome


def _find_rest(
    asked: Sequence[luigi.Task],
    outcome: Outcome,
    failures: Sequence[Failure],
    is_unsettled: bool,
) -> list[luigi.Task]:
    """Return what is to be run again: what does not depend on the images that failed.

    Args:
        asked: The tasks that were run.
        outcome: What came of it.
        failures: Those of this run.
        is_unsettled: Whether tasks without a failure may be unfinished, too.
    """
    failed = {failure.piece.pair for failure in failures}
    is_unsettled = is_unsettled and all(failure.piece.image for failure in failures)
    rest: list[luigi.Task] = []
    for task in asked:
        pieces = list_pieces(task)
        lost = [
            piece
            for piece in pieces
            if piece.image and not failed.isdisjoint({(piece.image, None), piece.pair})
        ]
        is_due = len(lost) < len(pieces) if lost else is_unsettled
        if is_due and not outcome.has_finished(task):
            rest += leave_out(task, lost)
    return rest


class _Handlers:
    """What is done when Luigi reports an event."""

    def __init__(self, outcome: Outcome, observer: Observer) -> None:
        self._outcome = outcome
        self._observer = observer
        self._is_unsettled = False
        self._looks = LOOKS

    def take_unsettled(self) -> bool:
        """Return whether Luigi failed to check a task since the last call."""
        was_unsettled, self._is_unsettled = self._is_unsettled, False
        self._looks -= was_unsettled
        return was_unsettled

    def by_event(self) -> dict[str, Callable[..., None]]:
        return {
            luigi.Event.SUCCESS: self._on_success,
            luigi.Event.DEPENDENCY_PRESENT: self._on_present,
            luigi.Event.FAILURE: self._on_failure,
            luigi.Event.BROKEN_TASK: self._on_failure,
            luigi.Event.DEPENDENCY_MISSING: self._on_missing,
            BEGUN: self._observer.start,
            MADE: self._on_made,
            NOTE: self._observer.notify,
        }

    def collect_from_others(self, asked: Sequence[luigi.Task], scheduler: CentralScheduler) -> None:
        """Check the tasks that did not run here: another process may have run them."""
        unknown = [task for task in asked if not self._outcome.has_finished(task)]
        accept(chain(unknown, *(task.deps() for task in unknown)))
        incomplete = [task for task in unknown if not task.complete()]
        for task in unknown:
            if task not in incomplete:
                self._on_present(task)
        if incomplete and not self._outcome.failures:
            error = PipelineError(
                f"another process was to do it, and did not: see {scheduler}",
                path=name_of(incomplete[0]),
                remedy="run again",
            )
            self._outcome.failures.append(Failure.of(incomplete[0], None, error))

    def _on_made(self, made: Made) -> None:
        self._outcome.done.append(made)
        self._observer.add(made)

    def _on_success(self, task: luigi.Task) -> None:
        self._outcome.finished.update(list_pieces(task))
        self._observer.finish(task, True)

    def _on_present(self, task: luigi.Task) -> None:
        if not self._outcome.has_finished(task):
            self._outcome.finished.update(list_pieces(task))
            self._observer.finish(task, False)

    def _on_failure(self, task: luigi.Task, error: BaseException) -> None:
        self._observer.fail(task)
        self._outcome.failures += [
            Failure.of(task, name, describe_error(each))
            for name, each in list_errors(task, error).items()
        ]

    def _on_missing(self, task: luigi.Task) -> None:
        # Luigi reports this also if complete() raised an error, and keeps the error to itself.
        try:
            missing: Sequence[str | None] = (
                task.list_missing() if isinstance(task, BatchTask) else ()
            )
            task.complete()
        except Exception as error:
            self._on_failure(task, error)
        else:
            for name in missing or (None,):
                self._record_absence(task, name)

    def _record_absence(self, task: luigi.Task, name: str | None) -> None:
        error = explain_absence(task, name)
        if isinstance(error, UnsettledError) and self._looks:
            self._is_unsettled = True
        else:
            self._outcome.failures.append(Failure.of(task, name, error))


class UnsettledError(PipelineError):
    """Luigi failed to check a task, which can be checked now."""


def explain_absence(task: luigi.Task, name: str | None = None) -> DescribedError:
    """Return why an external task is not complete for a name, and what to do."""
    explain = getattr(task, "explain", None)
    if explain is not None and name is not None:
        error: DescribedError = explain(name)
        return error
    explain_whole = getattr(task, "explain_absence", None)
    if explain_whole is not None:
        error = explain_whole()
        return error
    if isinstance(task, luigi.ExternalTask):
        return MissingError("not there", path=name_of(task), remedy="drop it in")
    reason = "could not be looked at for a moment"
    return UnsettledError(reason, path=name_of(task), remedy="run again")


@contextmanager
def _handling(handlers: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Have Luigi call these handlers of its events, one at a time, while the body runs.

    Luigi swallows a KeyboardInterrupt in a handler; `interrupted` remembers it.
    """
    lock = RLock()

    def guard(handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*arguments: Any) -> None:
            try:
                with lock:
                    handler(*arguments)
            except KeyboardInterrupt:
                interrupted.set()

        return handle

    interrupted.clear()
    with ExitStack() as stack:
        for event, handler in handlers.items():
            guarded = guard(handler)
            luigi.Task.event_handler(event)(guarded)
            stack.callback(luigi.Task.remove_event_handler, event, guarded)
        yield


@contextmanager
def _logging(debug: bool) -> Iterator[None]:
    """Silence Luigi, unless its log is asked for."""
    # Luigi would ask the configuration that it found when it was imported, perhaps by others.
    is_configured, InterfaceLogging._configured = InterfaceLogging._configured, True
    if debug:
        # INFO, not DEBUG: at that level botocore would log credentials.
        logging.basicConfig(level=logging.INFO)
    try:
        with luigi_logging(logging.INFO if debug else SILENT):
            yield
    finally:
        InterfaceLogging._configured = is_configured
