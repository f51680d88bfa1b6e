"""Run tasks with Luigi, in slices, and collect the outcome from its events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import luigi
from luigi.setup_logging import InterfaceLogging

from csci_utils.errors import DescribedError

from ..central_scheduler import CentralScheduler
from ..errors import MissingError, PipelineError
from ..tasks.notes import NOTE
from .luigi_worker import WorkerFactory, name_of, raise_if
from .messages import describe_error
from .outcome import Failure, Outcome, verb_of

SLICE = 200
"""How many tasks go to Luigi at a time. Whenever its scheduler starts one, it looks at all that it
knows: with all at once, the time would grow with their square."""

LUIGI_LOGGERS = ("luigi", "luigi-interface")


def run_tasks(
    tasks: Sequence[luigi.Task],
    finished: Callable[[luigi.Task, bool], None] = lambda task, ran: None,
    notify: Callable[[str], None] = lambda text: None,
    progress: Callable[[int], None] = lambda percentage: None,
    debug: bool = False,
    started: Callable[[luigi.Task], None] = lambda task: None,
    scheduler: CentralScheduler | None = None,
) -> Outcome:
    """Run tasks and all that they require. A failure stops only what depends on it.

    Args:
        tasks: What is asked for.
        finished: Called for each complete task, with whether it ran just now.
        notify: Called with what somebody who waits should know.
        progress: Called with the percentage of a painting that is done, if it takes its time.
        debug: Whether Luigi logs, with tracebacks.
        started: Called for each task before it runs.
        scheduler: luigid, which also divides the tasks among all processes that run them. None for
            a scheduler in this process.

    Raises:
        PipelineError: luigid does not answer.
    """
    outcome = Outcome(tasks)
    interrupted = Event()
    collector = _Handlers(outcome, finished, notify)
    handlers = collector.by_event()
    handlers[luigi.Event.START] = started
    place: dict[str, Any] = {"local_scheduler": scheduler is None}
    if scheduler is not None:
        scheduler.check()
        place |= {"scheduler_host": scheduler.host, "scheduler_port": scheduler.port}
    with _handling(handlers, interrupted), _logging(debug):
        factory = WorkerFactory(interrupted, progress)
        for begin in range(0, len(tasks), SLICE):
            asked = tasks[begin : begin + SLICE]
            luigi.build(asked, worker_scheduler_factory=factory, **place)
            raise_if(interrupted)
            if scheduler is not None:
                collector.collect_from_others(asked, scheduler)
    return outcome


class _Handlers:
    """What is done when Luigi reports an event."""

    def __init__(
        self,
        outcome: Outcome,
        finished: Callable[[luigi.Task, bool], None],
        notify: Callable[[str], None],
    ) -> None:
        self._outcome = outcome
        self._finished = finished
        self._notify = notify

    def by_event(self) -> dict[str, Callable[..., None]]:
        return {
            luigi.Event.SUCCESS: self._succeed,
            luigi.Event.DEPENDENCY_PRESENT: self._be_present,
            luigi.Event.FAILURE: self._fail,
            luigi.Event.BROKEN_TASK: self._fail,
            luigi.Event.DEPENDENCY_MISSING: self._miss,
            NOTE: lambda task, text: self._notify(text),
        }

    def collect_from_others(self, asked: Sequence[luigi.Task], scheduler: CentralScheduler) -> None:
        """Look at tasks that did not run here: another process may have run them."""
        unknown = [task for task in asked if task not in self._outcome.finished]
        incomplete = [task for task in unknown if not task.complete()]
        for task in unknown:
            if task not in incomplete:
                self._be_present(task)
        if incomplete and not self._outcome.failures:
            error = PipelineError(
                f"another process was to do it, and did not: see {scheduler}",
                path=name_of(incomplete[0]),
                remedy="run again",
            )
            self._outcome.failures.append(Failure(incomplete[0], error))

    def _succeed(self, task: luigi.Task) -> None:
        if verb_of(task):
            self._outcome.done.append(task)
        self._outcome.finished.add(task)
        self._finished(task, True)

    def _be_present(self, task: luigi.Task) -> None:
        if task not in self._outcome.finished:
            self._outcome.finished.add(task)
            self._finished(task, False)

    def _fail(self, task: luigi.Task, error: BaseException) -> None:
        self._outcome.failures.append(Failure(task, describe_error(error)))

    def _miss(self, task: luigi.Task) -> None:
        # Luigi reports this also if complete() raised an error, and keeps the error to itself.
        try:
            task.complete()
        except Exception as error:
            self._fail(task, error)
        else:
            self._fail(task, explain_absence(task))


def explain_absence(task: luigi.Task) -> DescribedError:
    """Return why an external task is not complete, and what to do."""
    explain = getattr(task, "explain_absence", None)
    if explain is not None:
        error: DescribedError = explain()
        return error
    if isinstance(task, luigi.ExternalTask):
        return MissingError("not there", path=name_of(task), remedy="drop it in")
    return PipelineError(
        "could not be looked at for a moment", path=name_of(task), remedy="run again"
    )


@contextmanager
def _handling(handlers: dict[str, Callable[..., Any]], interrupted: Event) -> Iterator[None]:
    """Have Luigi call these handlers of its events.

    Luigi drops an interrupt that comes meanwhile; `interrupted` keeps it.
    """

    def guard(handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*arguments: Any) -> None:
            try:
                handler(*arguments)
            except KeyboardInterrupt:
                interrupted.set()

        return handle

    with ExitStack() as stack:
        for event, handler in handlers.items():
            guarded = guard(handler)
            luigi.Task.event_handler(event)(guarded)
            stack.callback(luigi.Task.remove_event_handler, event, guarded)
        yield


@contextmanager
def _logging(debug: bool) -> Iterator[None]:
    """Silence Luigi, which logs each failure with a traceback, unless its log is asked for."""
    # Luigi would ask the configuration that it found when it was imported, perhaps by others.
    is_configured, InterfaceLogging._configured = InterfaceLogging._configured, True
    if debug:
        # INFO, not DEBUG: at that level botocore would log credentials.
        logging.basicConfig(level=logging.INFO)
    loggers = [logging.getLogger(name) for name in LUIGI_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO if debug else logging.CRITICAL + 1)
    try:
        yield
    finally:
        InterfaceLogging._configured = is_configured
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
