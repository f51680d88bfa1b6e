"""All runners paint the same bytes, and each other's results are current."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.networks.models import make_model
from tests.support.pipeline.painting import PAINT, paint_with
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.remotes.stores import DirectoryStore

RUNNERS = ("in-process", "program", "mlflow")


def paint_with_each_runner(project: Project, result: str, *options: str) -> dict[str, bytes]:
    """Paint one result with each runner and return its bytes by runner."""
    painted = {}
    for runner in RUNNERS:
        assert project.run_well("stylize", "--runner", runner, *options)["painted"] == 1
        path = project.data / result
        painted[runner] = path.read_bytes()
        path.unlink()
    return painted


def test_the_runners_paint_the_same_bytes_whatever_the_names(
    make_project: MakeProject,
    directory_store: DirectoryStore,
    photograph: bytes,
    model: bytes,
) -> None:
    # MLflow takes paths for URLs, in which "%41" is an A and "#" begins a fragment.
    project = make_project("folder %41", directory_store.url)
    project.drop("photo %41#.jpg", photograph)
    project.drop("model %41#.pth", model)
    project.drop("two.pth", make_model(2))
    project.run_well("package", "--model", "model %41#.pth")
    style = "model %41#.pth=0.25,two.pth=0.75"

    look = "brush=30,strength=0.5,preserve-color,format=webp"
    painted = paint_with_each_runner(
        project,
        f"stylized/{style}@{look}/photo %41#.jpg.webp",
        *("--model", style),
        *("--max-side", "50", "--threads", "1", "--memory", "8GiB", "--device", "cpu"),
        *("--brush", "30", "--strength", "0.5", "--preserve-color"),
        *("--format", "webp", "--quality", "80"),
    )

    assert painted["program"] == painted["in-process"]
    assert painted["mlflow"] == painted["in-process"]


@pytest.mark.soak
def test_the_runners_paint_numbered_styles_alike(
    directory_project: Project, drawing: bytes, many_styles: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("many.onnx", many_styles)
    directory_project.run_well("package")

    painted = paint_with_each_runner(
        directory_project,
        "stylized/many.onnx@3=0.5,7=0.5/drawing.png",
        *("--model", "many.onnx@3:0.5,7:0.5", "--content-scale", "2", "--precision", "fast"),
    )

    assert painted["program"] == painted["in-process"]
    assert painted["mlflow"] == painted["in-process"]


@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_a_result_is_current_whichever_runner_painted_it(runner: str, published: Project) -> None:
    published.run_well(*PAINT)

    assert published.run_well(*paint_with(runner, Path(sys.executable)))["painted"] == 0


def test_a_program_counts_the_styles_of_a_file(
    directory_project: Project, many_styles: bytes
) -> None:
    # The broken image keeps 26 processes from painting, which would take long.
    directory_project.drop("broken.png", b"no picture")
    directory_project.drop("many.onnx", many_styles)

    result = directory_project.run("stylize", "--runner", "program")

    assert "blocked       26" in result.stdout
