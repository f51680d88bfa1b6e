"""Random changes of ONNX graphs: each is refused in one line, or paints, in time and memory."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from neural_style import DeviceError, StyleError, inspect

pytest.importorskip("openvino")
pytest.importorskip("onnx")
pytest.importorskip("resource")  # of POSIX systems

import resource

from neural_style.formats.onnx_gate.gate import check_graph
from tests.support.files.onnx_mutations import SEEDS, mutate
from tests.support.reliability.tally import Count

LONGEST = 10  # seconds
MOST_MEMORY = 2 * 2**30
CHANGES = 300  # of each of the long tests


def peak_memory() -> int:
    """Return the bytes that this process or its children had at most."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(int(resource.getrusage(kind).ru_maxrss) for kind in kinds) * 1024


def used_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def try_changes(seed: int, count: int, path: Path) -> int:
    """Inspect `count` changed graphs, and return how many of them are styles."""
    rng = random.Random(seed)
    accepted = 0
    for number in range(count):
        data = mutate(SEEDS[rng.choice(sorted(SEEDS))], rng)
        path.write_bytes(data)
        before = used_seconds()
        try:
            inspect(path)
            accepted += 1
        except (StyleError, DeviceError) as error:
            assert str(error).isprintable()
        assert used_seconds() - before < LONGEST, (seed, number)
    return accepted


@pytest.mark.parametrize("name", SEEDS)
def test_unchanged_graphs_are_accepted(name: str) -> None:
    check_graph(SEEDS[name])


@pytest.mark.parametrize("seed", range(2))
def test_changed_graphs_are_refused_or_paint(seed: int, tmp_path: Path) -> None:
    before = peak_memory()

    accepted = try_changes(seed, 75, tmp_path / "model.onnx")

    assert accepted < 75
    assert peak_memory() <= max(before, MOST_MEMORY)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(5))
def test_many_changed_graphs_are_refused_or_paint(
    number: int, tmp_path: Path, soak_seed: int, count: Count
) -> None:
    tally = count("altered ONNX graphs", soak_seed + number)

    accepted = try_changes(soak_seed + number, CHANGES, tmp_path / "model.onnx")

    tally.tried, tally.refused = CHANGES, CHANGES - accepted
    assert 0 < accepted < CHANGES
