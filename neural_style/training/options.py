"""The settings of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..options import EXACT

ALL, NORMS = "all", "norms"

MAX_SEED = 2**32 - 1
"""Largest seed that the reference implementation takes."""

MINIMUM_SIDE = 8
"""Shortest side, in px, that the loss network takes: it halves sides three times."""

MAX_SAVED_BYTES = 600_000_000
"""The largest file of weights or of a checkpoint: torchvision's vgg16 has 553 million bytes."""


@dataclass(frozen=True)
class TrainingOptions:
    """The settings of one training; the defaults are the reference implementation's."""

    dataset: Path
    """Folder of pictures to train on; its subfolders count, too."""
    style_image: Path
    """Picture whose style is learned."""
    save_model_dir: Path
    """Folder for the model and the previews; created if missing."""
    checkpoint_model_dir: Path | None = None
    """Folder for checkpoints, created if missing; None for no checkpoints."""
    model_name: str | None = None
    """File name of the model without suffix; None for that of the style picture."""
    epochs: int = 2
    minutes: float | None = None
    """End after the first batch that is done when this much time has passed; None for no limit."""
    batch_size: int = 4
    image_size: int = 256
    """Side, in px, of the square cut out of each picture."""
    style_size: int | None = None
    """Side, in px, of the square that the style picture is resized to; None for its own size."""
    base_width: int = 32
    """Channels after the first convolution: see `TransformerNet`. Without effect if `start_from` is
    given, whose width is that of the file."""
    start_from: Path | None = None
    """Model to train further; None for random weights. The trained model is written in its format,
    or as .safetensors if it is an ONNX graph."""
    train: str = ALL
    """`ALL`, or `NORMS` for the scales and shifts of the normalizations alone. They are all that
    distinguishes the styles of one network in Dumoulin et al., https://arxiv.org/abs/1610.07629."""
    precision: str = EXACT
    """`EXACT` for fp32 as in the reference implementation; `FAST` for other layouts of memory, and
    bf16 where the processor has it. The weights and the optimizer stay in fp32."""
    seed: int = 42
    content_weight: float = 1e5
    style_weight: float = 1e10
    lr: float = 1e-3
    """Learning rate of Adam."""
    log_interval: int = 500
    """Batches between two reports of the losses. All intervals restart with each epoch."""
    checkpoint_interval: int = 2000
    """Batches between two checkpoints."""
    preview_image: Path | None = None
    """Picture to paint with the unfinished network; None for no previews."""
    preview_interval: int = 500
    """Batches between two previews."""
    vgg_weights: Path | None = None
    """State dict of torchvision's vgg16; None to download torchvision's."""
    resume: Path | None = None
    """Checkpoint to resume from."""
    device: str = "cpu"
    """Device to train on, as `neural_style.load` takes it."""
