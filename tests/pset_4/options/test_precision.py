"""Results of each precision, and those from before there were precisions."""

from __future__ import annotations

import pytest

from tests.support.pipeline.database import change_origin
from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.projects import Project

RESULT = "stylized/model.pth/drawing.png"


@pytest.fixture
def old_project(published: Project) -> Project:
    """A project with a result from before there were precisions."""
    published.run_well(*PAINT)
    change_origin(published.data, RESULT, precision=None)
    return published


@pytest.mark.parametrize(("first", "second"), [("exact", "fast"), ("fast", "exact")])
def test_a_result_of_one_precision_is_not_current_for_the_other(
    published: Project, first: str, second: str
) -> None:
    published.run_well(*PAINT, "--precision", first)

    assert published.run_well(*PAINT, "--precision", second)["painted"] == 1


def test_a_fast_result_is_current_for_fast_painting(published: Project) -> None:
    published.run_well(*PAINT, "--precision", "fast")

    assert published.run_well(*PAINT, "--precision", "fast")["painted"] == 0


def test_status_shows_a_fast_result_as_current(published: Project) -> None:
    published.run_well(*PAINT, "--precision", "fast")

    assert published.status()["results"][0]["local"] == "current"


def test_a_result_without_a_precision_is_exact(old_project: Project) -> None:
    assert old_project.run_well(*PAINT)["painted"] == 0


def test_a_result_without_a_precision_is_not_fast(old_project: Project) -> None:
    assert old_project.run_well(*PAINT, "--precision", "fast")["painted"] == 1


def test_status_shows_a_result_without_a_precision_as_current(old_project: Project) -> None:
    assert old_project.status()["results"][0]["local"] == "current"


def test_threads_memory_and_device_make_no_other_result(published: Project) -> None:
    published.run_well(*PAINT)

    summary = published.run_well(*PAINT, "--threads", "1", "--memory", "8GiB", "--device", "auto")

    assert summary["painted"] == 0
