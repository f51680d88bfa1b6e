"""The three ways to paint, through the command line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUNNERS = ("in-process", "program", "mlflow")

WITHOUT_ENGINES = """
import sys
sys.modules["torch"] = sys.modules["openvino"] = None
from pset_4.cli import cli
cli()
"""


@pytest.fixture
def make_python(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a program to be named with ``--python``: a shell script with these lines."""
    if sys.platform == "win32":
        pytest.skip("shell scripts are no programs on Windows")

    def make(lines: str) -> Path:
        path = tmp_path / "python-of-another-environment"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def real_python(make_python: Callable[[str], Path], tmp_path: Path) -> Path:
    """The Python of the tests under another path; each start adds its environment to a file."""
    return make_python(f'env >> "{tmp_path}/environment"\nexec "{sys.executable}" "$@"')


def test_the_runners_paint_the_same_bytes(
    project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("model.pth", model)
    project.run_well("package")
    painted = {}
    for runner in RUNNERS:
        counts = project.run_well("stylize", "--runner", runner, "--max-side", "50")
        assert counts["painted"] == 1
        path = project.data / "stylized/model.pth/photo.jpg"
        painted[runner] = path.read_bytes()
        path.unlink()
    assert painted["program"] == painted["in-process"]
    assert painted["mlflow"] == painted["in-process"]


def test_the_runners_paint_numbered_styles_alike(
    directory_project: Any, drawing: bytes, many_styles: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("many.onnx", many_styles)
    directory_project.run_well("package")
    painted = {}
    for runner in RUNNERS:
        options = ("--model", "many.onnx@7", "--content-scale", "2")
        directory_project.run_well("stylize", "--runner", runner, *options)
        path = directory_project.data / "stylized/many.onnx@7/drawing.png"
        painted[runner] = path.read_bytes()
        path.unlink()
    assert painted["program"] == painted["in-process"]
    assert painted["mlflow"] == painted["in-process"]


def test_a_result_is_current_whoever_painted_it(
    directory_project: Any, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    directory_project.run_well("stylize", "--runner", "program")
    assert directory_project.run_well("stylize")["painted"] == 0


def test_a_program_counts_the_styles_of_a_file(
    directory_project: Any, drawing: bytes, many_styles: bytes, real_python: Path, tmp_path: Path
) -> None:
    # The pictures are not painted: 26 processes would be much for what is asked here.
    directory_project.drop("broken.png", b"no picture")
    directory_project.drop("many.onnx", many_styles)
    options = ("--runner", "program", "--python", str(real_python))
    result = directory_project.run("stylize", *options)
    assert "failed        26" in result.stdout


def test_a_program_runs_in_the_environment_that_is_named(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    real_python: Path,
    tmp_path: Path,
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    pipeline = subprocess.run(
        without_engines(
            directory_project, "main", "--runner", "program", "--python", str(real_python)
        ),
        capture_output=True,
        text=True,
    )
    assert pipeline.returncode == 0, pipeline.stderr
    assert directory_project.files("stylized") == ["stylized/model.pth/drawing.png"]


def test_without_a_program_an_environment_without_engines_says_what_is_missing(
    directory_project: Any, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    pipeline = subprocess.run(
        without_engines(directory_project, "main"),
        capture_output=True,
        text=True,
    )
    assert (pipeline.returncode, "expected PyTorch to be installed" in pipeline.stderr) == (1, True)


def test_a_program_is_told_no_secrets(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    real_python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CANVAS_TOKEN", "aws_profile"):
        monkeypatch.setenv(name, "hush")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    directory_project.run_well("package")
    for runner in ("program", "mlflow"):
        options = ("--runner", runner, "--python", str(real_python))
        directory_project.run_well("stylize", *options)
        (directory_project.data / "stylized/model.pth/drawing.png").unlink()
    seen = (tmp_path / "environment").read_text()
    assert "OMP_NUM_THREADS=1" in seen
    assert "hush" not in seen


def test_what_a_program_says_when_it_fails_reaches_the_user(
    directory_project: Any, drawing: bytes, model: bytes, make_python: Callable[[str], Path]
) -> None:
    failing = make_python(
        'case "$3" in inspect) echo "{\\"base_width\\": 8, \\"count\\": null}" ;;'
        ' *) echo "the paint is dry" >&2; exit 3 ;; esac'
    )
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    result = directory_project.run("stylize", "--runner", "program", "--python", str(failing))
    assert result.exit_code == 1
    expected = f"failed: {failing} -m neural_style eval failed (return code 3): the paint is dry"
    assert expected in result.stderr.splitlines()
    assert directory_project.files("stylized") == []


def test_an_error_of_a_program_is_told_without_the_environment(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    make_python: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOMETHING_PRIVATE", "hush")
    failing = make_python(
        'case "$3" in inspect) echo "{\\"base_width\\": 8, \\"count\\": null}" ;; *) exit 3 ;; esac'
    )
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    command = ("stylize", "--debug", "--runner", "program", "--python", str(failing))
    pipeline = subprocess.run(
        directory_project.command(*command),
        capture_output=True,
        text=True,
    )
    assert "Traceback" in pipeline.stderr
    assert "hush" not in pipeline.stdout + pipeline.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (f'exec "{sys.executable}" -S "$@"', "No module named neural_style; run pip install"),
        ("kill -9 $$", "(return code -9): it did not say why; the system may have killed it"),
        ("printf 'gr\\374n' >&2; exit 1", "failed (return code 1): gr"),
    ],
    ids=["without-neural_style", "killed", "not-utf-8"],
)
def test_a_program_that_cannot_inspect_a_model_is_reported(
    script: str,
    told: str,
    directory_project: Any,
    model: bytes,
    make_python: Callable[[str], Path],
) -> None:
    directory_project.drop("model.pth", model)
    options = ("--runner", "program", "--python", str(make_python(script)))
    result = directory_project.run("upload", *options)
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr
    assert directory_project.status()["models"][0]["remote"] is None


def test_a_program_refuses_a_drop_in_that_is_no_style(
    directory_project: Any, drawing: bytes
) -> None:
    directory_project.drop("model.pth", drawing)
    result = directory_project.run("upload", "--runner", "program")
    assert (result.exit_code, "got a PNG picture" in result.stderr) == (1, True)
    assert directory_project.status()["models"][0]["remote"] is None


def test_ctrl_c_ends_the_program_too(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    make_python: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    sleeping = make_python(
        'case "$3" in inspect) echo "{\\"base_width\\": 8, \\"count\\": null}" ;;'
        f' *) echo $$ > "{tmp_path}/writing" && mv "{tmp_path}/writing" "{tmp_path}/pid";'
        " exec sleep 60 ;; esac"
    )
    pipeline = subprocess.Popen(
        directory_project.command("stylize", "--runner", "program", "--python", str(sleeping)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((tmp_path / "pid").exists)
        pipeline.send_signal(signal.SIGINT)
        assert pipeline.wait(60) == 130
    finally:
        pipeline.kill()
        pipeline.wait()
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))
    assert directory_project.files("stylized") == []


def test_runner_and_python_may_come_from_the_environment(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    real_python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PSET_4_RUNNER", "program")
    monkeypatch.setenv("PSET_4_PYTHON", str(real_python))
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    directory_project.run_well("stylize")
    assert (tmp_path / "environment").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--runner", "program", "--python", "no/such/python"), "check the path"),
        (("--runner", "program", "--python", "."), "name the interpreter itself"),
        (("--python", sys.executable), "expected --runner program or mlflow with it"),
        (("--runner", "docker"), "'in-process', 'program', 'mlflow'"),
    ],
    ids=["missing", "folder", "without-runner", "unknown"],
)
def test_a_wrong_choice_ends_with_2(
    options: tuple[str, ...], told: str, directory_project: Any
) -> None:
    result = directory_project.run("stylize", *options)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


def test_an_unknown_runner_of_the_environment_ends_with_2(
    directory_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_RUNNER", "docker")
    result = directory_project.run("stylize")
    assert result.exit_code == 2
    assert "runner 'docker': expected one of in-process, program, mlflow" in result.stderr


def without_engines(project: Any, *arguments: str) -> list[str]:
    """A command line of the pipeline in an environment without PyTorch and OpenVINO."""
    python, _module, _package, *rest = project.command(*arguments)
    return [python, "-c", WITHOUT_ENGINES, *rest]


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that within a minute")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
