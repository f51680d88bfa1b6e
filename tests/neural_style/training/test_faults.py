"""Trainings whose last write fails, or whose lines nobody reads."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

Training = Callable[..., Any]


def test_a_model_that_cannot_be_written_is_kept_in_a_temporary_folder(
    train: Training, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = train_and_lose_the_folder(train, tmp_path, monkeypatch)
    (kept_path,) = (tmp_path / "temporary").glob("*/style.pth")
    assert outcome.code == 1
    assert outcome.err == (
        f"error: {outcome.folder}/style.pth: expected the folder {outcome.folder} to exist; create "
        f"it first; the trained network was kept in {kept_path}: move it to where it belongs\n"
    )
    outcome.folder = kept_path.parent
    assert outcome.differs_in(trained) == []


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_model_that_cannot_be_kept_either_is_one_line(
    train: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir(mode=0o500)
    outcome = train_and_lose_the_folder(train, tmp_path, monkeypatch)
    assert outcome.code == 1
    assert outcome.err.endswith("to exist; create it first\n")


def train_and_lose_the_folder(
    train: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    from neural_style.training import trainer

    def run_without_folder(training: Any) -> None:
        original(training)
        (tmp_path / "models-0").rmdir()

    original = trainer._Training.run
    monkeypatch.setattr(trainer._Training, "run", run_without_folder)
    (tmp_path / "temporary").mkdir(exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return train()


def test_a_training_goes_on_when_nobody_listens_any_more(
    make_arguments: Callable[..., list[str]], dataset: Path, tmp_path: Path
) -> None:
    arguments = make_arguments(dataset=dataset, save_model_dir=tmp_path / "models", epochs=1)
    with subprocess.Popen(
        [sys.executable, "-m", "neural_style", *arguments, "--log-interval=1"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""},  # one, as `train`
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert (tmp_path / "models" / "style.pth").exists()
