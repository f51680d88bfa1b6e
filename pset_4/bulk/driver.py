"""The driver: lists the images, keeps the workers running, and reports their progress.

It holds neither names nor results. If it is killed, another driver continues from the remote.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from csci_utils.errors import CsciUtilsError

from ..errors import PipelineError
from .coordination.leases import GRACE, LeaseLostError
from .listing.planning import LEASE_NAME, ShardPlan, ShardPlanner
from .progress import ProgressReader, RunProgress
from .runs import Run, Runs
from .worker.workspace import make_owner

if TYPE_CHECKING:
    from ..settings import Settings
    from .pools.base import WorkerPool

REFILL_SECONDS = 0.2
"""Between two looks at the workers."""

READ_SECONDS = 2.0
"""Between two looks at the remote; longer with many workers, of which each costs a request."""

_WORKERS_PER_SECOND = 16
_MAX_LOSSES = 3  # of each worker in turn, while nothing is painted
_MAX_REFUSALS = 5  # of the remote in turn; each was tried for a while


class Driver:
    """Brings a run to its end with a pool of workers."""

    def __init__(
        self,
        settings: Settings,
        run: Run,
        pool: WorkerPool,
        report: Callable[[RunProgress], None] = lambda progress: None,
    ) -> None:
        """Take a run and its workers.

        Args:
            settings: The current ones.
            run: The run.
            pool: The workers, of which none is started yet.
            report: Called with the progress, every few seconds.
        """
        self._run = run
        self._runs = Runs(settings)
        self._pool = pool
        self._report = report
        self._reader = ProgressReader(settings, run)
        self._documents = run.documents(settings)
        self._planner = ShardPlanner(settings, run, make_owner())
        self._planning_error: BaseException | None = None
        self._end = Event()

    def bring_to_end(self, plans: bool = True) -> RunProgress:
        """List and paint until all shards are done, and return the last progress.

        Args:
            plans: Whether this process lists the images, if no other one does.

        Raises:
            DescribedError, OSError: The images cannot be listed, the remote refuses, or no worker
                gets anywhere.
        """
        planner = Thread(target=self._plan, name="planner", daemon=True)
        try:
            if plans:
                planner.start()
            progress = self._watch(plans)
        finally:
            self._end.set()
            self._pool.stop()
        self._runs.finish(self._run, progress.to_dict())
        return progress

    def _plan(self) -> None:
        """List the images, or wait for another process that does, and take its place if it ends."""
        try:
            while not (self._write_plan().is_complete or self._end.is_set()):
                self._end.wait(self._run.lease_seconds / 2)
        except BaseException as error:
            self._planning_error = error

    def _write_plan(self) -> ShardPlan:
        with suppress(LeaseLostError):
            return self._planner.write(self._check_end)
        return ShardPlan()

    def _check_end(self, plan: ShardPlan) -> None:
        if self._end.is_set():
            raise InterruptedError("stopped")

    def _watch(self, plans: bool) -> RunProgress:
        """Keep the workers running until all is done."""
        progress, refusals, best = None, 0, -1
        while progress is None or not progress.is_finished:
            self._refill_until_next_look(progress.workers if progress else 0)
            if self._planning_error is not None:
                raise self._planning_error
            try:
                progress, refusals = self._reader.read(), 0
            except (CsciUtilsError, OSError):
                refusals += 1
                if refusals == _MAX_REFUSALS:
                    raise
                continue
            if progress.done > best:
                best, self._pool.losses = progress.done, 0
            self._report(progress)
            if not plans:
                self._check_planner(progress)
        return progress

    def _refill_until_next_look(self, workers: int) -> None:
        end = time.monotonic() + max(READ_SECONDS, workers / _WORKERS_PER_SECOND)
        while True:
            is_idle = self._pool.refill() == 0
            if self._pool.losses >= _MAX_LOSSES * max(self._pool.size, 1):
                raise PipelineError(
                    f"no worker gets anywhere: {self._pool.last_error}",
                    path=self._run.id,
                    remedy="fix that, and run again to continue",
                )
            time.sleep(REFILL_SECONDS)
            if is_idle or time.monotonic() >= end or self._planning_error is not None:
                return

    def _check_planner(self, progress: RunProgress) -> None:
        """Check that somebody lists the images, or that there is still something to paint.

        Raises:
            PipelineError: There is nothing, and nobody does.
        """
        if progress.is_listed or progress.shards_done < progress.shards:
            return
        lease = self._documents.read(LEASE_NAME)
        if lease is None or lease.age > self._run.lease_seconds * GRACE:
            raise PipelineError(
                f"the listing has stopped at {progress.pictures:,} pictures, which are done",
                path=self._run.id,
                remedy="run bulk again without --worker to continue it",
            )
