"""Luigi's worker for the commands: one process, our own errors, and Ctrl-C that always works.

A ``luigi.cfg`` does not change it: all that it could set is given here. Luigi's own command line
does not use this module.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any

import luigi
import luigi.interface
import luigi.rpc
import luigi.scheduler
import luigi.worker

from csci_utils.errors import ChangedError
from neural_style.system.interruption import check_interrupted, interrupt, interrupted

from ..context import current
from ..storage.remote import forget_states
from ..tasks.batch import BatchTask

WORKER_OPTIONS: dict[str, Any] = {
    "check_complete_on_run": False,
    "check_unfulfilled_deps": False,  # `TaskProcess` checks them itself
    "force_multiprocessing": False,
    "keep_alive": False,
    "send_failure_email": False,
    "task_limit": None,
    "timeout": 0,
    "wait_interval": 0.5,  # seconds between two looks at what another process does
    "wait_jitter": 0.5,
}
"""Options of `luigi.worker.worker` that a foreign configuration must not change."""


TRANSFER_THREADS = 2
"""How many tasks transfer files at once, each of them dozens."""

STOP_SECONDS = 10
"""How long threads that paint may take to clean up after an interrupt."""

MOST_TASKS = 1 << 30
"""More tasks than a run ever has."""

RETRY_SECONDS = 2
"""The pause between two tries of a request to luigid. Luigi's default of 30 looks like a hang."""


class WorkerFactory(luigi.interface._WorkerSchedulerFactory):
    """Creates the scheduler and the worker of ``luigi.build``."""

    def __init__(self, progress: Callable[[str, int], None]) -> None:
        """Report the percentage of a painting to `progress`, with the id of its task."""
        self._progress = progress
        self._is_shared = False

    def create_local_scheduler(self) -> luigi.scheduler.Scheduler:
        """Return a scheduler in this process, which passes the progress of paintings on."""
        scheduler: luigi.scheduler.Scheduler = super().create_local_scheduler()
        self._listen(scheduler)
        return scheduler

    def create_remote_scheduler(self, url: str) -> luigi.rpc.RemoteScheduler:
        """Return the client of luigid, which passes the progress of paintings on, too."""
        scheduler: luigi.rpc.RemoteScheduler = super().create_remote_scheduler(url)
        scheduler._rpc_retry_wait = RETRY_SECONDS
        self._is_shared = True
        self._listen(scheduler)
        return scheduler

    def _listen(self, scheduler: Any) -> None:
        pass_on = scheduler.set_task_progress_percentage

        def set_progress(task_id: str, progress_percentage: int) -> None:
            pass_on(task_id, progress_percentage)
            self._progress(task_id, progress_percentage)

        scheduler.set_task_progress_percentage = set_progress

    def create_worker(
        self, scheduler: object, worker_processes: int, assistant: bool = False
    ) -> luigi.worker.Worker:
        """Return a worker of one process."""
        worker = Worker(scheduler=scheduler, worker_processes=1, **WORKER_OPTIONS)
        # Tasks that only move files run beside the others: none waits for them here.
        worker.worker_processes = MOST_TASKS
        worker.is_shared = self._is_shared
        # An interrupt may hit Luigi's queue, which is for several processes, while it wakes the
        # thread that empties it. Then a lock stays taken, and the end would wait for it forever.
        queue: Any = _ResultQueue()
        worker._task_result_queue = queue
        return worker


class _ResultQueue(SimpleQueue[Any]):
    """A queue within one process, without a thread or a lock that an interrupt could hit."""

    def close(self) -> None:
        """Do nothing; Luigi's worker calls it at its end."""


class Worker(luigi.worker.Worker):
    """Runs tasks that only move files in threads, and all others one after the other.

    So files move while a picture is painted. With several workers in the settings, the other tasks
    run in threads, too, as many at once as workers. After an interrupt, no further task runs.
    """

    def __init__(self, **options: Any) -> None:
        """Create a worker without threads yet."""
        super().__init__(**options)
        # Luigi keeps every answer of the scheduler, each with all tasks that run then: 29 MB for
        # ten thousand images. Only its own summary reads them, which is not shown.
        history: Any = deque(maxlen=1)
        self._get_work_response_history = history
        self._transfers = Team(TRANSFER_THREADS)
        self._paintings = Team(current().settings.workers)
        self.is_shared = False
        """Whether other processes work on the same tasks, and change the remote meanwhile."""

    def __exit__(self, *details: Any) -> Any:
        """End the threads, too: `watch` creates a worker for each run."""
        if details[0] is KeyboardInterrupt:
            interrupt()
        self._transfers.end()
        self._paintings.end()
        if interrupted.is_set():
            self._paintings.wait(STOP_SECONDS)
        return super().__exit__(*details)

    def _keep_alive(self, get_work_response: Any) -> bool:
        """Return whether another process runs a task that was asked for here, too.

        Its end is waited for. A task that failed is not: Luigi would try it again in a quarter of
        an hour.
        """
        check_interrupted()
        return bool(get_work_response.running_tasks)

    def _add_task_batcher(self, task: luigi.Task) -> None:
        """Have luigid join no tasks: of joined ones, it tells other processes not that they run."""
        if not self.is_shared:
            super()._add_task_batcher(task)

    def _run_task(self, task_id: str) -> None:
        check_interrupted()
        task = self._scheduled_tasks[task_id]
        if self.is_shared:
            forget_states()
            accept(task.deps())
        if self._paintings.size == 1 and not transfers_many(task):
            super()._run_task(task_id)
            return
        process = self._create_task_process(task)
        self._running_tasks[task_id] = process
        team = self._transfers if transfers_many(task) else self._paintings
        team.add(process.run)
        while self._count_paintings() >= self._paintings.size:  # others may take the next task
            self._handle_next_task()

    def _count_paintings(self) -> int:
        return sum(not transfers_many(process.task) for process in self._running_tasks.values())

    def _handle_next_task(self) -> None:
        check_interrupted()
        super()._handle_next_task()

    def _create_task_process(self, task: luigi.Task) -> luigi.worker.TaskProcess:
        return TaskProcess(
            task,
            self._id,
            self._task_result_queue,
            luigi.worker.TaskStatusReporter(self._scheduler, task.task_id, self._id, None),
            check_unfulfilled_deps=False,
            task_completion_cache=self._task_completion_cache,
        )


class Team:
    """Threads that run tasks, and do not keep the process from ending."""

    def __init__(self, size: int) -> None:
        """Start nothing yet; `add` starts at most `size` threads."""
        self.size = size
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def add(self, run: Callable[[], None]) -> None:
        """Run a function as soon as a thread is free."""
        self._waiting.put(run)
        if len(self._threads) < self.size:
            self._threads.append(Thread(target=self._work, daemon=True))
            self._threads[-1].start()

    def end(self) -> None:
        """Have the threads end once they have run all that they were given."""
        for _ in self._threads:
            self._waiting.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until the threads have ended, but not longer than that."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (run := self._waiting.get()) is not None and not interrupted.is_set():
            with suppress(KeyboardInterrupt):
                run()


def accept(tasks: Iterable[luigi.Task]) -> None:
    """Take note that other processes did those of the tasks that were not done here."""
    for task in tasks:
        if isinstance(task, BatchTask):
            task.accept_from_others()


def transfers_many(task: luigi.Task) -> bool:
    """Return whether a task only transfers files, and several, and so runs beside others."""
    return isinstance(task, BatchTask) and task.is_transfer and len(task.names) > 1


class TaskProcess(luigi.worker.TaskProcess):
    """Runs a task, unless what it requires is not complete any more."""

    def _run_get_new_deps(self) -> Any:
        for required in self.task.deps():
            if isinstance(required, BatchTask) and isinstance(self.task, BatchTask):
                _check_complete(required, self.task)
            elif not self.check_complete(required):
                raise _describe_change(name_of(self.task))
        return super()._run_get_new_deps()


def _check_complete(required: BatchTask, task: BatchTask) -> None:
    """Raise a ChangedError for each name of a task whose required file is not complete.

    Completeness is checked only once, because it may change between two checks.
    """
    lost = set(required.list_missing())
    if lost and lost.isdisjoint(task.names):
        lost = set(task.names)  # they all need it, as they need their model
    affected = [name for name in task.names if name in lost]
    task.raise_errors({name: _describe_change(task.path_of(name)) for name in affected})


def _describe_change(path: str) -> ChangedError:
    return ChangedError("what it is made from changed meanwhile", path=path, remedy="run again")


def name_of(task: luigi.Task) -> str:
    """Return what people know a task by: the path of what it makes, if it makes something."""
    if isinstance(task, BatchTask):
        return task.path_of(task.names[0])
    outputs = luigi.task.flatten(task.output())
    return str(outputs[0].path) if outputs else str(task)
