"""Results of each brush, and those from before there was one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from neural_style import PaintingRequest, RenderingOptions, paint_file
from tests.support.pipeline.database import change_origin
from tests.support.pipeline.painting import PAINT, RESULT
from tests.support.pipeline.projects import Project

BRUSH = ("--brush", "24")


def find_result(project: Project) -> Path:
    """Return the only result of a project."""
    (path,) = project.data.glob("stylized/*/drawing.png")
    return path


@pytest.mark.parametrize("runner", ["in-process", "program"])
def test_each_runner_paints_the_same(published: Project, runner: str, tmp_path: Path) -> None:
    published.run_well(*PAINT, *BRUSH, "--runner", runner)

    image, model = (published.data / name for name in ("images/drawing.png", "saved_models"))
    request = PaintingRequest(
        image, model / "model.pth", tmp_path / "painted.png", RenderingOptions(brush=24)
    )
    paint_file(request)
    with Image.open(find_result(published)) as result, Image.open(request.output_image) as painted:
        assert result.tobytes() == painted.tobytes()


def test_a_result_of_another_brush_is_not_current(published: Project) -> None:
    published.run_well(*PAINT, *BRUSH)

    assert published.run_well(*PAINT, *BRUSH)["painted"] == 0
    assert published.run_well(*PAINT, "--brush", "25")["painted"] == 1


def test_native_is_the_usual_brush(published: Project) -> None:
    published.run_well(*PAINT)
    change_origin(published.data, RESULT, brush=None)

    assert published.run_well(*PAINT, "--brush", "native")["painted"] == 0


def test_auto_is_recorded_as_a_number(published: Project) -> None:
    published.run_well(*PAINT, "--brush", "auto")

    found = published.run("explain", str(find_result(published)), "--json")
    assert json.loads(found.stdout)["provenance"]["options"]["brush"] == 1080


def test_another_size_is_answered_with_what_is_expected(published: Project) -> None:
    result = published.run(*PAINT, "--brush", "fine")

    assert result.exit_code == 2
    assert (
        "expected native, auto or a whole number from 16 to 1000000000, got 'fine'" in result.stderr
    )
