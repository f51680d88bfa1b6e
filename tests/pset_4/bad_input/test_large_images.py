"""Images that are too large to be decoded only to check them; here small ones stand for them."""

from __future__ import annotations

import pytest

from neural_style.pictures import checking
from tests.support.pipeline.projects import Project, assert_failed, failures


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LARGE_BYTES", 0)


def damage_pixels(png: bytes) -> bytes:
    """Return a PNG file of the same structure whose pixels cannot be decoded."""
    start = png.index(b"IDAT") + 10
    return png[:start] + bytes(40) + png[start + 40 :]


def test_a_large_image_is_published_and_painted(
    project: Project, drawing: bytes, model: bytes
) -> None:
    project.drop("drawing.png", drawing)
    project.drop("model.pth", model)

    project.run_well("main")

    assert project.files("stylized") == ["stylized/model.pth/drawing.png"]


def test_damage_in_a_large_image_fails_its_painting_in_one_line(
    project: Project, drawing: bytes, photograph: bytes, model: bytes
) -> None:
    project.drop("damaged.png", damage_pixels(drawing))
    project.drop("photo.jpg", photograph)
    project.drop("model.pth", model)

    result = project.run("main")

    assert_failed(result, "damaged.png: expected a whole picture")
    assert len(failures(result)) == 1
    assert project.files("stylized") == ["stylized/model.pth/photo.jpg"]


def test_a_large_image_that_is_cut_short_is_not_published(project: Project, drawing: bytes) -> None:
    project.drop("drawing.png", drawing[:-20])

    result = project.run("upload")

    assert_failed(result, "the file ends too early")
