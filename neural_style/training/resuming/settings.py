"""The settings that a training and the checkpoint it resumes from must share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from csci_utils.files import read_file

from ...errors import StyleError, TrainingError
from ...formats.model_file import MAX_STYLE_BYTES
from ...options import EXACT
from ...pictures.arrays import Pixels
from ..data import digest_names
from ..options import ALL, TrainingOptions

_NONE = "none"
_EARLIER = {"--precision": EXACT, "--train": ALL, "--start-from": _NONE}
"""What checkpoints of earlier releases, which lack these settings, were trained with."""

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
        "--start-from": _digest_start(options.start_from),
        "--base-width": _NONE if options.start_from else options.base_width,
        "--train": options.train,
        "--precision": options.precision,
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
    known = {**_EARLIER, **saved}
    for name, value in current.items():
        if name not in known or known[name] != value:
            raise TrainingError(
                f"the checkpoint was trained with another {name} "
                f"(then: {known.get(name)}; now: {value})",
                remedy="resume with the same options, or train from the start without --resume",
            )


def _digest_start(path: Path | None) -> str:
    if path is None:
        return _NONE
    return _shorten(hashlib.sha256(read_file(path, StyleError, MAX_STYLE_BYTES)).hexdigest())


def _shorten(digest: str) -> str:
    return f"SHA-256 {digest[:16]}"
