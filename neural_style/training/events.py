"""What a training reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import PictureError


@dataclass(frozen=True)
class Started:
    """The training is set up and begins."""

    pictures: int
    """Pictures in the dataset, damaged ones included."""
    device: str
    """As PyTorch names it, such as cpu or cuda:0."""


@dataclass(frozen=True)
class Advanced:
    """A batch is done."""

    done: int
    """Pictures passed in all epochs."""
    total: int
    """Pictures to pass in all epochs."""


@dataclass(frozen=True)
class EpochProgress:
    """How far an epoch is, with its losses so far."""

    epoch: int
    """Counted from 1."""
    epochs: int
    pictures: int
    """Pictures trained on in this epoch."""
    total: int
    """Pictures in the dataset, damaged ones included."""
    content: float
    """Content loss times its weight, mean over the epoch's batches so far."""
    style: float
    """Style loss times its weight, mean over the epoch's batches so far."""


@dataclass(frozen=True)
class Skipped:
    """A picture of the dataset cannot be read. Each one is reported once."""

    error: PictureError


@dataclass(frozen=True)
class Written:
    """A model, preview or checkpoint is complete on the disk."""

    path: Path


Event = Started | Advanced | EpochProgress | Skipped | Written
