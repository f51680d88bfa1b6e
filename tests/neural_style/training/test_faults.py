"""Trainings on machines that fail: no folder, no memory, nobody who reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from neural_style import StyleError
from neural_style.errors import TrainingError
from neural_style.training import losses, trainer
from neural_style.training.events import EpochProgress, Event
from neural_style.training.options import TrainingOptions
from tests.support.networks.styles import ROOT
from tests.support.networks.training import (
    THIN_PROGRAM,
    MakeArguments,
    Outcome,
    Train,
    load_state,
)


def at_the_end(action: Callable[[], None]) -> Callable[[Event], None]:
    """Return a callback for `train` that acts when the last epoch ends."""

    def notify(event: Event) -> None:
        if isinstance(event, EpochProgress) and event.epoch == event.epochs:
            action()

    return notify


@pytest.mark.usefixtures("one_thread")
def test_a_model_that_cannot_be_written_is_saved_to_a_temporary_folder(
    options: TrainingOptions, trained: Outcome, temporary_folder: Path
) -> None:
    with pytest.raises(TrainingError) as caught:
        trainer.train(options, at_the_end(options.save_model_dir.rmdir))

    (rescued_path,) = temporary_folder.glob("*/style.pth")
    rescued, expected = load_state(rescued_path), trained.weights
    assert all(torch.equal(rescued[key], expected[key]) for key in expected)
    assert str(caught.value).startswith(f"{options.save_model_dir / 'style.pth'}: ")
    assert caught.value.remedy == (
        f"the model was saved as {rescued_path}; move it to where you want it"
    )


@pytest.mark.usefixtures("bound_by_permissions", "one_thread")
def test_a_model_that_cannot_be_saved_anywhere_is_one_error(
    options: TrainingOptions, temporary_folder: Path
) -> None:
    def deny_all() -> None:
        options.save_model_dir.rmdir()
        temporary_folder.chmod(0o500)

    with pytest.raises(StyleError, match=r"expected the folder .* to exist"):
        trainer.train(options, at_the_end(deny_all))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("DefaultCPUAllocator: no room"), "DefaultCPUAllocator: no room"),
        (torch.OutOfMemoryError("CUDA out of memory"), "CUDA out of memory"),
    ],
)
def test_too_little_memory_is_one_line_with_a_remedy(
    error: Exception, reason: str, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(losses.PerceptualLoss, "__call__", fail)

    outcome = train()

    assert outcome.code == 1
    assert outcome.err == (
        f"error: PyTorch cannot train on this device, cpu ({reason}); if it has too little memory, "
        "lower --batch-size, --image-size or --style-size\n"
    )


@pytest.mark.soak
def test_a_training_goes_on_when_nobody_reads_its_output(
    make_arguments: MakeArguments, dataset: Path, tmp_path: Path
) -> None:
    arguments = make_arguments(dataset=dataset, save_model_dir=tmp_path / "models", epochs=1)

    with subprocess.Popen(
        [sys.executable, "-c", THIN_PROGRAM, *arguments, "--log-interval=1"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": ""},  # one, as `train`
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()

    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "models" / "style.pth").exists()
