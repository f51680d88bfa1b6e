"""The best model so far."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from neural_style.errors import TrainingError
from neural_style.training.data import Batch
from neural_style.training.resuming import checkpoints
from neural_style.training.resuming.checkpoints import Position
from tests.support.networks.training import (
    Outcome,
    Train,
    differing_weights,
    load_state,
    read_losses,
)


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses are averaged over two batches: in six batches there are three windows."""
    monkeypatch.setattr(checkpoints, "WINDOW", 2)


def advance(position: Position, *losses: float) -> list[bool]:
    """Add batches with these losses; return whether each makes the model the best one."""
    found = []
    for loss in losses:
        position.advance(Batch(np.zeros((1, 3, 8, 8), np.float32), 0), loss, 0)
        found.append(position.has_lowest_loss(at_end=False))
    return found


def test_the_lowest_mean_of_a_full_window_is_the_best(short_windows: None) -> None:
    position = Position()

    found = advance(position, 4, 2, 1, 7, 3, 2.5, 2, 4)

    assert found == [False, True, False, False, False, True, False, False]
    assert position.lowest_loss == 2.75


def test_windows_and_the_best_go_on_in_the_next_epoch(short_windows: None) -> None:
    position = Position()
    advance(position, 4, 2, 1)

    following = position.next_epoch()

    assert (following.epoch, following.batches, following.content) == (1, 0, 0)
    assert advance(following, 2) == [True]
    assert following.lowest_loss == 1.5


def test_at_the_end_the_last_batches_are_compared(short_windows: None) -> None:
    position = Position()
    advance(position, 4, 2, 1)

    assert position.has_lowest_loss(at_end=True)
    assert position.lowest_loss == 1.5
    assert not position.has_lowest_loss(at_end=True)  # nothing is new


@pytest.mark.usefixtures("short_windows")
def test_the_last_model_is_the_best_if_its_loss_is_the_lowest(train: Train) -> None:
    outcome = train(log_interval=1, batch_size=5, epochs=3)

    losses = [loss.total for loss in read_losses(outcome)]
    assert losses[2] < losses[0]
    assert not differing(outcome.folder / "style_best.pth", outcome.folder / "style.pth")


@pytest.mark.usefixtures("short_windows")
def test_the_best_model_is_kept_beside_the_last(train: Train) -> None:
    outcome = train(log_interval=1, batch_size=5, epochs=4)

    losses = [loss.total for loss in read_losses(outcome)]
    means = [sum(losses[start : start + 2]) / 2 for start in (0, 2)]
    lines = outcome.out.splitlines()
    path = outcome.folder / "style_best.pth"
    assert outcome.files == ["style.pth", "style_best.pth"]
    assert lines.count(f"wrote {path}") == 1  # the second replaces the first without a line
    line, _, mean = lines[-1].removesuffix(")").partition(" (mean total ")
    assert line == f"best model: {path}"
    assert float(mean) == pytest.approx(min(means), rel=1e-6)  # the printed losses are rounded


@pytest.mark.usefixtures("short_windows")
def test_the_best_model_is_named_after_a_failure_too(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_later(training: object, content: float, style: float) -> None:
        losses.append(content + style)
        if len(losses) == 4:
            raise TrainingError("failed", remedy="none")

    losses: list[float] = []
    monkeypatch.setattr("neural_style.training.trainer._Training._check_losses", fail_later)

    outcome = train()

    assert (outcome.code, outcome.files) == (1, ["style_best.pth"])
    assert outcome.out.splitlines()[-1].startswith(f"best model: {outcome.folder}/style_best.pth")
    assert outcome.err == "error: failed; none\n"


@pytest.mark.usefixtures("short_windows")
def test_the_best_model_has_the_weights_of_its_batch(train: Train) -> None:
    outcome = train(epochs=2, batch_size=5, lr=1e-6)  # one window, at the end

    best = load_state(outcome.folder / "style_best.pth")
    assert all((best[key] == value).all() for key, value in outcome.weights.items())


def test_a_worse_model_does_not_replace_the_best(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "WINDOW", 1)
    first = train(epochs=1, batch_size=5, lr=1000)

    worse = train(epochs=3, batch_size=5, lr=1000, log_interval=1)

    first_loss, *others = (loss.total for loss in read_losses(worse))
    assert min(others) > first_loss
    assert not differing(worse.folder / "style_best.pth", first.folder / "style.pth")
    assert differing(worse.folder / "style_best.pth", worse.folder / "style.pth")


def differing(one: Path, other: Path) -> bool:
    state, others = load_state(one), load_state(other)
    return any((value != others[key]).any() for key, value in state.items())


@pytest.mark.usefixtures("short_windows")
def test_a_resumed_training_keeps_the_same_best_model(train: Train, tmp_path: Path) -> None:
    whole = train(checkpoint_model_dir=tmp_path / "some", checkpoint_interval=1)
    resumed = train(resume=tmp_path / "some" / "style_epoch_1_batch_3.ckpt")

    assert differing_weights(resumed, whole) == []
    best = [outcome.out.splitlines()[-1].split("(")[1] for outcome in (whole, resumed)]
    assert best[0] == best[1]
    assert not differing(whole.folder / "style_best.pth", resumed.folder / "style_best.pth")


@pytest.mark.usefixtures("short_windows")
def test_the_best_model_of_another_training_is_not_replaced(train: Train, tmp_path: Path) -> None:
    (tmp_path / "style_best.pth").write_text("another")

    outcome = train(save_model_dir=tmp_path)

    assert outcome.code == 1
    assert outcome.err.startswith(
        f"error: {tmp_path}/style_best.pth: a model of this name exists already"
    )
    assert (tmp_path / "style_best.pth").read_text() == "another"


@pytest.mark.usefixtures("short_windows")
def test_a_resumed_training_replaces_its_own_best_model_alone(train: Train, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    train(epochs=1, save_model_dir=folder, checkpoint_model_dir=tmp_path / "some")
    model, best = ((folder / name).read_bytes() for name in ("style.pth", "style_best.pth"))

    resumed = train(save_model_dir=folder, resume=tmp_path / "some" / "style_epoch_1_batch_3.ckpt")

    assert resumed.files == ["style-2.pth", "style.pth", "style_best.pth"]
    assert (folder / "style_best.pth").read_bytes() != best
    assert (folder / "style.pth").read_bytes() == model


def test_fewer_batches_than_a_window_keep_no_other_model(trained: Outcome) -> None:
    assert trained.files == ["style.pth"]
    assert "best model" not in trained.out
