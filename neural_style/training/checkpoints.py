"""From a training to a file and back, so that it goes on as if it had not been interrupted.

Nothing in a training is random but the network's first weights, so there is no state of a random
number generator to keep: network, optimizer and place in the dataset are all.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from .saved import read_saved

Setting = int | float | str | None

_PARTS = frozenset({"network", "optimizer", "position", "settings"})


@dataclass
class Position:
    """Where a training is."""

    epoch: int = 0
    """Epochs that are finished."""
    next_index: int = 0
    """Where in the sorted dataset the next batch begins."""
    batches: int = 0
    """Batches trained on in this epoch; the fields below are of this epoch, too."""
    pictures: int = 0
    content: float = 0.0
    """The sum of the content losses of all batches."""
    style: float = 0.0


def save_checkpoint(
    path: Path,
    network: TransformerNet,
    optimizer: Optimizer,
    position: Position,
    settings: Mapping[str, Setting],
) -> None:
    """Write all that `load_checkpoint` needs to `path`, whole or not at all.

    Args:
        settings: by the names of their options, what a training that goes on from here must agree
            in.

    Raises:
        TrainingError: the file cannot be written.
    """
    checkpoint = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "position": asdict(position),
        "settings": dict(settings),
    }
    file = BytesIO()  # PyTorch itself says of a full disk only that writing failed
    torch.save(checkpoint, file)
    with replacing(path, TrainingError) as temporary_path:
        temporary_path.write_bytes(file.getbuffer())


def load_checkpoint(
    path: Path,
    network: TransformerNet,
    optimizer: Optimizer,
    settings: Mapping[str, Setting],
) -> Position:
    """Put the state in the file into `network` and `optimizer`.

    Returns:
        Where the training was.

    Raises:
        TrainingError: the file is no checkpoint of `save_checkpoint`, or of a training with other
            settings.
    """
    with at_path(path):
        checkpoint = _check_parts(read_saved(path))
        _check_settings(checkpoint["settings"], settings)
        try:
            network.load_state_dict(checkpoint["network"])
            optimizer.load_state_dict(dict(checkpoint["optimizer"]))
            return Position(**checkpoint["position"])
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise TrainingError(
                f"expected a checkpoint of this training, got a damaged one ({error}); "
                "resume from another"
            ) from error


def _check_parts(saved: object) -> Mapping[str, Mapping[str, Any]]:
    is_checkpoint = (
        isinstance(saved, dict)
        and saved.keys() == _PARTS
        and all(isinstance(part, dict) for part in saved.values())
    )
    if not is_checkpoint:
        raise TrainingError(
            "expected a checkpoint that a training left in its --checkpoint-model-dir, got "
            "something else that PyTorch saved; a style model cannot be trained further"
        )
    return cast("Mapping[str, Mapping[str, Any]]", saved)


def _check_settings(saved: Mapping[str, Setting], wanted: Mapping[str, Setting]) -> None:
    for name, value in wanted.items():
        if name not in saved or saved[name] != value:
            raise TrainingError(
                f"expected {name} as in the training of this checkpoint, {saved.get(name)}, "
                f"got {value}; resume with the same, or train anew without --resume"
            )
