"""Luigi's worker for the commands: one process, our own errors, and Ctrl-C that always works.

Nothing in a ``luigi.cfg`` changes it: what would is given here. Luigi's own command line does not
use this module.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event
from typing import Any

import luigi
import luigi.interface
import luigi.rpc
import luigi.scheduler
import luigi.worker

from csci_utils.errors import ChangedError

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


RETRY_SECONDS = 2
"""Between the tries of a request to luigid. Luigi's own 30 would pass for a hang."""


class WorkerFactory(luigi.interface._WorkerSchedulerFactory):
    """Creates the scheduler and the worker of ``luigi.build``."""

    def __init__(self, interrupted: Event, progress: Callable[[int], None]) -> None:
        """Take the flag that an interrupt sets, and who is told the progress of paintings."""
        self._interrupted = interrupted
        self._progress = progress

    def create_local_scheduler(self) -> luigi.scheduler.Scheduler:
        """Return a scheduler in this process, which passes the progress of paintings on."""
        scheduler: luigi.scheduler.Scheduler = super().create_local_scheduler()
        self._listen(scheduler)
        return scheduler

    def create_remote_scheduler(self, url: str) -> luigi.rpc.RemoteScheduler:
        """Return luigid, as this process sees it, with progress passed on here, too."""
        scheduler: luigi.rpc.RemoteScheduler = super().create_remote_scheduler(url)
        scheduler._rpc_retry_wait = RETRY_SECONDS
        self._listen(scheduler)
        return scheduler

    def _listen(self, scheduler: Any) -> None:
        pass_on = scheduler.set_task_progress_percentage

        def set_progress(task_id: str, progress_percentage: int) -> None:
            pass_on(task_id, progress_percentage)
            self._progress(progress_percentage)

        scheduler.set_task_progress_percentage = set_progress

    def create_worker(
        self, scheduler: object, worker_processes: int, assistant: bool = False
    ) -> luigi.worker.Worker:
        """Return a worker of one process."""
        worker = Worker(scheduler=scheduler, worker_processes=1, **WORKER_OPTIONS)
        worker.interrupted = self._interrupted
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
    """Runs no further task after an interrupt that came while an event was handled."""

    interrupted: Event

    def _keep_alive(self, get_work_response: Any) -> bool:
        """Return whether another process runs a task that was asked for here, too.

        Its end is waited for. A task that failed is not: Luigi would try it again in a quarter of
        an hour.
        """
        raise_if(self.interrupted)
        return bool(get_work_response.running_tasks)

    def _run_task(self, task_id: str) -> None:
        raise_if(self.interrupted)
        super()._run_task(task_id)

    def _create_task_process(self, task: luigi.Task) -> luigi.worker.TaskProcess:
        return TaskProcess(
            task,
            self._id,
            self._task_result_queue,
            luigi.worker.TaskStatusReporter(self._scheduler, task.task_id, self._id, None),
            check_unfulfilled_deps=False,
            task_completion_cache=self._task_completion_cache,
        )


class TaskProcess(luigi.worker.TaskProcess):
    """Runs a task, unless what it requires is not complete any more."""

    def _run_get_new_deps(self) -> Any:
        if not all(self.check_complete(required) for required in self.task.deps()):
            raise ChangedError(
                "what it is made from changed meanwhile",
                path=name_of(self.task),
                remedy="run again",
            )
        return super()._run_get_new_deps()


def name_of(task: luigi.Task) -> str:
    """Return what people know a task by: the path of its output, if it has one."""
    outputs = luigi.task.flatten(task.output())
    return str(outputs[0].path) if outputs else str(task)


def raise_if(interrupted: Event) -> None:
    """Raise KeyboardInterrupt if an interrupt came."""
    if interrupted.is_set():
        raise KeyboardInterrupt
