"""Options of a painting, from the command line to what paints."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from neural_style import Painter, RenderingOptions, Style, StyleError
from tests.support.pipeline.painting import PAINT, paint_with
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project

OPTIONS = (
    *("--brush", "600", "--precision", "fast"),
    *("--threads", "3", "--memory", "2GiB", "--device", "cuda:1"),
)
VALUES = {
    "brush": 600,
    "precision": "fast",
    "threads": 3,
    "memory": 2 * 1024**3,
    "device": "cuda:1",
}
"""The values of `OPTIONS` as `neural_style` takes them."""

RECORD_CALL = """
printf '%s\\n' "$@" > "{folder}/arguments"
[ "$2" = mlflow ] && cp "$8" "{folder}/request.json"
exit 1"""
"""Lines of a shell script that records its arguments, and the request to MLflow."""


@pytest.fixture
def recorder(make_python: MakePython, tmp_path: Path) -> Path:
    """A program that records its call in the folder `tmp_path`."""
    return make_python(RECORD_CALL.format(folder=tmp_path))


def test_a_program_gets_the_options(published: Project, recorder: Path, tmp_path: Path) -> None:
    published.run(*paint_with("program", recorder), *OPTIONS)

    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert {f"--{name}={value}" for name, value in VALUES.items()} <= set(arguments)


def test_a_packaged_model_gets_the_options(
    published: Project, recorder: Path, tmp_path: Path
) -> None:
    published.run(*paint_with("mlflow", recorder), *OPTIONS)

    table = json.loads((tmp_path / "request.json").read_text())["dataframe_split"]
    (row,) = table["data"]
    assert dict(zip(table["columns"], row, strict=True)).items() >= VALUES.items()


def test_a_style_in_this_process_gets_the_options(
    published: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: dict[str, object] = {}

    def load_style(painter: Painter, model: Path, options: RenderingOptions) -> Style:
        passed.update(asdict(options))
        raise StyleError("no style")

    monkeypatch.setattr(Painter, "load_style", load_style)

    published.run(*PAINT, *OPTIONS)

    assert passed.items() >= VALUES.items()


def test_options_may_come_from_the_environment(
    published: Project, recorder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("threads", "memory", "device"):
        monkeypatch.setenv(f"PSET_4_{name.upper()}", str(VALUES[name]))

    published.run(*paint_with("program", recorder))

    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert {"--threads=3", f"--memory={2 * 1024**3}", "--device=cuda:1"} <= set(arguments)
