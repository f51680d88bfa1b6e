"""One worker: what it paints, what it leaves, and what it makes of what is there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from csci_utils.errors import ChangedError
from neural_style import PaintingRequest, PaintingResult
from neural_style.backends.engine import EngineStyle
from neural_style.pictures.arrays import Colors
from pset_4.bulk.coordination.leases import Lease, LeaseLostError, acquire, take_over
from pset_4.bulk.failures import list_failures
from pset_4.bulk.listing.planning import ShardPlanner
from pset_4.bulk.progress import ProgressReader
from pset_4.bulk.shards import CLAIMS, DONE, claim_name
from pset_4.bulk.starting import RunRequest, start_run
from pset_4.bulk.worker.loop import paint_shard
from pset_4.bulk.worker.workspace import open_workspace
from pset_4.runners.in_process import InProcessRunner
from pset_4.settings import Settings
from tests.pset_4.bulk.conftest import BeginRun, PaintHere
from tests.support.bulk import MODEL, list_results, read_made, write_pictures
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.mark.s3_every_day
def test_results_are_current_for_main_and_those_of_main_for_workers(
    project: Project,
    store: RemoteStore,
    begin_run: BeginRun,
    paint_here: PaintHere,
    tmp_path: Path,
) -> None:
    names = write_pictures(store, 6)
    assert project.run_well("main", "-i", names[0], "-i", names[1], "-m", MODEL)["painted"] == 2

    progress = paint_here(begin_run())

    assert (progress.painted, progress.current, progress.failed) == (4, 2, 0)
    assert progress.is_finished
    assert list_results(store) == sorted(names)
    of_main, of_bulk = (read_made(store, name, tmp_path) for name in (names[0], names[5]))
    assert of_main is not None and of_bulk is not None
    assert (of_main.model_sha256, of_main.options, of_main.engine, of_main.image) == (
        (of_bulk.model_sha256, of_bulk.options, of_bulk.engine, names[0])
    )
    summary = project.run_well("main", "--all", "-m", MODEL)
    assert (summary["painted"], summary["published"]) == (0, 0)


def test_a_blend_is_painted_as_main_does(
    project: Project, settings: Settings, store: RemoteStore, paint_here: PaintHere
) -> None:
    names = write_pictures(store, 2)
    store.write("saved_models/n.pth", make_model(2))
    request = RunRequest(None, [f"n.pth:1,{MODEL}:3"], None, False, 4, 2)
    run, _ = start_run(settings, request, {})
    ShardPlanner(settings, run, "planner").write()

    assert paint_here(run).painted == 2

    blend = f"{MODEL}=0.75,n.pth=0.25"
    assert list_results(store, blend) == sorted(names)
    summary = project.run_well("main", "-i", names[0], "-i", names[1], "-m", blend)
    assert (summary["painted"], summary["published"]) == (0, 0)


@pytest.mark.s3_every_day
def test_what_was_replaced_is_painted_again_and_nothing_else(
    store: RemoteStore, begin_run: BeginRun, paint_here: PaintHere
) -> None:
    names = write_pictures(store, 3)
    paint_here(begin_run())
    store.write(f"images/{names[1]}", store.read(f"images/{names[2]}"))

    look = {"strength": 0.5, "file_format": "jpeg"}
    second, third, fourth = (paint_here(begin_run(**each)) for each in ({}, look, look))

    assert (second.painted, second.current) == (1, 2)
    assert (third.painted, third.current) == (3, 0)
    assert (fourth.painted, fourth.current) == (0, 3)
    assert list_results(store) == sorted(names)
    results = list_results(store, f"{MODEL}@strength=0.5,format=jpeg")
    assert results == sorted(f"{name}.jpg" for name in names)
    assert second.run.endswith("-0002") and third.run.endswith("-0001")


def test_what_cannot_be_painted_is_in_the_table_of_failures(
    settings: Settings, store: RemoteStore, begin_run: BeginRun, paint_here: PaintHere
) -> None:
    names = write_pictures(store, 3)
    store.write("images/bad.png", b"no picture")
    store.write("images/empty.png", b"")
    store.write("images/CON.png", b"no picture")
    store.write("images/notes.txt", b"not meant")
    store.write("images/.hidden/x.png", b"not meant")
    run = begin_run()
    store.remove(f"images/{names[0]}")

    progress = paint_here(run)

    failures = {each.image: each for each in list_failures(run.documents(settings))}
    assert sorted(failures) == sorted(["CON.png", "bad.png", "empty.png", names[0]])
    assert "Windows reserves" in failures["CON.png"].reason
    assert "expected a picture" in failures["bad.png"].reason
    assert (progress.painted, progress.failed, progress.refused) == (2, 3, 1)
    assert all(str(settings.data) not in str(each) for each in failures.values())


def test_a_hostile_name_in_a_shard_is_a_failure(
    settings: Settings, store: RemoteStore, begin_run: BeginRun, paint_here: PaintHere
) -> None:
    names = write_pictures(store, 1)
    run = begin_run()
    path = f"bulk/{run.id}/shards/0000000.gz"
    store.write(path, gzip.compress(f"../../outside.png\n{names[0]}\n/etc/x.png".encode()))

    progress = paint_here(run)

    assert (progress.painted, progress.failed) == (1, 2)
    failures = [each.image for each in list_failures(run.documents(settings))]
    assert sorted(failures) == ["../../outside.png", "/etc/x.png"]


def test_a_model_that_was_replaced_ends_the_worker(
    store: RemoteStore, begin_run: BeginRun, paint_here: PaintHere
) -> None:
    write_pictures(store, 1)
    run = begin_run()
    store.write(f"saved_models/{MODEL}", b"another one")

    with pytest.raises(ChangedError, match="replaced since the run began"):
        paint_here(run)


@pytest.mark.s3_every_day
def test_a_worker_whose_shard_is_taken_publishes_no_more(
    settings: Settings,
    store: RemoteStore,
    begin_run: BeginRun,
    paint_here: PaintHere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = write_pictures(store, 4)
    run = begin_run()
    documents = run.documents(settings)
    lease = acquire(documents, claim_name(0), 60, "sleeper")
    assert lease is not None
    paint = InProcessRunner.paint_all

    def paint_and_sleep(
        *arguments: Any,
    ) -> Iterator[tuple[PaintingRequest, PaintingResult | Exception]]:
        for painted in paint(*arguments):
            monkeypatch.setattr(Lease, "is_held", False)
            yield painted

    monkeypatch.setattr(InProcessRunner, "paint_all", paint_and_sleep)
    with open_workspace(settings, run, Event()) as workspace, pytest.raises(LeaseLostError):
        paint_shard(workspace, 0, lease)

    assert list_results(store) == []
    assert list(documents.list(DONE)) == []
    monkeypatch.undo()
    assert names


def test_pictures_are_painted_together_where_that_is_faster(
    store: RemoteStore,
    begin_run: BeginRun,
    paint_here: PaintHere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    names = write_pictures(store, 4)
    batches: list[int] = []

    def paint_batch(style: EngineStyle, batch: Sequence[Colors]) -> list[Colors]:
        batches.append(len(batch))
        return [style.paint_colors(colors, None) for colors in batch]

    monkeypatch.setattr(EngineStyle, "batch_size", lambda style, height, width: 2)
    monkeypatch.setattr(EngineStyle, "paint_batch", paint_batch)

    assert paint_here(begin_run()).painted == 4
    assert batches == [2, 2]
    assert list_results(store) == sorted(names)


def test_an_image_that_kills_its_workers_becomes_a_failure(
    settings: Settings, store: RemoteStore, begin_run: BeginRun, paint_here: PaintHere
) -> None:
    names = write_pictures(store, 3)
    run = begin_run()
    documents = run.documents(settings)
    lease = acquire(documents, claim_name(0), 60, "first")
    for attempt in range(3):
        assert lease is not None
        lease.renew(names[1] if attempt == 2 else "")
        found = documents.read(claim_name(0))
        assert found is not None
        state = json.loads(found.data) | {"attempt": attempt + 1, "is_free": attempt == 2}
        tag = documents.replace(claim_name(0), json.dumps(state).encode(), found.tag)
        lease = Lease(documents, claim_name(0), 60, lease.state, tag=tag or "", begin=0)

    progress = paint_here(run)

    assert (progress.painted, progress.failed) == (2, 1)
    failure = next(list_failures(documents))
    assert failure.image == names[1] and "killed" in failure.reason
    assert take_over(documents, claim_name(0), 60, "another") is None


@pytest.mark.s3_every_day
def test_status_is_read_from_the_remote_alone(
    settings: Settings, store: RemoteStore, begin_run: BeginRun, project: Project
) -> None:
    write_pictures(store, 8)
    run = begin_run()
    documents = run.documents(settings)
    lease = acquire(documents, claim_name(0), 60, "elsewhere")
    assert lease is not None
    lease.renew(figures={"painted": 2, "current": 1, "failed": 0, "milliseconds": 1500})

    found = ProgressReader(settings, run).read()
    result = project.run("bulk", "status")

    assert (found.done, found.pictures, found.workers, found.rate) == (3, 8, 1, 2.0)
    assert found.seconds_left == 2.5
    assert "done      3 of 8 pictures (37.5%)" in result.stdout
    assert "workers   1, 2 pictures a second, 0:02 left" in result.stdout
    assert len(list(documents.list(CLAIMS))) == 1
