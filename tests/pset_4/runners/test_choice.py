"""The choice of a runner and of its interpreter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project, assert_failed


def test_runner_and_python_may_come_from_the_environment(
    published: Project, make_python: MakePython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_RUNNER", "program")
    monkeypatch.setenv("PSET_4_PYTHON", str(make_python(f'touch "{tmp_path}/started"')))

    published.run(*PAINT)

    assert (tmp_path / "started").exists()


def test_a_relative_python_is_not_searched_on_the_path(
    directory_project: Project,
    model: bytes,
    make_python: MakePython,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = make_python("exit 7", "python")
    make_python("exit 8", "elsewhere/python")
    monkeypatch.setenv("PATH", f"{tmp_path / 'elsewhere'}{os.pathsep}{os.environ['PATH']}")
    directory_project.drop("model.pth", model)

    result = directory_project.run("upload", "--runner", "program", "--python", "./python")

    assert f"failed: {here} -m neural_style inspect failed with return code 7 " in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--runner", "program", "--python", "no/such/python"),
            "not an interpreter; check it (--python",
        ),
        (("--runner", "program", "--python", "."), "name the interpreter itself"),
        (
            ("--python", sys.executable),
            "starts no Python; add --runner program",
        ),
        (("--runner", "docker"), "'in-process', 'program', 'mlflow'"),
    ],
    ids=["missing", "folder", "without-runner", "unknown"],
)
def test_a_wrong_choice_is_a_usage_error(
    options: tuple[str, ...], message: str, directory_project: Project
) -> None:
    assert_failed(directory_project.run("stylize", *options), message, exit_code=2)


def test_an_unknown_runner_in_the_environment_is_a_usage_error(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_RUNNER", "docker")

    assert_failed(
        directory_project.run("stylize"),
        "runner 'docker': expected one of in-process, program, mlflow",
        exit_code=2,
    )


def test_a_python_that_nothing_starts_may_be_missing(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_PYTHON", "no/such/python")

    assert directory_project.run("status").exit_code == 0
