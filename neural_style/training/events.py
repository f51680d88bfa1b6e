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
    in_bf16: bool | None = None
    """Whether this processor has bf16, if the training is to use it; None if it is not."""


@dataclass(frozen=True)
class Advanced:
    """A batch is done."""

    done: int
    """Pictures passed in all epochs."""
    total: int
    """Pictures that will have been passed at the end: those of all epochs, or fewer if there are
    minutes for fewer."""


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
    seconds_left: float
    """How long the training still takes, at the speed so far."""


@dataclass(frozen=True)
class TimeOver:
    """The minutes of the training have passed."""

    epoch: int
    """The epoch in which the training ends, from 1."""
    epochs: int


@dataclass(frozen=True)
class Skipped:
    """A picture of the dataset cannot be read. Each one is reported once."""

    error: PictureError


@dataclass(frozen=True)
class Written:
    """A model, preview or checkpoint is complete on the disk."""

    path: Path


@dataclass(frozen=True)
class BestWritten:
    """The best model so far is complete on the disk, in place of the one before."""

    path: Path
    loss: float
    """Its total loss, as a mean over the last `WINDOW` batches."""


Event = Started | Advanced | EpochProgress | TimeOver | Skipped | Written | BestWritten
