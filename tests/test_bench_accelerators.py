"""``python -m bench.accelerators``: contenders that take turns, and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.accelerators import __main__ as command
from bench.accelerators import processor
from bench.accelerators.figures import Figures, Row, load_figures
from tests.support.networks.styles import make_state


def figures() -> Figures:
    return Figures(
        "python -m bench.accelerators",
        machine={"processor": "some", "kernels": "exact amx, fast amx-bf16"},
        processor=[
            Row("torch", 1, [1.4, 1.2, 1.3]),
            Row("exact", 1, [0.2, 0.1, 0.3]),
            Row("fast", 1, failure="no bf16 tiles"),
        ],
        device=[Row("fast", 1, [0.002]), Row("fast", 32, [0.016])],
        arrays=[Row("fast", 32, [0.02])],
        files=[Row("fast", 100, [0.5])],
        quality={"fast": (62.5, 3)},
        notes=["A note."],
    )


def rows_of(page: Path) -> list[list[str]]:
    lines = page.read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]


def test_the_page_shows_what_was_measured_and_which_goals_are_met(tmp_path: Path) -> None:
    figures().save(tmp_path / "figures.json")
    page = tmp_path / "page.md"

    code = command.main(
        ["--render", "--results", str(tmp_path / "figures.json"), "--output", str(page)]
    )

    rows = rows_of(page)
    assert code == 0
    assert [row[2:] for row in rows if row[0] == "exact, AMX, 1 thread, against torch eager"] == [
        ["6.5 times", "yes"]
    ]
    assert [row[2:] for row in rows if row[0].startswith("fast, AMX")] == [
        ["not measured: this machine has none", "-"]
    ]
    assert [row[2:] for row in rows if row[0] == "fast, one GPU, on the device"] == [
        ["2,000", "yes"]
    ]
    assert [row[2:] for row in rows if row[0] == "fast, one GPU, files to files"] == [
        ["200", "**no**"]
    ]
    assert ["**ours**, exact", "0.200 (0.100 to 0.300)", "6.50 x", "3"] in rows
    assert "A note." in page.read_text()


def test_figures_are_the_same_after_they_were_saved(tmp_path: Path) -> None:
    figures().save(tmp_path / "figures.json")

    loaded = load_figures(tmp_path / "figures.json")

    assert loaded.processor == figures().processor
    assert loaded.files[0].median == 0.5


def test_contenders_take_turns_and_a_broken_one_loses_only_its_own_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "NAMES", ("exact", "onnxruntime"))
    np.save(tmp_path / "picture.npy", np.full((16, 16, 3), 128, np.uint8))
    torch = pytest.importorskip("torch")
    torch.save(make_state(), tmp_path / "style.pth")
    lines: list[str] = []

    exact, onnx = processor.measure(tmp_path, [1], 0.05, lines.append)

    assert exact.median is not None and 0 < exact.median < 5
    assert onnx.failure == "the style could not be exported"
    assert len(lines) == 2
