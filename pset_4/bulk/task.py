"""The Luigi task of a run: it is complete when all shards of the run are done."""

from __future__ import annotations

from functools import cached_property, partial

import luigi
from luigi.target import FileSystemTarget

from .. import context
from ..storage.remote import target_at
from ..tasks.events import notify
from .driver import Driver
from .pools import make_pool
from .progress import RunProgress
from .runs import Run, Runs

PROGRESS = "pset_4.bulk.progress"
"""A Luigi event: a task, and the `RunProgress` of its run now."""


class PaintBulk(luigi.Task):
    """Brings a run to its end, with workers in processes of this machine or on Ray.

    The command ``bulk`` begins the run; anybody can join in or go on.
    """

    run_id = luigi.Parameter(description="the run, as bulk status lists it")
    workers = luigi.OptionalIntParameter(
        default=None, significant=False, description="how many workers; by default one per core"
    )
    ray = luigi.OptionalParameter(
        default=None, significant=False, description="auto, or the address of a cluster of Ray"
    )
    plans = luigi.BoolParameter(
        default=True,
        significant=False,
        parsing=luigi.BoolParameter.EXPLICIT_PARSING,
        description="whether the images are listed, if nobody else does",
    )

    @cached_property
    def stored_run(self) -> Run:
        """The run, as the remote describes it."""
        return Runs(context.current().settings).load(self.run_id)

    def output(self) -> FileSystemTarget:
        """Return what the remote has at the run's end: its figures."""
        return target_at(Runs(context.current().settings).end_path(self.stored_run))

    def run(self) -> None:
        """Paint until all shards are done."""
        settings = context.current().settings
        note = partial(notify, self)
        pool = make_pool(settings, self.stored_run, note, self.workers, self.ray)
        driver = Driver(settings, self.stored_run, pool, self._report)
        self._report(driver.bring_to_end(self.plans))

    def _report(self, progress: RunProgress) -> None:
        self.trigger_event(PROGRESS, self, progress)
        if self.set_progress_percentage and progress.pictures:
            self.set_progress_percentage(100 * progress.done // progress.pictures)
