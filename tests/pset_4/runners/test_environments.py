"""Which packages, variables and modules the processes of a painting can see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pset_4.runners import child
from pset_4.runners.child import make_environment
from tests.support.pipeline.painting import PAINT, RESULT, paint_with
from tests.support.pipeline.programs import MakePython, run_without
from tests.support.pipeline.projects import Project

SECRETS = (
    "AWS_SESSION_TOKEN",
    "CANVAS_URL",
    "aws_profile",
    "GITHUB_TOKEN",
    "GITHUB_PAT",
    "DB_PASSWORD",
    "MYSQL_PWD",
    "DATABASE_URL",
    "AZURE_STORAGE_KEY",
    "OPENAI_API_KEY",
    "NVIDIA_API_KEY",
    "NVIDIA_PAT",
    "CUDA_PWD",
    "HIP_CREDS",
    "PYTORCH_DSN",
    "MKL_REPORT_URL",
    "LC_SAS_7",
    "PGPASSWORD",
    "NPM_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "KRB5CCNAME",
    "PIP_INDEX_URL",
    "client_secret",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HTTPS_PROXY",
    "SSH_AUTH_SOCK",
    "LD_PRELOAD_OPTIONS",
    "anything",
)

NEEDED = (
    "CUDA_PATH",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "ZE_AFFINITY_MASK",
    "NVIDIA_VISIBLE_DEVICES",
    "PYTORCH_ENABLE_MPS_FALLBACK",
    "KMP_AFFINITY",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "NEURAL_STYLE_KERNEL",
    "PROGRAMFILES(X86)",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TMPDIR",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
)
"""Variables that devices, libraries and systems need."""


@pytest.fixture
def filled_project(directory_project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with an image and a model dropped in."""
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    return directory_project


def test_a_program_paints_where_the_pipeline_has_no_backend(filled_project: Project) -> None:
    options = ("--runner", "program", "--python", sys.executable)

    pipeline = run_without(["torch", "openvino"], filled_project.arguments("main", *options))

    assert pipeline.returncode == 0, pipeline.stderr
    assert filled_project.files("stylized") == [RESULT]


def test_a_missing_backend_is_named_if_no_program_is_chosen(filled_project: Project) -> None:
    missing = ["neural_style.engine._core", "torch", "openvino"]

    pipeline = run_without(missing, filled_project.arguments("main"))

    assert pipeline.returncode == 1
    assert "-m pip install" in pipeline.stderr.partition("nothing here paints; run ")[2]


def test_a_model_without_a_backend_does_not_stop_the_others(filled_project: Project) -> None:
    pytest.importorskip("onnx")
    from tests.support.files.onnx_graphs import scale_channels

    filled_project.drop("unknown.onnx", scale_channels([1, 1, 1]))

    pipeline = run_without(["openvino"], filled_project.arguments("main"))

    assert pipeline.returncode == 1
    assert "expected OpenVINO to be" in pipeline.stderr
    assert filled_project.files("stylized") == [RESULT]


def test_a_model_paints_without_pytorch(published: Project) -> None:
    pytest.importorskip(
        "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
    )

    pipeline = run_without(["torch", "openvino"], published.arguments(*PAINT))

    assert pipeline.returncode == 0, pipeline.stderr
    assert published.files("stylized") == [RESULT]


@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_a_program_gets_the_environment_without_secrets(
    runner: str,
    published: Project,
    make_python: MakePython,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "hush")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    published.run(*paint_with(runner, make_python(f'env > "{tmp_path}/environment"')))

    seen = (tmp_path / "environment").read_text()
    assert "OMP_NUM_THREADS=1" in seen
    assert "hush" not in seen


@pytest.mark.parametrize("name", NEEDED)
def test_a_variable_that_painting_needs_is_passed_on(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "value")

    assert make_environment()[name] == "value"


def test_the_traceback_of_a_program_does_not_show_the_environment(
    published: Project, make_python: MakePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING_PRIVATE", "hush")

    pipeline = subprocess.run(
        published.command("--debug", *paint_with("program", make_python("exit 3"))),
        capture_output=True,
        text=True,
    )

    assert "Traceback" in pipeline.stderr
    assert "hush" not in pipeline.stdout + pipeline.stderr


def test_a_program_imports_nothing_from_the_current_folder(
    directory_project: Project, model: bytes
) -> None:
    Path("neural_style.py").write_text("raise SystemExit('planted')")
    directory_project.drop("model.pth", model)

    assert directory_project.run_well("upload", "--runner", "program")["published"] == 1


def test_a_variable_that_another_thread_removes_meanwhile_fails_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = ("MLFLOW_FIRST", "MLFLOW_SECOND")
    for name in variables:
        monkeypatch.setenv(name, "set while a package is built")
    is_passed = child._is_passed

    def end_building(name: str) -> bool:
        for each in variables:
            os.environ.pop(each, None)
        return is_passed(name)

    monkeypatch.setattr(child, "_is_passed", end_building)

    assert "PATH" in make_environment()
