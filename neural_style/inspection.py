"""Describe the style in a file, by loading it and painting a small picture."""

from __future__ import annotations

import time
from dataclasses import dataclass
from os import PathLike

import numpy as np
from PIL import Image

from .backends.base import Style
from .backends.loading import decode_style, load_style, read_style
from .errors import MissingDependencyError
from .formats.model_file import CHECKPOINT_SUFFIXES
from .options import RenderingOptions

_TRIAL_SIDE = 16  # px
_MAX_TRIALS = 32
_TRIAL_SECONDS = 3  # for all but the first of them


@dataclass(frozen=True)
class StyleDescription:
    """What the file of a style, or of several styles, contains."""

    base_width: int | None
    """Channels after the first convolution (official models: 32). None for a graph whose weights do
    not have the names of a `TransformerNet`'s."""
    count: int | None
    """How many numbered styles it has; None if it is one style without a number."""


def inspect(path: str | PathLike[str]) -> StyleDescription:
    """Load the style in the file at `path`, paint a picture of 16x16 px, and describe it.

    Of a file with many styles, 32 paint, evenly spread, or fewer where that takes over 3 s. A style
    that passes takes some milliseconds; a graph is also compiled, which takes up to a second.

    Where nothing is installed that paints a checkpoint, it is described from its weights alone.

    Raises:
        NeuralStyleError: As `load`, or the style does not paint.
    """
    file = read_style(path)
    try:
        style = load_style(file, RenderingOptions())
    except MissingDependencyError:
        if file.suffix not in CHECKPOINT_SUFFIXES:
            raise
        network = decode_style(file)
        return StyleDescription(network.description.base_width, network.count)
    first, *others = _choose(style)
    first(_trial_picture())
    deadline = time.monotonic() + _TRIAL_SECONDS
    for one in others:
        one(_trial_picture())
        if time.monotonic() > deadline:
            break
    return StyleDescription(style.base_width, style.count)


def _choose(style: Style) -> list[Style]:
    if style.count is None:
        return [style]
    numbers = np.linspace(0, style.count - 1, min(style.count, _MAX_TRIALS)).round()
    return [style.with_number(int(number)) for number in numbers]


def _trial_picture() -> Image.Image:
    """Return a picture from black to white, with different colors on the way."""
    levels = np.linspace(0, 255, _TRIAL_SIDE).round()
    across, down = np.meshgrid(levels, levels)
    colors = np.stack([across, down, (across + down) / 2], axis=-1)
    return Image.fromarray(colors.astype(np.uint8))
