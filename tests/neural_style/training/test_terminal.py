"""`python -m neural_style train` on a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.networks.styles import ROOT
from tests.support.networks.training import THIN_PROGRAM, MakeArguments
from tests.support.terminal import run_in_terminal

pytest.importorskip("torch")


@pytest.mark.soak
def test_a_line_moves_between_the_log_lines(
    make_arguments: MakeArguments, dataset: Path, tmp_path: Path
) -> None:
    arguments = make_arguments(dataset=dataset, save_model_dir=tmp_path / "models", epochs=1)
    command = [sys.executable, "-c", THIN_PROGRAM, *arguments]

    terminal = run_in_terminal(command, columns=40, OMP_NUM_THREADS="1", PYTHONPATH=str(ROOT))

    assert terminal.exit_code == 0, terminal.raw
    moving = terminal.find("0:0")
    assert any(re.match(r"0:0\d training style\.png$", line) for line in moving)
    assert any(re.match(r"\[#+\.*\] +\d+% 0:\d\d", line) for line in moving)
    assert max(map(len, moving)) <= 40
    labels = [line.partition(" left")[2].strip() for line in moving]
    assert all("training style.png".startswith(label) for label in labels)
    assert terminal.lines[0] == "training on 5 pictures, on cpu"
    assert not [line for line in terminal.lines if line.startswith(("[", "0:"))]
