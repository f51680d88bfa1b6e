"""Trainings that end after some minutes: `--minutes`, and the estimates of the time left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from torch import Tensor

from neural_style.training import clock, trainer
from neural_style.training.clock import Clock
from neural_style.training.events import Advanced, EpochProgress, Event, TimeOver
from neural_style.training.losses import PerceptualLoss
from neural_style.training.options import TrainingOptions
from tests.support.networks.training import Outcome, Train, differing_weights


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that `Clock` reads."""
    time = Time()
    monkeypatch.setattr(clock, "time", time)
    return time


def test_a_training_ends_when_the_minutes_have_passed(train: Train) -> None:
    outcome = train(epochs=100_000, minutes=1e-6)

    assert (outcome.code, outcome.err, outcome.files) == (0, "", ["style.pth"])
    assert outcome.out.splitlines()[-2] == "the time is over, in epoch 1/100000"
    assert "pictures 2/5" in outcome.out  # one batch


def test_minutes_that_are_not_needed_change_nothing(train: Train, trained: Outcome) -> None:
    outcome = train(minutes=1000)

    assert differing_weights(outcome, trained) == []
    assert "the time is over" not in outcome.out


def test_a_training_that_ended_early_resumes_with_the_same_weights(
    train: Train, trained: Outcome, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "checkpoints"
    train(minutes=1e-6, checkpoint_model_dir=checkpoints)

    resumed = train(resume=checkpoints / "style_epoch_1_batch_1.ckpt")

    assert differing_weights(resumed, trained) == []


def test_each_part_of_a_training_has_its_own_minutes(train: Train, tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    train(minutes=1e-6, checkpoint_model_dir=checkpoints)

    train(
        minutes=1e-6,
        checkpoint_model_dir=checkpoints,
        resume=checkpoints / "style_epoch_1_batch_1.ckpt",
    )

    names = sorted(path.name for path in checkpoints.iterdir())
    assert names == ["style_epoch_1_batch_1.ckpt", "style_epoch_1_batch_2.ckpt"]


@pytest.mark.usefixtures("one_thread")
def test_the_bar_ends_with_the_minutes(
    options: TrainingOptions, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch of 2 pictures takes a minute."""
    events: list[Event] = []

    def notify(event: Event) -> None:
        events.append(event)

    def train_on(self: PerceptualLoss, painted: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        time.seconds += 60
        return compute(self, painted, pictures)

    compute = PerceptualLoss.__call__
    monkeypatch.setattr(PerceptualLoss, "__call__", train_on)
    trainer.train(replace(options, epochs=10, minutes=4), notify)

    advanced = [event for event in events if isinstance(event, Advanced)]
    # The third batch has one picture: the speed is then 5 pictures in 3 minutes.
    assert advanced == [Advanced(2, 8), Advanced(4, 8), Advanced(5, 7), Advanced(7, 7)]
    assert TimeOver(2, 10) in events
    reports = [event.seconds_left for event in events if isinstance(event, EpochProgress)]
    assert reports == [pytest.approx(180), pytest.approx(72), 0]


def test_without_minutes_all_pictures_are_expected(time: Time) -> None:
    clock = Clock(None, done=10)
    time.seconds += 30

    assert not clock.is_over
    assert clock.estimate_total(20, 100) == 100
    assert clock.estimate_rest(20, 100) == pytest.approx(240)


def test_before_the_first_batch_nothing_is_estimated(time: Time) -> None:
    assert Clock(None, done=10).estimate_rest(10, 100) == 0


def test_losses_are_reported_after_a_minute_and_then_every_ten(time: Time) -> None:
    clock = Clock(None, done=0)
    due = []
    for _ in range(25):
        time.seconds += 60
        due.append(clock.is_report_due())

    assert [minute for minute, is_due in enumerate(due, start=1) if is_due] == [1, 11, 21]


@pytest.mark.parametrize("minutes", [0, -1, "nan", "soon"])
def test_what_is_no_time_ends_with_exit_code_2(minutes: object, train: Train) -> None:
    with pytest.raises(SystemExit) as ended:
        train(minutes=minutes)

    assert ended.value.code == 2
