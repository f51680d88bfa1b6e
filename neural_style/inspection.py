"""Describe the style in a file, by loading it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from .backends.loading import load, load_weights
from .formats.model_file import CHECKPOINT_SUFFIXES
from .formats.weights import width_of


@dataclass(frozen=True)
class StyleDescription:
    """What the file of a style, or of several styles, contains."""

    base_width: int | None
    """Channels after the first convolution (official models: 32). None for a graph whose weights do
    not have the names of a `TransformerNet`'s."""
    count: int | None
    """How many numbered styles it has; None if it is one style without a number."""


def inspect(path: str | PathLike[str]) -> StyleDescription:
    """Load the style in the file at `path`, and describe it.

    Raises:
        NeuralStyleError: As `load`.
    """
    if Path(path).suffix.lower() in CHECKPOINT_SUFFIXES:
        return StyleDescription(width_of(load_weights(path)), None)
    style = load(path)
    return StyleDescription(style.base_width, style.count)
