"""What the file of a style holds, found out by loading it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from .backends.loading import load, load_weights
from .formats.model_file import CHECKPOINT_SUFFIXES
from .formats.weights import width_of


@dataclass(frozen=True)
class StyleDescription:
    """What is in the file of a style, or of several."""

    base_width: int | None
    """Channels after the first convolution (the official models: 32).

    None for a graph that does not have the weights of a `TransformerNet` under their names.
    """
    count: int | None
    """How many numbered styles it has; None if it is one style without a number."""


def inspect(path: str | PathLike[str]) -> StyleDescription:
    """Load the style in the file at `path`, and say what it is.

    Raises:
        NeuralStyleError: as `load`.
    """
    if Path(path).suffix.lower() in CHECKPOINT_SUFFIXES:
        return StyleDescription(width_of(load_weights(path)), None)
    style = load(path)
    return StyleDescription(style.base_width, style.count)
