"""Models that a program inspects before they are published."""

from __future__ import annotations

import sys

import pytest

from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project, assert_failed

UNDERSTOOD = "neural_style inspect reported no result that is understood here; check that --python"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            f'exec "{sys.executable}" -S "$@"',
            "No module named neural_style); check --python",
        ),
        ("echo hello", UNDERSTOOD),
        ("echo 7", UNDERSTOOD),
        (
            "exit 1",
            "neural_style inspect failed with return code 1 (it did not say why)",
        ),
    ],
    ids=["without-neural_style", "no-json", "other-json", "silent"],
)
def test_a_program_that_cannot_inspect_a_model_is_reported(
    script: str, message: str, directory_project: Project, model: bytes, make_python: MakePython
) -> None:
    directory_project.drop("model.pth", model)

    result = directory_project.run(
        "upload", "--runner", "program", "--python", str(make_python(script))
    )

    assert_failed(result, message)
    assert directory_project.status()["models"][0]["remote"] is None


def test_a_program_refuses_a_drop_in_that_is_no_model(
    directory_project: Project, drawing: bytes
) -> None:
    directory_project.drop("model.pth", drawing)

    result = directory_project.run("upload", "--runner", "program")

    assert_failed(result, "got a PNG picture")
    assert directory_project.status()["models"][0]["remote"] is None
