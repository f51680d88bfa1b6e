"""What a training tells of, when it happens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError


@dataclass(frozen=True)
class Started:
    """What a training begins with."""

    pictures: int
    device: str


@dataclass(frozen=True)
class Progress:
    """The losses, each times its weight, and the mean over the batches of the epoch so far."""

    epoch: int
    """From 1."""
    epochs: int
    pictures: int
    """Pictures seen in this epoch."""
    total: int
    """Pictures in the dataset, damaged ones included."""
    content: float
    style: float


@dataclass(frozen=True)
class Skipped:
    """A picture of the dataset that cannot be read."""

    error: PictureError


@dataclass(frozen=True)
class Written:
    """A file that is there now: the model, a preview or a checkpoint."""

    path: Path


Event = Started | Progress | Skipped | Written
