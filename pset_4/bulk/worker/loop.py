"""The loop of a worker: claim a shard, paint it, mark it as done."""

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
from .shard_painter import ShardPainter, StoppedError
from .shard_queue import ShardQueue
from .workspace import Workspace, open_workspace

RENEWALS = 3
"""How often a lease is renewed while it lasts once."""

MAX_PAUSE_SECONDS = 5.0
"""Between two looks for a free shard, when all are claimed."""


@dataclass(frozen=True)
class WorkerConfig:
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


def run_worker(
    config: WorkerConfig, stop: Event, notify: Callable[[str], None] = lambda text: None
) -> bool:
    """Paint shards until all of a run are done, or `stop` is set.

    Args:
        config: Which run, and how.
        stop: Ends the work between two images; what was painted stays.
        notify: Called with what somebody who watches should know.

    Returns:
        Whether all shards are done.

    Raises:
        DescribedError, OSError: The remote refuses, or a style cannot be loaded.
    """
    settings = config.read_settings()
    with context.activated(settings):
        runs = Runs(settings)
        run = runs.load(config.run_id)
        with (
            context.activated(replace(settings, force=run.force)),
            open_workspace(settings, run, stop) as workspace,
        ):
            queue = ShardQueue(workspace.documents, run.lease_seconds, workspace.owner)
            while not (stop.is_set() or _paint_next(workspace, queue, notify)):
                pass
        if queue.is_finished and not runs.is_finished(run.id):  # the driver may be gone
            runs.finish(run, ProgressReader(settings, run).read().to_dict())
        return queue.is_finished


def _paint_next(workspace: Workspace, queue: ShardQueue, notify: Callable[[str], None]) -> bool:
    """Paint one shard if one is free, or else wait a moment; return whether all are done."""
    claimed = queue.claim()
    if claimed is None:
        if queue.is_finished:
            return True
        workspace.stop.wait(min(MAX_PAUSE_SECONDS, workspace.run.lease_seconds / RENEWALS))
        return False
    number, lease = claimed
    try:
        paint_shard(workspace, number, lease)
    except LeaseLostError as error:
        notify(f"shard {number}: {error.reason}; the other worker paints what is left")
    return False


def paint_shard(workspace: Workspace, number: int, lease: Lease) -> None:
    """Paint a shard, publish its failures, and mark it as done.

    Raises:
        LeaseLostError: Another worker has it now.
        DescribedError, OSError: The remote refuses. Others can have the shard at once.
    """
    try:
        painter = ShardPainter(workspace, lease, read_shard(workspace.documents, number))
        with _renewing(lease, painter.figures, workspace.run.lease_seconds / RENEWALS):
            painter.paint()
        lease.renew("", painter.figures())
        write_failures(workspace.documents, number, painter.failures)
        lease.check()
        mark_done(workspace.documents, number, painter.tally())
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
