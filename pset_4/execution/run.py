"""Running tasks with Luigi, and telling what came of them."""

import errno
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import Any

import luigi
import luigi.interface
import luigi.scheduler
import luigi.worker

from csci_utils.luigi.copying import CopyTask
from csci_utils.text import one_line

from ..tasks.download import DownloadTask
from ..tasks.package import DownloadPackage, PackageModel
from ..tasks.results import UploadResult
from ..tasks.stylize import NOTE, Stylize
from ..tasks.upload import UploadTask

PUBLISHED, FETCHED, PAINTED = "published", "fetched", "painted"

VERBS: dict[type[luigi.Task], str] = {
    UploadTask: PUBLISHED,
    DownloadTask: FETCHED,
    Stylize: PAINTED,
    UploadResult: PUBLISHED,
    PackageModel: PUBLISHED,
    DownloadPackage: FETCHED,
}
"""What a task that ran has done to its output; tasks of other kinds only join others."""

SLICE = 200
"""How many of the tasks that are asked for go to Luigi at a time. For each task that it starts, its
scheduler looks at all that it knows: with all at once, time would grow with their square."""

UNFULFILLED = "Unfulfilled dependenc"
"""How Luigi begins to say that what a task requires is not complete any more, just before it runs
the task; it has no type of error for that."""

PERMISSION_REMEDY = "check its permissions, and those of its folder"
ROOM_REMEDY = "make room on that disk, and run again"
IN_THE_WAY_REMEDY = "move away what is there"

REMEDIES = {
    errno.EACCES: PERMISSION_REMEDY,
    errno.EPERM: PERMISSION_REMEDY,
    errno.ENOSPC: ROOM_REMEDY,
    errno.EDQUOT: ROOM_REMEDY,
    errno.EROFS: "name a folder that can be written to",
    errno.EEXIST: IN_THE_WAY_REMEDY,
    errno.EISDIR: IN_THE_WAY_REMEDY,
    errno.ENOTDIR: "move away the file that has the name of a folder",
}
"""What helps against what the system refuses, by its number."""

LUIGI_LOGGERS = ("luigi", "luigi-interface")


@dataclass(frozen=True)
class Failure:
    """A task that failed, and why, in one line."""

    task: luigi.Task
    message: str


@dataclass
class Outcome:
    """What came of a run."""

    asked: Sequence[luigi.Task]
    done: list[luigi.Task] = field(default_factory=list)
    """Tasks that ran and did something, in this order."""
    finished: set[luigi.Task] = field(default_factory=set)
    """Tasks that are complete now, whether they ran or not."""
    failures: list[Failure] = field(default_factory=list)

    def add_earlier(self, earlier: "Outcome") -> None:
        """Count in what a run before this one did for the same command."""
        self.done[:0] = earlier.done
        self.failures[:0] = earlier.failures

    @property
    def unfinished(self) -> list[luigi.Task]:
        """Tasks that were asked for and are not complete."""
        return [task for task in self.asked if task not in self.finished]

    def count(self, verb: str) -> int:
        """How many things were done of which `verb_of` says this."""
        return sum(verb_of(task) == verb for task in self.done)


def verb_of(task: luigi.Task) -> str | None:
    """The past participle of what a task that ran has done; None where it did nothing itself."""
    if isinstance(task, CopyTask) and not task.copied_digest:
        return None
    if isinstance(task, PackageModel) and not task.is_made:
        return None
    return next((verb for kind, verb in VERBS.items() if isinstance(task, kind)), None)


def run_tasks(
    tasks: Sequence[luigi.Task],
    on_finished: Callable[[luigi.Task, bool], None] = lambda task, ran: None,
    on_note: Callable[[str], None] = lambda message: None,
    on_progress: Callable[[int], None] = lambda percentage: None,
    debug: bool = False,
) -> Outcome:
    """Run tasks and all that they require; a failure stops only what depends on it.

    Args:
        tasks: what is asked for.
        on_finished: called for each task that is complete, with whether it ran just now.
        on_note: called with what somebody who waits should know.
        on_progress: called with how much of a painting is done, of one that takes its time.
        debug: let Luigi log, with tracebacks.
    """
    outcome = Outcome(tasks)

    def succeed(task: luigi.Task) -> None:
        if verb_of(task):
            outcome.done.append(task)
        outcome.finished.add(task)
        on_finished(task, True)

    def be_present(task: luigi.Task) -> None:
        if task not in outcome.finished:
            outcome.finished.add(task)
            on_finished(task, False)

    def fail(task: luigi.Task, error: BaseException) -> None:
        told = describe_error(error)
        if isinstance(error, RuntimeError) and str(error).startswith(UNFULFILLED):
            told = f"{_name(task)}: what it is made from changed meanwhile: run again"
        outcome.failures.append(Failure(task, told))

    def miss(task: luigi.Task) -> None:
        # Luigi says so, too, where complete() raised, and keeps the error to itself.
        try:
            task.complete()
        except Exception as error:
            return fail(task, error)
        if isinstance(task, luigi.ExternalTask):
            told = f"{task.output().path} is not there: drop it in"
        else:
            told = f"{task} could not be looked at for a moment: run again"
        outcome.failures.append(Failure(task, told))

    handlers: dict[str, Callable[..., Any]] = {
        luigi.Event.SUCCESS: succeed,
        luigi.Event.DEPENDENCY_PRESENT: be_present,
        luigi.Event.FAILURE: fail,
        luigi.Event.BROKEN_TASK: fail,
        luigi.Event.DEPENDENCY_MISSING: miss,
        NOTE: lambda task, message: on_note(message),
    }
    interrupted = Event()
    with _handling(handlers, interrupted), _logging(debug):
        workers = _Workers(interrupted, on_progress)
        for begin in range(0, len(tasks), SLICE):
            asked = tasks[begin : begin + SLICE]
            luigi.build(asked, worker_scheduler_factory=workers, local_scheduler=True)
            _raise_if(interrupted)
    return outcome


def _name(task: luigi.Task) -> str:
    """What people know a task by: the path of what it makes, where it makes something."""
    outputs = luigi.task.flatten(task.output())
    return outputs[0].path if outputs else str(task)


class _Workers(luigi.interface._WorkerSchedulerFactory):
    """What ``luigi.build`` makes its worker with: one that Ctrl-C always ends."""

    def __init__(self, interrupted: Event, on_progress: Callable[[int], None]) -> None:
        self._interrupted = interrupted
        self._on_progress = on_progress

    def create_local_scheduler(self) -> luigi.scheduler.Scheduler:
        scheduler: luigi.scheduler.Scheduler = super().create_local_scheduler()
        pass_on = scheduler.set_task_progress_percentage

        def tell(task_id: str, progress_percentage: int) -> None:
            pass_on(task_id, progress_percentage)
            self._on_progress(progress_percentage)

        scheduler.set_task_progress_percentage = tell
        return scheduler

    def create_worker(
        self, scheduler: object, worker_processes: int, assistant: bool = False
    ) -> luigi.worker.Worker:
        worker = _Worker(
            scheduler=scheduler, worker_processes=worker_processes, assistant=assistant
        )
        worker.interrupted = self._interrupted
        # An interrupt may hit Luigi's queue, which is for several processes, while it wakes the
        # thread that empties it: then a lock stays taken, and the end would be waited for forever.
        config = worker._config
        if worker_processes == 1 and not config.force_multiprocessing and not config.timeout:
            queue: Any = _ResultQueue()
            worker._task_result_queue = queue
        else:
            worker._task_result_queue.cancel_join_thread()
        return worker


class _ResultQueue(SimpleQueue[Any]):
    """A queue in one process, which has no thread, and no lock that an interrupt could hit."""

    def close(self) -> None:
        """Nothing; Luigi's worker calls it at its end."""


class _Worker(luigi.worker.Worker):
    """Runs no further task after an interrupt that came while an event was handled."""

    interrupted: Event

    def _run_task(self, task_id: str) -> None:
        _raise_if(self.interrupted)
        super()._run_task(task_id)


def _raise_if(interrupted: Event) -> None:
    if interrupted.is_set():
        raise KeyboardInterrupt


def describe_error(error: BaseException) -> str:
    """One line: the message of an error of ours or of the system, with the type of any other."""
    text = one_line(str(error))  # of what a server or a file says, nothing reaches the terminal raw
    module = type(error).__module__.split(".")[0]
    is_ours = module in ("csci_utils", "neural_style", "pset_4")
    # The numbers of other modules' errors, such as ssl's, are numbers of their own.
    if isinstance(error, OSError) and module == "builtins" and error.strerror:
        return one_line(_describe_refusal(error))
    if text and (is_ours or isinstance(error, OSError)):
        return text
    return f"{type(error).__name__}: {text} (run with --debug for the traceback)"


def _describe_refusal(error: OSError) -> str:
    """What the system refused: where, in its words, and what helps."""
    path = error.filename2 or error.filename  # the second is where something was to be moved to
    place = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
    told = (place, error.strerror or "", REMEDIES.get(error.errno or 0, ""))
    return ": ".join(part for part in told if part)


@contextmanager
def _handling(handlers: dict[str, Callable[..., Any]], interrupted: Event) -> Iterator[None]:
    """Have Luigi call these handlers of its events.

    It drops an interrupt that comes meanwhile: `interrupted` keeps it.
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
    """Luigi logs each failure with a traceback: silent, unless asked for."""
    luigi.configuration.get_config().set("core", "no_configure_logging", "true")
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
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
