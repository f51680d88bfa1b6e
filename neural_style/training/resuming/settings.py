"""The settings that a training and the checkpoint it resumes from must share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import TrainingError
from ...pictures.arrays import Pixels
from ..data import digest_names
from ..options import TrainingOptions

Settings = Mapping[str, int | float | str]
"""Values by the names of their options; checkpoints hold them."""


def collect_settings(
    options: TrainingOptions, paths: Sequence[Path], style: Pixels, vgg_digest: str
) -> Settings:
    """Return what determines the weights. Epochs are left out: a training may be extended.

    Args:
        options: The options of the training.
        paths: The pictures in `options.dataset`.
        style: The style picture.
        vgg_digest: SHA-256 of the loss network's weights, as hex digits.
    """
    dataset_digest = digest_names(paths, options.dataset)
    return {
        "--batch-size": options.batch_size,
        "--image-size": options.image_size,
        "--base-width": options.base_width,
        "--seed": options.seed,
        "--content-weight": options.content_weight,
        "--style-weight": options.style_weight,
        "--lr": options.lr,
        "--style-image and --style-size": _shorten(hashlib.sha256(style.tobytes()).hexdigest()),
        "--dataset": f"{len(paths)} pictures, {_shorten(dataset_digest)}",
        "--vgg-weights": _shorten(vgg_digest),
    }


def check_settings(saved: Mapping[str, object], current: Settings) -> None:
    """Refuse to resume with other settings than those of the checkpoint.

    Raises:
        TrainingError: A setting differs or is missing in the checkpoint; the error names it.
    """
    for name, value in current.items():
        if name not in saved or saved[name] != value:
            raise TrainingError(
                f"the checkpoint was trained with another {name} "
                f"(then: {saved.get(name)}; now: {value})",
                remedy="resume with the same options, or train from the start without --resume",
            )


def _shorten(digest: str) -> str:
    return f"SHA-256 {digest[:16]}"
