"""The task that paints: its progress, and other processes at work on the same files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from csci_utils.errors import ChangedError
from neural_style import PaintingResult
from pset_4.execution.observer import Observer
from pset_4.execution.run import run_tasks
from pset_4.runners.in_process import InProcessRunner
from pset_4.storage import unfinished
from pset_4.storage.records import write_origin
from pset_4.tasks import stylize
from pset_4.tasks.data import DownloadImage
from pset_4.tasks.stylize import Stylize
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore


@pytest.fixture
def ready(in_force: Project, store: RemoteStore, photograph: bytes, model: bytes) -> Project:
    """A project in force that has fetched an image and a model."""
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    for download in Stylize(image="photo.jpg", model="one.pth").requires().values():
        download.run()
    return in_force


def after_painting(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something between a painting and the look at what it was painted from."""
    paint = InProcessRunner.paint

    def paint_and_act(*arguments: Any) -> PaintingResult:
        result = paint(*arguments)
        action()
        return result

    monkeypatch.setattr(InProcessRunner, "paint", paint_and_act)


def before_next_record(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something between the next result and its record."""

    def act_and_write(*arguments: Any) -> None:
        monkeypatch.setattr(unfinished, "write_origin", write_origin)
        action()
        write_origin(*arguments)

    monkeypatch.setattr(unfinished, "write_origin", act_and_write)


@pytest.mark.parametrize(("patience", "is_reported"), [(0, True), (3600, False)])
def test_a_long_painting_reports_its_progress(
    patience: float, is_reported: bool, published: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "neural_style.engine._core", reason="only the engine knows", exc_type=ImportError
    )
    monkeypatch.setattr(stylize, "PATIENCE", patience)
    percentages: list[int] = []

    class Recorder(Observer):
        def advance(self, task_id: str, percentage: int) -> None:
            percentages.append(percentage)

    with published.in_force():
        task = Stylize(image="drawing.png", model="model.pth", upload=False)
        run_tasks([task], Recorder())
        assert task.complete()

    assert percentages == sorted(percentages)
    assert (percentages[-1:] == [100]) is is_reported


def test_an_image_altered_while_it_is_painted_leaves_no_result(
    ready: Project, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_painting(monkeypatch, lambda: (ready.data / "images/photo.jpg").write_bytes(drawing))

    with pytest.raises(ChangedError, match="run again"):
        Stylize(image="photo.jpg", model="one.pth").run()

    assert ready.files("stylized") == []


def test_an_image_fetched_while_it_is_painted_leaves_no_result(
    ready: Project, store: RemoteStore, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        store.write("images/photo.jpg", drawing)
        DownloadImage(image="photo.jpg").run()

    after_painting(monkeypatch, replace)

    with pytest.raises(ChangedError, match="run again"):
        Stylize(image="photo.jpg", model="one.pth").run()

    assert ready.files("stylized") == []


def test_a_result_that_another_process_replaced_is_not_complete(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Stylize(image="photo.jpg", model="one.pth")
    small = Stylize(image="photo.jpg", model="one.pth", max_side=16)
    before_next_record(monkeypatch, small.run)

    # As on a network share without locks.
    monkeypatch.setattr(stylize, "claim", lambda path, notify: nullcontext())
    large.run()

    assert (large.complete(), small.complete()) == (False, True)
