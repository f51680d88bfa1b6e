"""How to paint: precision, threads, memory and device, from the command line to what paints."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from PIL import Image

import neural_style

CHOSEN = ("stylize", "--no-upload", "--image", "drawing.png", "--model", "model.pth")
RESULT = "stylized/model.pth/drawing.png"
RECORD = "stylized/model.pth/.records/drawing.png.json"

OPTIONS = ("--precision", "fast", "--threads", "3", "--memory", "2GiB", "--device", "cuda:1")
PASSED_ON = {"precision": "fast", "threads": 3, "memory": 2 * 1024**3, "device": "cuda:1"}

RECORD_CALL = """
printf '%s\\n' "$@" > "{folder}/arguments"
[ "$2" = mlflow ] && cp "$8" "{folder}/request.json"
exit 1"""
"""Lines of a shell script that writes down what it is asked."""

COPY_PICTURE = """
for word in "$@"; do
    case "$word" in
        --output-image=*) to="${word#*=}" ;;
        --content-image=*) from="${word#*=}" ;;
    esac
done
cp "$from" "$to"
"""
"""Lines of a shell script that gives back the picture that it is to paint."""

WITHOUT = """
import sys
for name in {names}:
    sys.modules[name] = None
from pset_4.cli import cli
cli({arguments})
"""

RunWithout = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_without(published: Any) -> RunWithout:
    """Runs the pipeline in a process in which modules cannot be imported."""

    def run(names: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
        words = published.command(*arguments)[3:]
        script = WITHOUT.format(names=names, arguments=words)
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    return run


def test_a_program_is_told_how_to_paint(published: Any, make_python: Any, tmp_path: Path) -> None:
    python = make_python(RECORD_CALL.format(folder=tmp_path))
    published.run(*CHOSEN, "--runner", "program", "--python", str(python), *OPTIONS)
    told = (tmp_path / "arguments").read_text().splitlines()
    assert {f"--{name}={value}" for name, value in PASSED_ON.items()} <= set(told)


def test_a_packaged_model_is_told_how_to_paint(
    published: Any, make_python: Any, tmp_path: Path
) -> None:
    python = make_python(RECORD_CALL.format(folder=tmp_path))
    published.run(*CHOSEN, "--runner", "mlflow", "--python", str(python), *OPTIONS)
    table = json.loads((tmp_path / "request.json").read_text())["dataframe_split"]
    told = dict(zip(table["columns"], table["data"][0], strict=True))
    assert told.items() >= PASSED_ON.items()


def test_a_style_is_loaded_here_with_what_is_to_be_used(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    def load(path: str, device: str, **options: Any) -> neural_style.Style:
        told.update(options, device=device)
        raise neural_style.StyleError("no style")

    monkeypatch.setattr(neural_style, "load", load)
    published.run(*CHOSEN, *OPTIONS)
    assert told.items() >= PASSED_ON.items()


def test_what_to_use_may_come_from_the_environment(
    published: Any, make_python: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("threads", "memory", "device"):
        monkeypatch.setenv(f"PSET_4_{name.upper()}", str(PASSED_ON[name]))
    python = make_python(RECORD_CALL.format(folder=tmp_path))
    published.run(*CHOSEN, "--runner", "program", "--python", str(python))
    told = (tmp_path / "arguments").read_text().splitlines()
    assert {"--threads=3", f"--memory={2 * 1024**3}", "--device=cuda:1"} <= set(told)


@pytest.mark.parametrize("precisions", [("exact", "fast"), ("fast", "exact")])
def test_a_result_of_one_precision_is_not_current_for_the_other(
    published: Any, precisions: tuple[str, str]
) -> None:
    for precision in precisions:
        assert published.run_well(*CHOSEN, "--precision", precision)["painted"] == 1


def test_a_fast_result_is_current_for_who_wants_it_fast(published: Any) -> None:
    published.run_well(*CHOSEN, "--precision", "fast")
    assert published.run_well(*CHOSEN, "--precision", "fast")["painted"] == 0


def test_a_fast_result_shows_as_current(published: Any) -> None:
    published.run_well(*CHOSEN, "--precision", "fast")
    assert published.status()["results"][0]["local"] == "current"


@pytest.fixture
def painted_before(published: Any) -> Any:
    """A project with a result from before there were precisions."""
    published.run_well(*CHOSEN)
    record_path = published.data / RECORD
    record = json.loads(record_path.read_text())
    del record["origin"]["precision"]
    record_path.write_text(json.dumps(record))
    return published


def test_a_result_from_before_there_were_precisions_is_exact(painted_before: Any) -> None:
    assert painted_before.run_well(*CHOSEN)["painted"] == 0


def test_a_result_from_before_there_were_precisions_is_not_fast(painted_before: Any) -> None:
    assert painted_before.run_well(*CHOSEN, "--precision", "fast")["painted"] == 1


def test_a_result_from_before_there_were_precisions_shows_as_current(painted_before: Any) -> None:
    assert painted_before.status()["results"][0]["local"] == "current"


@pytest.fixture
def wide(published: Any, directory_store: Any) -> Any:
    """A project whose remote has a picture that, enlarged, is too wide for its format."""
    with BytesIO() as file:
        Image.new("RGB", (330, 1)).save(file, "WEBP")
        directory_store.write("images/wide.webp", file.getvalue())
    return published


def test_what_its_format_cannot_hold_is_refused_before_it_is_painted(
    wide: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_style, "load", Mock(side_effect=AssertionError))
    names = ("--image", "wide.webp", "--model", "model.pth")
    result = wide.run("stylize", "--no-upload", *names, "--content-scale", "0.02")
    told = "stylized/model.pth/wide.webp: cannot be written: expected at most 16383 px a side"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


def test_a_picture_that_cannot_be_resized_so_is_named(published: Any) -> None:
    result = published.run(*CHOSEN, "--content-scale", "0.001")
    told = "images/drawing.png: expected a content scale that keeps the picture below"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr


def test_what_is_used_makes_no_other_result(published: Any) -> None:
    published.run_well(*CHOSEN)
    options = ("--threads", "1", "--memory", "8GiB", "--device", "auto")
    assert published.run_well(*CHOSEN, *options)["painted"] == 0


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--precision", "half", "'half' is not one of 'exact', 'fast'"),
        ("--max-side", "0", "expected a whole number from 1, got '0'"),
        ("--content-scale", "nan", "expected a number above 0, got 'nan'"),
        ("--threads", "0", "from 1 to 1024, got '0' (--threads, PSET_4_THREADS)"),
        ("--threads", "1025", "expected a whole number from 1 to 1024, got '1025'"),
        ("--threads", "two", "expected a whole number from 1 to 1024, got 'two'"),
        ("--memory", "lots", "expected a size such as 512MiB, 1.5GB or 2000000000, got 'lots'"),
        ("--memory", "0", "expected a size"),
        ("--device", "gpu", "device 'gpu': expected one of cpu, auto, cuda, mps, xpu"),
        ("--device", "cuda:x", "device 'cuda:x': expected one of cpu, auto, cuda, mps, xpu"),
    ],
)
@pytest.mark.parametrize("command", ["main", "stylize", "demo"])
def test_a_wrong_value_ends_with_2(
    directory_project: Any, command: str, option: str, value: str, told: str
) -> None:
    result = directory_project.run(command, option, value)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("name", ["THREADS", "MEMORY", "DEVICE"])
def test_a_wrong_value_of_the_environment_ends_with_2(
    directory_project: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PSET_4_{name}", "nonsense")
    result = directory_project.run("stylize")
    assert (result.exit_code, f"PSET_4_{name}" in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("runner", ["in-process", "program"])
def test_too_little_memory_is_told_with_a_remedy(published: Any, runner: str) -> None:
    result = published.run(*CHOSEN, "--memory", "1KiB", "--runner", runner)
    told = "got 1.0 kB; allow more (--memory), or make the picture smaller (--max-side)"
    assert (result.exit_code, told in result.stderr) == (1, True), result.stderr
    assert f"{published.data / 'images/drawing.png'}: " in result.stderr  # which of many it is
    assert published.files("stylized") == []


def test_what_is_said_of_a_painting_is_said_once(
    published: Any, directory_store: Any, photograph: bytes, run_without: RunWithout
) -> None:
    directory_store.write("images/photo.jpg", photograph)
    pipeline = run_without(
        ["neural_style.engine._core"], *CHOSEN, "--image", "photo.jpg", "--max-side", "20"
    )
    assert pipeline.returncode == 0, pipeline.stderr
    assert pipeline.stderr.count("note: the C++ engine is not installed") == 1, pipeline.stderr


def test_what_a_program_says_of_a_painting_is_passed_on(published: Any, make_python: Any) -> None:
    python = make_python(f"{COPY_PICTURE}\necho 'note: it will be slow' >&2")
    result = published.run(*CHOSEN, "--runner", "program", "--python", str(python))
    assert result.stderr.splitlines()[-2:] == ["note: it will be slow", f"painted {RESULT}"]


def test_a_model_that_was_read_before_is_painted_with_without_pytorch(
    published: Any, run_without: RunWithout
) -> None:
    pytest.importorskip(
        "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
    )
    published.run("models", "list")
    pipeline = run_without(["torch", "openvino"], *CHOSEN)
    assert pipeline.returncode == 0, pipeline.stderr
    assert published.files("stylized") == [RESULT]
