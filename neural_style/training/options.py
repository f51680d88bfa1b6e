"""What a training can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_SEED = 2**32 - 1  # as in the reference implementation
MINIMUM_SIDE = 8  # px: the network that judges halves sides three times


@dataclass(frozen=True)
class TrainingOptions:
    """The settings of one training; the defaults are the reference implementation's."""

    dataset: Path
    """A folder of pictures, in folders inside it or not."""
    style_image: Path
    save_model_dir: Path
    """Where the trained network and the previews go; made if it is not there."""
    checkpoint_model_dir: Path | None = None
    """Where checkpoints go, made if it is not there; without one there are none."""
    model_name: str | None = None
    """What the trained network's file is called, without suffix; None for as the style picture."""
    epochs: int = 2
    batch_size: int = 4
    image_size: int = 256
    """Both sides, in px, of what is cut out of each picture."""
    style_size: int | None = None
    """Both sides, in px, that the style picture is resized to; None for its own."""
    base_width: int = 32
    """Channels after the first convolution: see `TransformerNet`."""
    seed: int = 42
    content_weight: float = 1e5
    style_weight: float = 1e10
    lr: float = 1e-3
    log_interval: int = 500
    """Batches between two reports of the losses; all intervals are counted anew in each epoch."""
    checkpoint_interval: int = 2000
    preview_image: Path | None = None
    """A picture to paint with the network as it is; without one there are no previews."""
    preview_interval: int = 500
    vgg_weights: Path | None = None
    """A state dict of torchvision's vgg16; None to download torchvision's."""
    resume: Path | None = None
    """The checkpoint to go on from."""
    device: str = "cpu"
    """As `neural_style.load` takes it."""
