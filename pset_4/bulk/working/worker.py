"""A worker: claims one shard after another, paints it, and marks it as done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any

from csci_utils.errors import CsciUtilsError, DescribedError

from ... import context
from ...settings import Settings, read_settings
from ..coordination.leases import Lease, LeaseLostError
from ..failures import write_failures
from ..progress import ProgressReader
from ..runs import Runs
from ..shards import mark_done, read_shard
from .board import Board
from .pictures import ShardWork, StoppedError
from .station import Station, open_station

RENEWALS = 3
"""How often a lease is renewed while it lasts once."""

MAX_PAUSE_SECONDS = 5.0
"""Between two looks for a free shard, when all are claimed."""


@dataclass(frozen=True)
class Job:
    """What a worker is told when it starts, anywhere: no credentials, no paths of one machine."""

    remote: str
    run_id: str
    runner: str
    machine: dict[str, Any] = field(default_factory=dict)
    """`MACHINE_OPTIONS` as text, by name."""
    python: str | None = None
    """The Python that the runner starts, if it starts one."""

    def read_settings(self) -> Settings:
        """Return the settings of a worker here."""
        folder = os.path.join(tempfile.gettempdir(), "pset_4-bulk")
        return read_settings(
            remote=self.remote, data=folder, runner=self.runner, python=self.python, **self.machine
        )


def work(job: Job, stop: Event, notify: Callable[[str], None] = lambda text: None) -> bool:
    """Paint shards until all of a run are done, or `stop` is set.

    Args:
        job: The run.
        stop: Ends the work between two images; what was painted stays.
        notify: Called with what somebody who watches should know.

    Returns:
        Whether all shards are done.

    Raises:
        DescribedError, OSError: The remote refuses, or a style cannot be loaded.
    """
    settings = job.read_settings()
    with context.activated(settings):
        runs = Runs(settings)
        run = runs.load(job.run_id)
        with (
            context.activated(replace(settings, force=run.force)),
            open_station(settings, run, stop) as station,
        ):
            board = Board(station.documents, run.lease_seconds, station.owner)
            while not (stop.is_set() or _paint_next(station, board, notify)):
                pass
        if board.is_finished and not runs.is_finished(run.id):  # the driver may be gone
            runs.finish(run, ProgressReader(settings, run).read().to_dict())
        return board.is_finished


def _paint_next(station: Station, board: Board, notify: Callable[[str], None]) -> bool:
    """Paint one shard if one is free, or else wait a moment; return whether all are done."""
    claimed = board.claim()
    if claimed is None:
        if board.is_finished:
            return True
        station.stop.wait(min(MAX_PAUSE_SECONDS, station.run.lease_seconds / RENEWALS))
        return False
    number, lease = claimed
    try:
        paint_shard(station, number, lease)
    except LeaseLostError as error:
        notify(f"shard {number}: {error.reason}; the other worker paints what is left")
    return False


def paint_shard(station: Station, number: int, lease: Lease) -> None:
    """Paint a shard, publish its failures, and mark it as done.

    Raises:
        LeaseLostError: Another worker has it now.
        DescribedError, OSError: The remote refuses. Others can have the shard at once.
    """
    try:
        work = ShardWork(station, lease, read_shard(station.documents, number))
        with _renewing(lease, work.figures, station.run.lease_seconds / RENEWALS):
            work.paint()
        lease.renew("", work.figures())
        write_failures(station.documents, number, work.failures)
        lease.check()
        mark_done(station.documents, number, work.tally())
    except LeaseLostError:
        raise
    except BaseException as error:
        with suppress(CsciUtilsError, OSError):
            lease.release()
        if not isinstance(error, StoppedError):
            raise


@contextmanager
def _renewing(
    lease: Lease, figures: Callable[[], dict[str, float]], pause: float
) -> Iterator[None]:
    """Renew a lease in a thread while the body runs."""
    end = Event()

    def renew() -> None:
        while not end.wait(pause):
            try:
                lease.renew(figures=figures())
            except LeaseLostError:
                return  # whoever works with it finds out
            except (DescribedError, OSError):
                continue  # the remote may answer again before the lease is over

    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
