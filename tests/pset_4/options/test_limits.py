"""Images that options make too large, for their format or for the memory."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from neural_style import Painter
from tests.support.files.pictures import encode_gray
from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.programs import run_without
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore

both_runners = pytest.mark.parametrize("runner", ["in-process", "program"])


def test_an_image_too_wide_for_its_format_is_refused_unpainted(
    published: Project, directory_store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory_store.write("images/wide.webp", encode_gray((330, 1), "WEBP"))
    load_style = Mock()
    monkeypatch.setattr(Painter, "load_style", load_style)

    result = published.run(
        *("stylize", "--no-upload", "--image", "wide.webp", "--model", "model.pth"),
        *("--content-scale", "0.02"),
    )

    assert_failed(
        result,
        "stylized/model.pth/wide.webp: cannot be written: expected at most 16383 px a side",
    )
    load_style.assert_not_called()


def test_an_image_that_cannot_be_scaled_is_named(published: Project) -> None:
    result = published.run(*PAINT, "--content-scale", "0.001")

    assert_failed(
        result, "images/drawing.png: expected a content scale that keeps the picture below"
    )


@both_runners
def test_too_little_memory_is_reported_with_the_remedy(published: Project, runner: str) -> None:
    result = published.run(*PAINT, "--memory", "1KiB", "--runner", runner)

    assert_failed(result, "got 1.0 kB in all, of which nothing is left beside the ")
    assert_failed(result, "allow more (--memory), or scale the picture down first")
    assert published.files("stylized") == []


@both_runners
def test_too_little_memory_is_reported_with_the_image(published: Project, runner: str) -> None:
    result = published.run(*PAINT, "--memory", "1KiB", "--runner", runner)

    assert f"{published.data / 'images/drawing.png'}: " in result.stderr


def test_a_note_that_concerns_all_images_is_printed_once(
    published: Project, directory_store: RemoteStore, photograph: bytes
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    arguments = published.arguments(*PAINT, "--image", "photo.jpg", "--max-side", "20")

    pipeline = run_without(["neural_style.engine._core"], arguments)

    assert pipeline.returncode == 0, pipeline.stderr
    assert pipeline.stderr.count("note: the C++ engine is not installed") == 1, pipeline.stderr
