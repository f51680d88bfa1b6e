"""The three ways to paint, through the command line."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csci_utils.atomic import ORPHAN_SECONDS

RUNNERS = ("in-process", "program", "mlflow")

WITHOUT = """
import sys
for name in {names}:
    sys.modules[name] = None
from pset_4.cli import cli
cli()
"""

FIND_OUTPUT = (
    'for word in "$@"; do case "$word" in --output-image=*) out="${word#*=}" ;; esac; done'
)
"""Lines of a shell script that has to know where the picture is wanted."""

PAINT_BADLY = f"""{FIND_OUTPUT}
if [ "$2" = mlflow ]; then echo '{{"predictions": [{{"picture": "aGk="}}]}}' > "${{10}}"
else echo hi > "$out"; fi"""

Python = Callable[..., Path]


def paint(runner: str, python: Path) -> tuple[str, ...]:
    """A command that paints what `published` has, with a program of this path."""
    names = ("--image", "drawing.png", "--model", "model.pth")
    return ("stylize", "--no-upload", *names, "--runner", runner, "--python", str(python))


def test_the_runners_paint_the_same_bytes_whatever_the_names(
    make_project: Any, store: Any, photograph: bytes, model: bytes
) -> None:
    # MLflow takes paths for URLs, in which "%41" is an A, and "#" the end.
    project = make_project("folder %41", store.url)
    project.drop("photo %41#.jpg", photograph)
    project.drop("model %41#.pth", model)
    project.run_well("package")
    painted = {}
    for runner in RUNNERS:
        options = ("--max-side", "50", "--threads", "1", "--memory", "8GiB", "--device", "cpu")
        counts = project.run_well("stylize", "--runner", runner, *options)
        assert counts["painted"] == 1
        path = project.data / "stylized/model %41#.pth/photo %41#.jpg"
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
        options = ("--model", "many.onnx@7", "--content-scale", "2", "--precision", "fast")
        directory_project.run_well("stylize", "--runner", runner, *options)
        path = directory_project.data / "stylized/many.onnx@7/drawing.png"
        painted[runner] = path.read_bytes()
        path.unlink()
    assert painted["program"] == painted["in-process"]
    assert painted["mlflow"] == painted["in-process"]


@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_a_result_is_current_whoever_painted_it(runner: str, published: Any) -> None:
    published.run_well("stylize", "--image", "drawing.png", "--model", "model.pth")
    assert published.run_well(*paint(runner, Path(sys.executable)))["painted"] == 0


def test_a_program_counts_the_styles_of_a_file(directory_project: Any, many_styles: bytes) -> None:
    # The pictures are not painted: 26 processes would be much for what is asked here.
    directory_project.drop("broken.png", b"no picture")
    directory_project.drop("many.onnx", many_styles)
    result = directory_project.run("stylize", "--runner", "program")
    assert "failed        26" in result.stdout


def test_a_program_runs_in_the_environment_that_is_named(
    directory_project: Any, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    options = ("--runner", "program", "--python", sys.executable)
    pipeline = run_without(["torch", "openvino"], directory_project.command("main", *options))
    assert pipeline.returncode == 0, pipeline.stderr
    assert directory_project.files("stylized") == ["stylized/model.pth/drawing.png"]


def test_without_a_program_an_environment_without_engines_says_what_is_missing(
    directory_project: Any,
    drawing: bytes,
    model: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEURAL_STYLE_CACHE", str(tmp_path / "no-weights"))
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    pipeline = run_without(["torch", "openvino"], directory_project.command("main"))
    assert (pipeline.returncode, "expected PyTorch to be installed" in pipeline.stderr) == (1, True)


def test_a_file_that_cannot_be_looked_at_does_not_stop_the_others(
    directory_project: Any, drawing: bytes, model: bytes, many_styles: bytes
) -> None:
    directory_project.drop("drawing.png", drawing)
    directory_project.drop("model.pth", model)
    directory_project.drop("many.onnx", many_styles)
    pipeline = run_without(["openvino"], directory_project.command("main"))
    assert (pipeline.returncode, "expected OpenVINO to be" in pipeline.stderr) == (1, True)
    assert directory_project.files("stylized") == ["stylized/model.pth/drawing.png"]


@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_a_program_is_told_no_secrets(
    runner: str,
    published: Any,
    make_python: Python,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = ("AWS_SESSION_TOKEN", "CANVAS_URL", "aws_profile", "GITHUB_TOKEN", "DB_PASSWORD")
    for name in (*secrets, "OPENAI_API_KEY", "client_secret", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, "hush")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    published.run(*paint(runner, make_python(f'env > "{tmp_path}/environment"')))
    seen = (tmp_path / "environment").read_text()
    assert "OMP_NUM_THREADS=1" in seen
    assert "hush" not in seen


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python knows PYTHONSAFEPATH since 3.11")
def test_a_program_imports_nothing_from_the_current_folder(
    directory_project: Any, model: bytes
) -> None:
    Path("neural_style.py").write_text("raise SystemExit('planted')")
    directory_project.drop("model.pth", model)
    assert directory_project.run_well("upload", "--runner", "program")["published"] == 1


def test_mlflow_gets_only_the_files_that_the_manifest_lists(
    published: Any, directory_store: Any, make_python: Python, tmp_path: Path
) -> None:
    manifest = json.loads(directory_store.read("mlflow/model.pth/manifest.json"))
    manifest["files"] = {"code/listed.py": hashlib.sha256(b"pass").hexdigest()}
    directory_store.write("mlflow/model.pth/manifest.json", json.dumps(manifest).encode())
    directory_store.write("mlflow/model.pth/code/listed.py", b"pass")
    python = make_python(f'rm -rf "{tmp_path}/seen"; cp -R "$6" "{tmp_path}/seen"')
    published.run(*paint("mlflow", python))
    (fetched,) = published.data.glob("mlflow/model.pth/*/code")
    (fetched / "planted.py").write_text("pass")
    published.run(*paint("mlflow", python))
    assert [path.name for path in (tmp_path / "seen/code").iterdir()] == ["listed.py"]


def test_a_package_of_other_code_is_not_run(
    published: Any, directory_store: Any, make_python: Python, tmp_path: Path
) -> None:
    manifest = json.loads(directory_store.read("mlflow/model.pth/manifest.json"))
    manifest["code_digest"] = "of another day"
    directory_store.write("mlflow/model.pth/manifest.json", json.dumps(manifest).encode())
    result = published.run(*paint("mlflow", make_python(f'touch "{tmp_path}/started"')))
    told = "model.pth was packaged with other code than is here: run python -m pset_4 package"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr
    assert not (tmp_path / "started").exists()


def test_a_remedy_quotes_names_for_the_shell(
    published: Any, directory_store: Any, make_model: Callable[[int], bytes]
) -> None:
    directory_store.write("saved_models/its $HOME.pth", make_model(2))
    package = directory_store.read("mlflow/model.pth/manifest.json")
    directory_store.write("mlflow/its $HOME.pth/manifest.json", package)
    names = ("--image", "drawing.png", "--model", "its $HOME.pth")
    result = published.run("stylize", "--no-upload", *names, "--runner", "mlflow")
    assert "python -m pset_4 package --model 'its $HOME.pth'" in result.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo the paint is dry >&2; exit 3", "failed (return code 3): the paint is dry"),
        ("printf 'error: dry\nbye\n' >&2; exit 1", "failed (return code 1): dry"),
        ("printf 'Traceback:\n  x\nE: dry\n\n' >&2; exit 1", "failed (return code 1): E: dry"),
        ("printf 'gr\\374n' >&2; exit 1", "failed (return code 1): gr\N{REPLACEMENT CHARACTER}n"),
        ("echo note >&2; kill -9 $$", "(return code -9): the system may have killed it for want"),
        ("exit 1", "failed (return code 1): it did not say why"),
        ("", "painted nothing: check --python"),
    ],
    ids=["a-line", "an-error", "a-traceback", "not-utf-8", "killed", "silent", "nothing-painted"],
)
@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_what_a_program_says_when_it_fails_reaches_the_user(
    runner: str, script: str, told: str, published: Any, make_python: Python
) -> None:
    failing = make_python(script)
    result = published.run(*paint(runner, failing))
    command = {"program": "neural_style eval", "mlflow": "mlflow models predict"}[runner]
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr
    assert f"{failing} -m {command} " in result.stderr
    assert published.files("stylized") == []


def test_a_failure_of_mlflow_names_the_picture(published: Any, make_python: Python) -> None:
    result = published.run(*paint("mlflow", make_python("exit 1")))
    assert f"failed: {published.data}/images/drawing.png: " in result.stderr


def test_a_result_that_a_program_cannot_write_is_named_as_people_know_it(
    published: Any, make_python: Python
) -> None:
    failing = make_python(f'{FIND_OUTPUT}\necho "error: $out: cannot be written: full" >&2; exit 1')
    result = published.run(*paint("program", failing))
    told = f"{published.data}/stylized/model.pth/drawing.png: cannot be written: full"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize("runner", ["program", "mlflow"])
def test_a_full_disk_is_told_with_the_name_of_the_result(
    runner: str, published: Any, make_python: Python, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fail)
    result = published.run(*paint(runner, make_python(PAINT_BADLY)))
    told = f"failed: {published.data}/stylized/model.pth/drawing.png: cannot be written: No space"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


def test_a_full_disk_of_temporary_files_is_told_with_its_place(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", fail)
    result = published.run(*paint("mlflow", Path(sys.executable)))
    told = f"failed: {tempfile.gettempdir()}/pset_4-"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


def test_an_error_of_a_program_is_told_without_the_environment(
    published: Any, make_python: Python, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING_PRIVATE", "hush")
    pipeline = subprocess.run(
        published.command("--debug", *paint("program", make_python("exit 3"))),
        capture_output=True,
        text=True,
    )
    assert "Traceback" in pipeline.stderr
    assert "hush" not in pipeline.stdout + pipeline.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (f'exec "{sys.executable}" -S "$@"', "No module named neural_style; run pip install"),
        ("echo hello", "neural_style inspect: expected a line of JSON, got 'hello': check --py"),
        ("echo 7", "neural_style inspect: expected a line of JSON, got '7': check --python"),
        ("exit 1", "neural_style inspect failed (return code 1): it did not say why"),
    ],
    ids=["without-neural_style", "no-json", "other-json", "silent"],
)
def test_a_program_that_cannot_inspect_a_model_is_reported(
    script: str, told: str, directory_project: Any, model: bytes, make_python: Python
) -> None:
    directory_project.drop("model.pth", model)
    options = ("--runner", "program", "--python", str(make_python(script)))
    result = directory_project.run("upload", *options)
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr
    assert directory_project.status()["models"][0]["remote"] is None


@pytest.mark.parametrize("command", ["upload", "stylize"])
def test_a_program_that_does_not_start_is_reported(
    command: str, published: Any, make_python: Python
) -> None:
    published.drop("other.pth", b"only to be inspected")
    no_program = make_python("")
    no_program.write_bytes(b"\0")
    names = ("--image", "drawing.png", "--model", "model.pth") if command == "stylize" else ()
    options = ("--runner", "program", "--python", str(no_program))
    result = published.run(command, *names, *options)
    told = f"failed: {no_program} does not start: "
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


def test_a_program_refuses_a_drop_in_that_is_no_style(
    directory_project: Any, drawing: bytes
) -> None:
    directory_project.drop("model.pth", drawing)
    result = directory_project.run("upload", "--runner", "program")
    assert (result.exit_code, "got a PNG picture" in result.stderr) == (1, True)
    assert directory_project.status()["models"][0]["remote"] is None


@pytest.mark.parametrize(
    ("runner", "number"),
    [("program", signal.SIGINT), ("program", signal.SIGTERM), ("mlflow", signal.SIGTERM)],
)
def test_a_signal_ends_the_run_and_the_program_and_leaves_nothing(
    runner: str,
    number: signal.Signals,
    published: Any,
    directory_store: Any,
    drawing: bytes,
    make_python: Python,
    tmp_path: Path,
) -> None:
    directory_store.write("images/another.png", drawing)
    sleeping = make_python(
        f'{FIND_OUTPUT}\n[ -z "$out" ] || echo > "$(dirname "$out")/.begun.png"\n'
        f'echo $$ >> "{tmp_path}/started"\nexec sleep 60'
    )
    started = tmp_path / "started"
    command = published.command(*paint(runner, sleeping), "--image", "another.png")
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as pipeline:
        try:
            wait_until(lambda: started.exists() and started.read_text().endswith("\n"))
            pipeline.send_signal(number)
            assert pipeline.wait(60) == 130
        finally:
            pipeline.kill()
    (pid,) = started.read_text().split()
    wait_until(lambda: not is_running(int(pid)))
    assert published.files("stylized") == []


def test_what_a_program_that_was_killed_with_the_pipeline_had_begun_is_removed_after_a_day(
    published: Any, make_python: Python, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    waiting = make_python(f'{FIND_OUTPUT}\necho "$out" > "{begun}"; exec sleep 60')
    with subprocess.Popen(
        published.command(*paint("program", waiting)), start_new_session=True
    ) as pipeline:
        wait_until(lambda: begun.exists() and begun.read_text().endswith("\n"))
        os.killpg(pipeline.pid, signal.SIGKILL)
    folder = Path(begun.read_text()).parent
    assert folder.is_dir()
    a_day_ago = time.time() - ORPHAN_SECONDS - 60
    os.utime(folder, (a_day_ago, a_day_ago))
    published.run_well("stylize", "--image", "drawing.png", "--model", "model.pth")
    assert not folder.exists()


def test_runner_and_python_may_come_from_the_environment(
    published: Any, make_python: Python, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_RUNNER", "program")
    monkeypatch.setenv("PSET_4_PYTHON", str(make_python(f'touch "{tmp_path}/started"')))
    published.run("stylize", "--no-upload", "--image", "drawing.png", "--model", "model.pth")
    assert (tmp_path / "started").exists()


def test_a_python_of_the_current_folder_is_no_other_of_the_path(
    directory_project: Any,
    model: bytes,
    make_python: Python,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = make_python("exit 7", "python")
    make_python("exit 8", "elsewhere/python")
    monkeypatch.setenv("PATH", f"{tmp_path / 'elsewhere'}{os.pathsep}{os.environ['PATH']}")
    directory_project.drop("model.pth", model)
    result = directory_project.run("upload", "--runner", "program", "--python", "./python")
    assert f"failed: {here} -m neural_style inspect failed (return code 7)" in result.stderr


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


def test_a_python_that_nothing_starts_may_be_missing(
    directory_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSET_4_PYTHON", "no/such/python")
    assert directory_project.run("status").exit_code == 0


def run_without(names: list[str], command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command line of the pipeline as if these packages were not installed."""
    python, _module, _package, *rest = command
    script = WITHOUT.format(names=names)
    return subprocess.run([python, "-c", script, *rest], capture_output=True, text=True)


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
