"""Checkpoints: the state of a training as a file, so that it can resume where it was.

Only the network's first weights are random. So a checkpoint holds the network, the optimizer and
the place in the dataset, and no state of a random number generator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from csci_utils.errors import at_path
from csci_utils.files import replacing

from ...errors import TrainingError
from ...transformer_net import TransformerNet
from ..data import Batch
from ..saved import read_saved
from .settings import Settings, check_settings

WINDOW = 50
"""Batches over which losses are averaged to find the best model: single batches differ too much."""

_PARTS = frozenset({"network", "optimizer", "position", "settings"})
_LOSSES = ("content", "style", "recent_losses", "lowest_loss")  # of the fields of a position
_MAX_NUMBER = 2**53  # in a position; larger ones are not exact as floats

# What PyTorch and `Position` raise when a part is not what its name says.
_DAMAGE = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass
class Position:
    """How far a training is."""

    epoch: int = 0
    """Epochs completed. The next five fields count from the start of the epoch that follows."""
    next_index: int = 0
    """Index in the sorted dataset at which the next batch starts."""
    batches: int = 0
    pictures: int = 0
    """Pictures trained on, without the damaged ones."""
    content: float = 0.0
    """Sum of the batches' content losses."""
    style: float = 0.0
    """Sum of the batches' style losses."""
    recent_losses: list[float] = field(default_factory=list)
    """Total losses of the last batches, at most `WINDOW`, also of earlier epochs."""
    unchecked: int = 0
    """Batches since the mean of these losses was last compared with the lowest one."""
    lowest_loss: float = 0.0
    """The lowest mean so far of `WINDOW` batches; 0 if there is none."""

    def advance(self, batch: Batch, content: float, style: float) -> None:
        """Add a batch that was trained on, and its losses."""
        self.next_index = batch.next_index
        self.batches += 1
        self.pictures += len(batch.pixels)
        self.content += content
        self.style += style
        self.recent_losses = [*self.recent_losses, content + style][-WINDOW:]
        self.unchecked += 1

    def has_lowest_loss(self, at_end: bool) -> bool:
        """Compare the mean loss of the last `WINDOW` batches with the lowest one until now.

        Args:
            at_end: Whether the training ends. Otherwise the batches are compared once.

        Returns:
            True if it is lower; it is the lowest one from now on.
        """
        is_due = self.unchecked >= WINDOW or (at_end and self.unchecked > 0)
        if not is_due or len(self.recent_losses) < WINDOW:
            return False
        self.unchecked = 0
        mean = sum(self.recent_losses) / WINDOW
        is_lower = self.lowest_loss == 0 or mean < self.lowest_loss
        self.lowest_loss = mean if is_lower else self.lowest_loss
        return is_lower

    def next_epoch(self) -> Position:
        """Return the position at the start of the epoch that follows."""
        kept = (self.recent_losses, self.unchecked, self.lowest_loss)
        return Position(self.epoch + 1, 0, 0, 0, 0.0, 0.0, *kept)


def save_checkpoint(
    path: Path,
    network: TransformerNet,
    optimizer: Optimizer,
    position: Position,
    settings: Settings,
) -> None:
    """Replace `path` atomically with a checkpoint that `load_checkpoint` reads.

    Raises:
        TrainingError: The file cannot be written.
    """
    checkpoint = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "position": asdict(position),
        "settings": dict(settings),
    }
    file = BytesIO()  # if the disk is full, PyTorch's own writer does not say so
    torch.save(checkpoint, file)
    with replacing(path, TrainingError) as temporary_path:
        temporary_path.write_bytes(file.getbuffer())


def load_checkpoint(
    path: Path, network: TransformerNet, optimizer: Optimizer, settings: Settings
) -> Position:
    """Restore `network` and `optimizer` from a checkpoint, and return its position.

    Raises:
        TrainingError: The file is not a readable checkpoint, or its training had other settings.
    """
    with at_path(path):
        checkpoint = _check_parts(read_saved(path))
        check_settings(checkpoint["settings"], settings)
        try:
            return _restore(checkpoint, network, optimizer)
        except _DAMAGE as error:
            raise TrainingError(
                "the checkpoint is incomplete or damaged", remedy="resume from another one"
            ) from error


def _restore(
    checkpoint: Mapping[str, Mapping[str, Any]], network: TransformerNet, optimizer: Optimizer
) -> Position:
    network.load_state_dict(checkpoint["network"])
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    moments = _check_moments(checkpoint["optimizer"]["state"], trained)
    # The settings, which are checked, determine the optimizer's options.
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    return _check_position(Position(**checkpoint["position"]))


def _check_moments(state: Mapping[int, Any], parameters: Sequence[Tensor]) -> Mapping[int, Any]:
    """Return Adam's state of each parameter if it is one.

    Raises:
        ValueError: It is not: the first step of the training would fail.
    """
    for index, moments in state.items():
        shapes = {name: tuple(value.shape) for name, value in moments.items()}
        shape = tuple(parameters[index].shape)
        if shapes != {"step": (), "exp_avg": shape, "exp_avg_sq": shape}:
            raise ValueError(f"the optimizer's state of parameter {index} has other shapes")
    return state


def _check_position(position: Position) -> Position:
    """Return `position` if its fields are numbers.

    Raises:
        ValueError: They are not.
    """
    for name, value in asdict(position).items():
        numbers = (int, float) if name in _LOSSES else (int,)
        for one in value if name == "recent_losses" else [value]:
            if type(one) not in numbers or not 0 <= one < _MAX_NUMBER:
                raise ValueError(f"the position's {name} is not a number from 0")
    return position


def _check_parts(saved: object) -> Mapping[str, Mapping[str, Any]]:
    """Return `saved` if it has the parts of a checkpoint; raise a TrainingError otherwise."""
    if not (isinstance(saved, dict) and saved.keys() == _PARTS and _are_parts(saved)):
        raise TrainingError(
            "expected a checkpoint of a training, got something else that PyTorch saved",
            remedy="name a .ckpt file that a training wrote to its --checkpoint-model-dir; "
            "a style model cannot be trained further",
        )
    return cast("Mapping[str, Mapping[str, Any]]", saved)


def _are_parts(saved: Mapping[str, object]) -> bool:
    settings = saved["settings"]
    return (
        all(isinstance(part, dict) for part in saved.values())
        and isinstance(settings, dict)
        and all(isinstance(value, (int, float, str)) for value in settings.values())
    )
