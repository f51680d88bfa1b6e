"""Checkpoints: the state of a training as a file, so that it can resume where it was.

Only the network's first weights are random. So a checkpoint holds the network, the optimizer and
the place in the dataset, and no state of a random number generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import torch
from torch.optim import Optimizer

from csci_utils.errors import at_path
from csci_utils.files import replacing

from ..errors import TrainingError
from ..transformer_net import TransformerNet
from .data import Batch
from .saved import read_saved
from .settings import Settings, check_settings

_PARTS = frozenset({"network", "optimizer", "position", "settings"})

# What PyTorch and `Position` raise when a part is not what its name says.
_DAMAGE = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)


@dataclass
class Position:
    """How far a training is. All fields but the first two count from the start of the epoch."""

    epoch: int = 0
    """Epochs completed."""
    next_index: int = 0
    """Index in the sorted dataset at which the next batch starts."""
    batches: int = 0
    pictures: int = 0
    """Pictures trained on, without the damaged ones."""
    content: float = 0.0
    """Sum of the batches' content losses."""
    style: float = 0.0
    """Sum of the batches' style losses."""

    def advance(self, batch: Batch, content: float, style: float) -> None:
        """Add a batch that was trained on, and its losses."""
        self.next_index = batch.next_index
        self.batches += 1
        self.pictures += len(batch.pixels)
        self.content += content
        self.style += style


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
    optimizer.load_state_dict(dict(checkpoint["optimizer"]))
    return Position(**checkpoint["position"])


def _check_parts(saved: object) -> Mapping[str, Mapping[str, Any]]:
    """Return `saved` if it has the parts of a checkpoint; raise a TrainingError otherwise."""
    if not (isinstance(saved, dict) and saved.keys() == _PARTS and _are_dicts(saved.values())):
        raise TrainingError(
            "expected a checkpoint of a training, got something else that PyTorch saved",
            remedy="name a .ckpt file that a training wrote to its --checkpoint-model-dir; "
            "a style model cannot be trained further",
        )
    return cast("Mapping[str, Mapping[str, Any]]", saved)


def _are_dicts(parts: Iterable[object]) -> bool:
    return all(isinstance(part, dict) for part in parts)
