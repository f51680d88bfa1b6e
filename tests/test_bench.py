"""The benchmark: documents rendered from recorded results, and in the soak one short real run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
SIZE = "512x512"
HEADINGS = [
    "# Performance",
    "## Targets",
    "## Side by side",
    f"### {SIZE}",
    f"## Kernels, at {SIZE}",
    "## Whole processes",
    "## Targets not judged",
    "## How it was measured",
]


def run_bench(folder: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run the benchmark with its results and its document in a folder."""
    paths = ["--results", folder / "results.json", "--output", folder / "performance.md"]
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, [*paths, *options])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def measure(name: str, **figures: Any) -> dict[str, Any]:
    """Return a measurement as the file of results holds it."""
    return {"name": name, "size": SIZE, **figures}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document and the plot of invented results."""
    folder = tmp_path_factory.mktemp("bench")
    results = {
        "command": "make bench",
        "settings": {"threads": "2", "style": "candy.pth", "reference": ""},
        "rates": {"fp32": 2e11},
        "kernels": {"exact": "avx2", "fast": "avx2"},
        "sizes": [SIZE],
        "measurements": [
            measure("torch", first=2.0, warm=[0.5, 0.7, 0.6], peak_memory=550_000_000),
            measure("exact", first=0.3, warm=[0.2], peak_memory=78_000_000),
            measure("avx2", first=0.3, warm=[0.3], peak_memory=78_000_000),
            measure("avx512", failure="this processor cannot run avx512"),
            measure("pipeline", whole=1.5, peak_memory=90_000_000),
            measure("exact-process", whole=0.5, peak_memory=151_000_000),
        ],
        "qualities": [
            {"name": "exact", "size": SIZE, "reference": "torch", "psnr": 88.06, "largest": 1}
        ],
    }
    (folder / "results.json").write_text(json.dumps(results))
    outcome = run_bench(folder, "--render")
    assert outcome.returncode == 0, outcome.stderr
    return folder


def read_row(folder: Path, title: str) -> list[str]:
    """Return the cells of the first row of the document that begins with `title`."""
    text = (folder / "performance.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def real_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a real run of two contenders at a tiny size."""
    for package in ("torch", "skimage"):
        if find_spec(package) is None:  # an import would take longer than the whole test
            pytest.skip(f"{package} is not installed")
    folder = tmp_path_factory.mktemp("bench")
    outcome = run_bench(folder, "--sizes", "48x32", "--threads", 1, "--only", "torch", "exact")
    assert outcome.returncode == 0, outcome.stderr
    return folder


@pytest.mark.soak
def test_a_real_run_leaves_only_its_results(real_folder: Path) -> None:
    names = sorted(path.name for path in real_folder.iterdir())

    assert names == ["performance.md", "performance.svg", "results.json"]


@pytest.mark.soak
def test_a_real_run_measures_the_chosen_contenders(real_folder: Path) -> None:
    torch, exact = json.loads((real_folder / "results.json").read_text())["measurements"]

    assert (torch["name"], exact["name"]) == ("torch", "exact")
    assert f"{torch['warm'][0]:.3f}" == read_row(real_folder, "torch eager, fp32")[1]


@pytest.mark.parametrize("size", [(5, 7), (300, 41), (66, 530)])
def test_strips_are_what_pytorch_paints(size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    from bench import strips
    from neural_style.transformer_net import TransformerNet

    torch.manual_seed(0)
    network = TransformerNet(8)
    pixels = torch.rand(1, 3, *size) * 255

    with torch.inference_mode():
        expected = network(pixels)
        painted = strips.paint(network, pixels)

    torch.testing.assert_close(painted, expected, rtol=1e-4, atol=1e-4)


def test_the_document_has_all_its_parts_in_order(folder: Path) -> None:
    text = (folder / "performance.md").read_text()

    assert re.findall(r"^#.*$", text, re.MULTILINE) == HEADINGS


def test_times_are_medians_with_their_spread(folder: Path) -> None:
    assert read_row(folder, "torch eager, fp32")[1] == "0.600 (0.500 to 0.700)"


def test_share_of_peak_counts_the_network_as_written(folder: Path) -> None:
    seconds = 307_584 * 512 * 512 / 2e11

    assert read_row(folder, "**ours**, exact")[-1] == f"{seconds / 0.2:.0%}"


def test_quality_is_shown_beside_the_times(folder: Path) -> None:
    assert read_row(folder, "**ours**, exact")[6:8] == ["88.1 dB", "1"]


def test_contenders_for_large_images_are_not_listed_among_small_ones(folder: Path) -> None:
    assert "in strips |" not in (folder / "performance.md").read_text()


def test_a_missing_measurement_is_marked(folder: Path) -> None:
    assert read_row(folder, "onnxruntime, fp32")[1] == "not measured"


def test_a_missing_measurement_is_marked_with_its_known_reason(folder: Path) -> None:
    cell = read_row(folder, "**ours**, exact, kernel avx512 forced")[1]

    assert cell == "not measured: this processor cannot run avx512"


@pytest.mark.parametrize(
    ("target", "measured", "is_met"),
    [
        ("512x512, AVX2 forced, against torch eager", "2.0 times", "yes"),
        ("512x512, whole process, exact", "151 MB", "**no**"),
        ("512x512, AVX-512 forced, against torch eager", "not measured", "cannot run avx512"),
        ("512x512, exact, against torch eager", "3.0 times, with avx2", "needs the kernel amx"),
        ("512x512, fast, against torch eager", "not measured", "-"),
    ],
)
def test_a_target_is_met_or_missed_or_not_measured(
    folder: Path, target: str, measured: str, is_met: str
) -> None:
    row = read_row(folder, target)

    assert row[2] == measured
    assert row[3].endswith(is_met)


def test_the_plot_is_an_svg_that_names_what_was_measured(folder: Path) -> None:
    plot = ElementTree.parse(folder / "performance.svg")

    names = {text.text for text in plot.iter("{http://www.w3.org/2000/svg}text")}

    assert "torch eager, fp32" in names
    assert "onnxruntime, fp32" not in names


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--sizes", "banana", "expected a size such as 512x512, got 'banana'"),
        ("--sizes", "3x3", "expected sides of at least 5 px, got 3x3"),
        ("--rounds", "x", "expected a whole number from 1, got 'x'"),
    ],
)
def test_a_wrong_value_is_a_usage_error_that_says_what_was_expected(
    option: str, value: str, expected: str, tmp_path: Path
) -> None:
    outcome = run_bench(tmp_path, option, value)

    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.endswith(f"error: argument {option}: {expected}\n")


def test_a_reference_without_its_script_is_an_error(tmp_path: Path) -> None:
    outcome = run_bench(tmp_path, "--reference", tmp_path)

    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith(f"error: {tmp_path}: the reference script ")
