"""Drop-ins of special formats, from the upload to the result."""

from __future__ import annotations

from io import BytesIO

import pytest
import torch
from PIL import Image

from neural_style.pictures.decoding import decode_picture
from tests.support.files.pictures import encode
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore


@pytest.fixture
def safetensors_file(model: bytes) -> bytes:
    """The weights of the fixture `model` as a safetensors file."""
    safetensors = pytest.importorskip("safetensors.torch")
    return bytes(safetensors.save(torch.load(BytesIO(model), weights_only=True)))


def test_a_safetensors_file_is_published_unchanged(
    project: Project, store: RemoteStore, safetensors_file: bytes
) -> None:
    project.drop("candy.safetensors", safetensors_file)

    project.run_well("upload")

    assert store.read("saved_models/candy.safetensors") == safetensors_file


def test_a_safetensors_file_paints_what_its_checkpoint_does(
    project: Project, store: RemoteStore, drawing: bytes, model: bytes, safetensors_file: bytes
) -> None:
    project.drop("drawing.png", drawing)
    project.drop("candy.pth", model)
    project.drop("candy.safetensors", safetensors_file)

    assert project.run_well("main")["painted"] == 2

    paths = [f"stylized/candy.{suffix}/drawing.png" for suffix in ("safetensors", "pth")]
    one, other = (decode_picture(store.read(path)) for path in paths)
    assert one.tobytes() == other.tobytes()


def test_only_the_first_frame_of_an_animation_is_painted(
    directory_project: Project, model: bytes
) -> None:
    first, second = (Image.new("L", (24, 16), level) for level in (40, 200))
    animation = encode(first, "GIF", save_all=True, append_images=[second])
    directory_project.drop("moving.gif", animation)
    directory_project.drop("one.pth", model)

    result = directory_project.run("main")

    assert "painted stylized/one.pth/moving.gif (only its first frame)" in result.stderr
