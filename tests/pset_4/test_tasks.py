"""The tasks through Luigi itself, as the course's text uses them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.contrib.s3 import S3Target

from csci_utils.errors import ChangedError
from csci_utils.luigi.copying import CopyTask
from csci_utils.luigi.target import BaseAtomicProviderLocalTarget
from pset_4 import context, settings
from pset_4.errors import InvalidNameError
from pset_4.execution.run import run_tasks
from pset_4.runners.in_process import InProcessRunner
from pset_4.tasks import stylize
from pset_4.tasks.data import ContentImage, DownloadImage, DownloadModel, SavedModel
from pset_4.tasks.local import LocalImage, LocalModel
from pset_4.tasks.main import MainTask
from pset_4.tasks.results import UploadResult
from pset_4.tasks.stylize import Stylize
from pset_4.tasks.upload import UploadImage, UploadModel


@pytest.fixture
def in_force(project: Any) -> Any:
    """The project's settings, for tasks that are not run through the command line."""
    with context.activated(settings.read_settings(project.remote_url, str(project.data))):
        yield project


def run_luigi(project: Any, module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        settings.REMOTE_VARIABLE: project.remote_url,
        settings.DATA_VARIABLE: str(project.data),
    }
    # Another run of the tests may ask the same at the same time, which the lock would refuse.
    ways = ("--local-scheduler", "--no-lock")
    command = [sys.executable, "-m", "luigi", "--module", module, *arguments, *ways]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_course_s_command_finds_a_picture_of_the_remote(
    project: Any, store: Any, photograph: bytes
) -> None:
    store.write("images/luigi.jpg", photograph)
    result = run_luigi(project, "pset_4.tasks.data", "ContentImage", "--image", "luigi.jpg")
    assert "This progress looks :)" in result.stderr


def test_the_course_s_command_publishes_a_drop_in(
    project: Any, store: Any, photograph: bytes
) -> None:
    project.drop("luigi.jpg", photograph)
    result = run_luigi(project, "pset_4.tasks.data", "ContentImage", "--image", "luigi.jpg")
    assert "This progress looks :)" in result.stderr
    assert store.list() == ["images/luigi.jpg"]


@pytest.mark.parametrize(("patience", "is_told"), [(0, True), (3600, False)])
def test_a_painting_that_takes_its_time_tells_how_far_it_is(
    patience: float, is_told: bool, published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)  # others do not know it
    monkeypatch.setattr(stylize, "PATIENCE", patience)
    told: list[int] = []
    chosen = settings.read_settings(published.remote_url, str(published.data))
    with context.activated(chosen):
        task = Stylize(image="drawing.png", model="model.pth", upload=False)
        run_tasks([task], progress=told.append)
        assert task.complete()
    assert told == sorted(told)
    assert (told[-1:] == [100]) is is_told


def test_main_runs_through_luigi(project: Any, store: Any, photograph: bytes, model: bytes) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    chosen = ("--image", "photo.jpg", "--model", "one.pth")
    result = run_luigi(project, "pset_4.tasks.main", "MainTask", *chosen)
    assert "This progress looks :)" in result.stderr, result.stderr
    assert "stylized/one.pth/photo.jpg" in store.list()


def test_luigi_s_exit_code_tells_of_a_failure(project: Any, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "luigi.cfg", tmp_path)
    result = run_luigi(project, "pset_4.tasks.data", "ContentImage", "--image", "nowhere.png")
    assert result.returncode == 30


def test_upload_can_be_turned_off_through_luigi(
    project: Any, store: Any, photograph: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    arguments = ("ContentImage", "--image", "photo.jpg", "--upload", "false")
    result = run_luigi(project, "pset_4.tasks.data", *arguments)
    assert "This progress looks :(" in result.stderr
    assert store.list() == []


@pytest.mark.parametrize("task", [ContentImage, UploadImage, DownloadImage, LocalImage, Stylize])
def test_a_task_refuses_a_hostile_name(in_force: Any, task: type[luigi.Task]) -> None:
    with pytest.raises(InvalidNameError):
        task(image="../outside.png")


@pytest.mark.parametrize("task", [SavedModel, UploadModel, DownloadModel, LocalModel, Stylize])
def test_a_task_refuses_a_hostile_model(in_force: Any, task: type[luigi.Task]) -> None:
    with pytest.raises(InvalidNameError):
        task(model="../outside.pth")


@pytest.mark.parametrize("task", [UploadImage, UploadModel, DownloadImage, DownloadModel])
def test_uploads_and_downloads_are_one_copy_task(task: type[luigi.Task]) -> None:
    assert issubclass(task, CopyTask)


@pytest.mark.parametrize("task", [LocalImage, LocalModel])
def test_drop_ins_are_external(task: type[luigi.Task]) -> None:
    assert issubclass(task, luigi.ExternalTask)


def test_the_remote_s_targets_are_of_its_kind(in_force: Any, store: Any) -> None:
    expected = S3Target if store.url.startswith("s3://") else BaseAtomicProviderLocalTarget
    assert isinstance(ContentImage(image="a.png").output(), expected)


@pytest.mark.parametrize(
    ("task", "path"),
    [
        (LocalImage(image="a.png"), "uploads/a.png"),
        (LocalModel(model="b.pth"), "uploads/b.pth"),
        (DownloadImage(image="a.png"), "images/a.png"),
        (DownloadModel(model="b.pth"), "saved_models/b.pth"),
        (Stylize(image="a.png", model="b.pth"), "stylized/b.pth/a.png"),
        (Stylize(image="a.png", model="b.onnx@3"), "stylized/b.onnx@3/a.png"),
    ],
)
def test_a_local_output_lies_in_the_data_folder(in_force: Any, task: luigi.Task, path: str) -> None:
    assert Path(task.output().path) == in_force.data / path


@pytest.mark.parametrize(
    ("task", "path"),
    [
        (UploadImage(image="a.png"), "images/a.png"),
        (UploadModel(model="b.pth"), "saved_models/b.pth"),
        (ContentImage(image="a.png"), "images/a.png"),
        (SavedModel(model="b.pth"), "saved_models/b.pth"),
    ],
)
def test_a_remote_output_lies_in_the_remote(in_force: Any, task: luigi.Task, path: str) -> None:
    assert task.output().path == f"{in_force.remote_url}/{path}"


def test_a_subclass_may_keep_its_cache_elsewhere(
    in_force: Any, store: Any, tmp_path: Path, photograph: bytes
) -> None:
    class Elsewhere(DownloadImage):
        LOCAL_ROOT = str(tmp_path / "elsewhere")

    store.write("images/photo.jpg", photograph)
    task = Elsewhere(image="photo.jpg")
    assert luigi.build([task], local_scheduler=True)
    assert task.complete()
    assert (tmp_path / "elsewhere/images/photo.jpg").read_bytes() == photograph


@pytest.mark.parametrize("how", ["fetched anew", "altered"])
def test_a_picture_that_is_replaced_while_it_is_painted_leaves_no_result(
    how: str,
    in_force: Any,
    store: Any,
    photograph: bytes,
    drawing: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    task = Stylize(image="photo.jpg", model="one.pth")
    for download in task.requires().values():
        download.run()
    paint = InProcessRunner.paint

    def paint_meanwhile(*arguments: Any) -> None:
        paint(*arguments)
        if how == "altered":
            (in_force.data / "images/photo.jpg").write_bytes(drawing)
        else:
            store.write("images/photo.jpg", drawing)
            DownloadImage(image="photo.jpg").run()

    monkeypatch.setattr(InProcessRunner, "paint", paint_meanwhile)
    with pytest.raises(ChangedError, match="run again"):
        task.run()
    assert in_force.files("stylized") == []


def test_a_result_that_another_writer_replaced_is_not_taken_for_one_s_own(
    in_force: Any, store: Any, photograph: bytes, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/one.pth", model)
    chosen = {"image": "photo.jpg", "model": "one.pth"}
    large, small = Stylize(**chosen), Stylize(**chosen, max_side=16)
    for task in large.requires().values():
        task.run()
    write_origin = stylize.write_origin

    def let_the_other_finish_first(*arguments: Any) -> None:
        monkeypatch.setattr(stylize, "write_origin", write_origin)
        small.run()
        write_origin(*arguments)

    monkeypatch.setattr(stylize, "write_origin", let_the_other_finish_first)
    large.run()
    assert (large.complete(), small.complete()) == (False, True)


def test_content_requires_the_upload_of_a_drop_in(in_force: Any, photograph: bytes) -> None:
    in_force.drop("a.jpg", photograph)
    assert ContentImage(image="a.jpg").requires() == [UploadImage(image="a.jpg")]


def test_content_requires_nothing_without_a_drop_in(in_force: Any) -> None:
    assert ContentImage(image="a.jpg").requires() == []


def test_content_requires_nothing_with_uploads_off(in_force: Any, photograph: bytes) -> None:
    in_force.drop("a.jpg", photograph)
    assert ContentImage(image="a.jpg", upload=False).requires() == []


@pytest.mark.parametrize("task", [MainTask, UploadResult])
def test_what_requires_a_painting_has_all_of_its_options(task: type[luigi.Task]) -> None:
    assert task.get_param_names() == Stylize.get_param_names()


def test_main_passes_its_options_to_stylize(in_force: Any) -> None:
    chosen: dict[str, Any] = {
        "image": "a.png",
        "model": "b.pth",
        "max_side": 64,
        "content_scale": 2.0,
        "precision": "fast",
        "upload": False,
    }
    main = MainTask(**chosen)
    expected = Stylize(**chosen)
    assert expected in list(main.requires())
