"""`watch --every`: what others publish."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csci_utils.errors import S3AccessError, S3Error
from csci_utils.s3.requests import S3Requests
from tests.support.networks.models import make_model
from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project, assert_failed, failures
from tests.support.pipeline.watching import wait_for_files, wait_for_text, watch
from tests.support.remotes.stores import RemoteStore

EVERY = ("--every", "1s")


def refuse(error: S3Error, asked: list[object] | None = None) -> Callable[..., object]:
    """Return a function that raises an error, and keeps what it was called with."""

    def raise_it(*arguments: object, **options: object) -> object:
        if asked is not None:
            asked.append(arguments)
        raise error

    return raise_it


def test_what_others_publish_is_painted(
    project: Project, store: RemoteStore, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/model.pth", model)

    def act() -> None:
        wait_for_files(project, "stylized/model.pth/photo.jpg")
        store.write("images/drawing.png", drawing)
        wait_for_files(project, "stylized/model.pth/drawing.png")
        store.write("images/photo.jpg", drawing)
        wait_for_text("painted 1", 3)

    result = watch(project, "--all", *EVERY, meanwhile=act)

    assert failures(result) == []
    assert (project.data / "images/photo.jpg").read_bytes() == drawing


def test_only_drop_ins_are_painted_if_not_all_is_asked_for(
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    drawing: bytes,
) -> None:
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/model.pth", make_model(1))
    project.drop("drawing.png", drawing)

    def act() -> None:
        wait_for_text("painted 1")
        store.write("images/other.jpg", photograph)
        store.write("saved_models/model.pth", make_model(2))
        wait_for_text("painted 1", 2)

    watch(project, "--model", "model.pth", *EVERY, meanwhile=act)

    assert project.files("stylized") == ["stylized/model.pth/drawing.png"]


def test_a_remote_out_of_reach_is_said_once_and_tried_again(
    s3_project: Project, photograph: bytes, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_project.drop("model.pth", model)
    asked: list[object] = []

    def act() -> None:
        wait_for_text("published 1")
        with monkeypatch.context() as patch:
            for name in ("state", "list"):
                patch.setattr(S3Requests, name, refuse(S3Error("cannot be reached"), asked))
            s3_project.drop("photo.jpg", photograph)
            wait_for_text("cannot be reached")
            before = len(asked)
            s3_project.drop("second.jpg", photograph)
            wait_until(lambda: len(asked) > before)
        wait_for_text("the remote answers again")
        wait_for_files(s3_project, "stylized/model.pth/photo.jpg", "stylized/model.pth/second.jpg")

    result = watch(s3_project, meanwhile=act)

    assert len(failures(result)) == 1


def test_a_remote_out_of_reach_at_the_start_is_waited_for(
    s3_project: Project, photograph: bytes, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_project.drop("model.pth", model)
    s3_project.drop("photo.jpg", photograph)

    def act() -> None:
        wait_for_text("cannot be reached")
        patch.undo()
        wait_for_text("the remote answers again")
        wait_for_files(s3_project, "stylized/model.pth/photo.jpg")

    with monkeypatch.context() as patch:
        patch.setattr(S3Requests, "list", refuse(S3Error("cannot be reached")))
        result = watch(s3_project, meanwhile=act)

    assert len(failures(result)) == 1


def test_a_remote_that_refuses_access_at_the_start_is_an_error(
    s3_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3Requests, "list", refuse(S3AccessError("access denied")))

    assert_failed(s3_project.run("watch"), "error: access denied")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--offline", *EVERY], "--every asks the remote"),
        (["--no-upload"], "add --every"),
        (["--every", "0s"], "expected a duration"),
        (["--every", "soon"], "expected a duration"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    directory_project: Project, arguments: list[str], message: str
) -> None:
    assert_failed(directory_project.run("watch", *arguments), message, exit_code=2)
