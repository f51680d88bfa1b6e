"""Parameters, requirements and outputs of the tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.contrib.s3 import S3Target

from csci_utils.luigi import CopyTask, RootedTarget
from pset_4.errors import InvalidNameError
from pset_4.tasks.data import ContentImage, DownloadImage, DownloadModel, SavedModel
from pset_4.tasks.local import LocalImage, LocalModel
from pset_4.tasks.main import MainTask
from pset_4.tasks.results import UploadResult
from pset_4.tasks.stylize import Stylize
from pset_4.tasks.upload import UploadImage, UploadModel
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore


@pytest.mark.parametrize("task", [ContentImage, UploadImage, DownloadImage, LocalImage, Stylize])
def test_a_task_refuses_a_hostile_image(in_force: Project, task: type[luigi.Task]) -> None:
    with pytest.raises(InvalidNameError):
        task(image="../outside.png")


@pytest.mark.parametrize("task", [SavedModel, UploadModel, DownloadModel, LocalModel, Stylize])
def test_a_task_refuses_a_hostile_model(in_force: Project, task: type[luigi.Task]) -> None:
    with pytest.raises(InvalidNameError):
        task(model="../outside.pth")


@pytest.mark.parametrize("task", [UploadImage, UploadModel, DownloadImage, DownloadModel])
def test_uploads_and_downloads_are_one_copy_task(task: type[luigi.Task]) -> None:
    assert issubclass(task, CopyTask)


@pytest.mark.parametrize("task", [LocalImage, LocalModel])
def test_drop_ins_are_external(task: type[luigi.Task]) -> None:
    assert issubclass(task, luigi.ExternalTask)


def test_the_targets_of_the_remote_match_its_url(in_force: Project, store: RemoteStore) -> None:
    expected = S3Target if store.url.startswith("s3://") else RootedTarget

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
def test_a_local_output_is_in_the_data_folder(
    in_force: Project, task: luigi.Task, path: str
) -> None:
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
def test_a_remote_output_is_in_the_remote(in_force: Project, task: luigi.Task, path: str) -> None:
    assert task.output().path == f"{in_force.remote_url}/{path}"


def test_a_subclass_may_keep_its_cache_elsewhere(
    in_force: Project, store: RemoteStore, tmp_path: Path, photograph: bytes
) -> None:
    class Elsewhere(DownloadImage):
        LOCAL_ROOT = str(tmp_path / "elsewhere")

    store.write("images/photo.jpg", photograph)
    task = Elsewhere(image="photo.jpg")

    assert luigi.build([task], local_scheduler=True)

    assert task.complete()
    assert (tmp_path / "elsewhere/images/photo.jpg").read_bytes() == photograph


def test_content_requires_the_upload_of_a_drop_in(in_force: Project, photograph: bytes) -> None:
    in_force.drop("a.jpg", photograph)

    assert ContentImage(image="a.jpg").requires() == [UploadImage(image="a.jpg")]


def test_content_requires_nothing_without_a_drop_in(in_force: Project) -> None:
    assert ContentImage(image="a.jpg").requires() == []


def test_content_requires_nothing_with_uploads_off(in_force: Project, photograph: bytes) -> None:
    in_force.drop("a.jpg", photograph)

    assert ContentImage(image="a.jpg", upload=False).requires() == []


@pytest.mark.parametrize("task", [MainTask, UploadResult])
def test_a_task_that_requires_a_painting_has_all_of_its_options(task: type[luigi.Task]) -> None:
    assert task.get_param_names() == Stylize.get_param_names()


def test_main_passes_its_options_to_stylize(in_force: Project) -> None:
    options: dict[str, Any] = {
        "image": "a.png",
        "model": "b.pth",
        "max_side": 64,
        "content_scale": 2.0,
        "precision": "fast",
        "upload": False,
    }

    assert Stylize(**options) in list(MainTask(**options).requires())
