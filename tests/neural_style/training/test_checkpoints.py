"""Checkpoints of trainings: what is restored, and what is refused before the first step."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch.optim import Adam

from neural_style.errors import TrainingError
from neural_style.training.resuming.checkpoints import Position, load_checkpoint, save_checkpoint
from neural_style.training.resuming.settings import Settings
from neural_style.transformer_net import TransformerNet

SETTINGS: Settings = {"--seed": 1, "--lr": 0.001, "--dataset": "2 pictures"}
POSITION = Position(1, 2, 3, 4, 0.5, 0.25, [1.5, 2.5], 2, 3.5)

Content = dict[str, Any]


def make_training() -> tuple[TransformerNet, Adam]:
    """Return a small network and its optimizer, before the first step."""
    network = TransformerNet(1)
    return network, Adam(network.parameters(), 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint after one step."""
    network, optimizer = make_training()
    network(torch.rand(1, 3, 16, 16) * 255).sum().backward()
    optimizer.step()
    save_checkpoint(tmp_path / "file.ckpt", network, optimizer, POSITION, SETTINGS)
    return tmp_path / "file.ckpt"


def test_everything_is_restored(path: Path) -> None:
    saved = torch.load(path, weights_only=True)
    network, optimizer = make_training()

    position = load_checkpoint(path, network, optimizer, SETTINGS)

    assert position == POSITION
    restored = optimizer.state_dict()
    assert restored["param_groups"] == saved["optimizer"]["param_groups"]
    for index, moments in saved["optimizer"]["state"].items():
        assert restored["state"][index].keys() == moments.keys()
        assert all(torch.equal(restored["state"][index][name], moments[name]) for name in moments)
    state = network.state_dict()
    assert all(torch.equal(state[name], value) for name, value in saved["network"].items())


def test_a_training_without_a_step_is_restored(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "new.ckpt", *make_training(), Position(), SETTINGS)

    assert load_checkpoint(tmp_path / "new.ckpt", *make_training(), SETTINGS) == Position()


def change_moments(name: str, value: object) -> Callable[[Content], None]:
    """Return a function that changes the optimizer's state of the first parameter."""
    return lambda content: content["optimizer"]["state"][0].update({name: value})


def change_position(name: str, value: object) -> Callable[[Content], None]:
    """Return a function that changes the position."""
    return lambda content: content["position"].update({name: value})


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(change_moments("exp_avg", torch.zeros(3)), id="another shape"),
        pytest.param(change_moments("exp_avg", "text"), id="text"),
        pytest.param(change_moments("exp_avg", 1.0), id="a number"),
        pytest.param(change_moments("step", torch.zeros(2)), id="two steps"),
        pytest.param(change_moments("step", "one"), id="step as text"),
        pytest.param(change_moments("more", torch.zeros(2)), id="more moments"),
        pytest.param(lambda c: c["optimizer"]["state"][0].pop("exp_avg_sq"), id="one missing"),
        pytest.param(lambda c: c["optimizer"]["state"].update({0: "text"}), id="no moments"),
        pytest.param(lambda c: c["optimizer"]["state"].update({99: {}}), id="unknown parameter"),
        pytest.param(lambda c: c["optimizer"]["state"].update({"a": {}}), id="text as parameter"),
        pytest.param(lambda c: c["optimizer"].update(state=[]), id="list as state"),
        pytest.param(lambda c: c["optimizer"].clear(), id="no state"),
        pytest.param(change_position("epoch", "two"), id="epoch as text"),
        pytest.param(change_position("epoch", -1), id="negative epoch"),
        pytest.param(change_position("epoch", True), id="bool as epoch"),
        pytest.param(change_position("next_index", 2**60), id="huge index"),
        pytest.param(change_position("batches", 0.5), id="half a batch"),
        pytest.param(change_position("pictures", torch.zeros(3)), id="tensor as number"),
        pytest.param(change_position("content", math.nan), id="NaN as loss"),
        pytest.param(change_position("style", [1.0]), id="list as loss"),
        pytest.param(change_position("recent_losses", [1.0, "low"]), id="text as recent loss"),
        pytest.param(change_position("recent_losses", 1.0), id="one recent loss"),
        pytest.param(change_position("recent_losses", [math.inf]), id="infinite recent loss"),
        pytest.param(change_position("more", 1), id="another field"),
        pytest.param(lambda c: c["position"].update({5: 1}), id="number as field"),
        pytest.param(lambda c: c["network"].update(more=torch.zeros(1)), id="another network"),
    ],
)
def test_a_damaged_part_is_refused(damage: Callable[[Content], object], path: Path) -> None:
    content: Content = torch.load(path, weights_only=True)
    damage(content)
    torch.save(content, path)

    with pytest.raises(TrainingError, match="the checkpoint is incomplete or damaged"):
        load_checkpoint(path, *make_training(), SETTINGS)


@pytest.mark.parametrize("value", [torch.zeros(3), [1], None, {"a": 1}], ids=str)
def test_a_setting_that_is_no_value_is_refused(value: object, path: Path) -> None:
    content: Content = torch.load(path, weights_only=True)
    content["settings"]["--seed"] = value
    torch.save(content, path)

    with pytest.raises(TrainingError, match="expected a checkpoint of a training"):
        load_checkpoint(path, *make_training(), SETTINGS)
