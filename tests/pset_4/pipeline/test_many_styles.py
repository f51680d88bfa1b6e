"""Files that hold many styles."""

from __future__ import annotations

import pytest

from neural_style.formats.safetensors_file import encode_network
from tests.support.networks.family import MANY, make_family_network
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

CHOSEN = ("--image", "photo.jpg", "--model", "many.onnx", "--max-side", "16")


@pytest.fixture
def local_project(directory_project: Project, photograph: bytes, many_styles: bytes) -> Project:
    """A project with an image and a file of 26 styles dropped in."""
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("many.onnx", many_styles)
    return directory_project


@pytest.fixture
def remote_project(
    project: Project, store: RemoteStore, photograph: bytes, many_styles: bytes
) -> Project:
    """A project whose remote has an image and a file of 26 styles."""
    store.write("images/photo.jpg", photograph)
    store.write("saved_models/many.onnx", many_styles)
    return project


def test_every_style_of_a_drop_in_is_painted(local_project: Project) -> None:
    assert local_project.run_well("main")["painted"] == 26
    assert len(local_project.files("stylized")) == 26


def test_one_style_can_be_named(local_project: Project) -> None:
    local_project.run_well("main", "--model", "many.onnx@7")

    assert local_project.files("stylized") == ["stylized/many.onnx@7/photo.jpg"]


def test_a_style_that_is_named_twice_is_painted_once(local_project: Project) -> None:
    names = ("--model", "many.onnx", "--model", "many.onnx@3")

    summary = local_project.run_well("main", *names, "--max-side", "16")

    assert (summary["painted"], summary["skipped"]) == (26, 0)


@pytest.mark.s3_every_day
def test_every_style_of_the_remote_is_painted(remote_project: Project) -> None:
    assert remote_project.run_well("stylize", *CHOSEN)["painted"] == 26


def test_counting_the_styles_of_the_remote_is_reported_as_fetching(remote_project: Project) -> None:
    result = remote_project.run("stylize", *CHOSEN)

    assert "fetched saved_models/many.onnx" in result.stderr
    assert "fetched        2" in result.stdout


def test_with_uploads_off_the_styles_of_the_remote_are_counted(remote_project: Project) -> None:
    remote_project.drop("many.onnx", b"something else")

    assert remote_project.run_well("stylize", "--no-upload", *CHOSEN)["painted"] == 26


def test_every_style_of_a_safetensors_file_is_painted(
    directory_project: Project, photograph: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("many.safetensors", encode_network(make_family_network(MANY)))

    assert directory_project.run_well("main")["painted"] == 4
    assert "stylized/many.safetensors@3/photo.jpg" in directory_project.files("stylized")
    assert directory_project.run_well("main", "-m", "many.safetensors@3")["painted"] == 0
