"""Fixtures of the tests of `bulk`: runs whose workers are in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from pset_4 import context
from pset_4.bulk.listing.planning import ShardPlanner
from pset_4.bulk.progress import ProgressReader, RunProgress
from pset_4.bulk.runs import Run
from pset_4.bulk.starting import RunRequest, start_run
from pset_4.bulk.worker.loop import WorkerConfig, run_worker
from pset_4.settings import Settings, read_settings
from tests.support.bulk import MODEL
from tests.support.pipeline.projects import Project


@pytest.fixture
def settings(project: Project) -> Iterator[Settings]:
    """The settings of a project, in force; with a directory, and with S3."""
    found = read_settings(project.remote_url, str(project.data))
    with context.activated(found):
        yield found


BeginRun = Callable[..., Run]


@pytest.fixture
def begin_run(settings: Settings) -> BeginRun:
    """Begins a run over all images of the remote, and lists them."""

    def begin(shard_size: int = 4, lease_seconds: float = 60, **options: object) -> Run:
        request = RunRequest(None, [MODEL], None, False, shard_size, lease_seconds)
        run, _ = start_run(settings, request, options)
        assert ShardPlanner(settings, run, "planner").write().is_complete
        return run

    return begin


PaintHere = Callable[[Run], RunProgress]


@pytest.fixture
def paint_here(settings: Settings) -> PaintHere:
    """Paints what is left of a run in this process, and returns the progress."""

    def paint(run: Run) -> RunProgress:
        config = WorkerConfig(settings.remote, run.id, settings.runner, {"threads": "1"})
        run_worker(config, Event())
        return ProgressReader(settings, run).read()

    return paint
