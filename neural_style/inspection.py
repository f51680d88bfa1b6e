"""Describe the style in a file, by loading it and painting a small picture."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike

import numpy as np
from PIL import Image

from .backends.base import Style
from .backends.loading import decode_style, load_style, read_style
from .errors import MissingDependencyError, StyleError
from .networks.description import NetworkDescription
from .networks.network import StyleNetwork
from .options import RenderingOptions

_TRIAL_SIDE = 16  # px
_MAX_TRIALS = 32
_TRIAL_SECONDS = 3  # for all but the first of them


@dataclass(frozen=True)
class StyleDescription:
    """What the file of a style, or of several styles, contains."""

    base_width: int | None
    """Channels after the first convolution (official models: 32). None for a graph in which no
    network is recognized; then so are `channels`, `blocks` and `output`."""
    count: int | None
    """How many numbered styles it has; None if it is one style without a number."""
    channels: Sequence[int] | None = None
    """Those after each convolution: see `NetworkDescription.channels`."""
    blocks: int | None = None
    """The number of residual blocks."""
    output: str | None = None
    """"levels" or "sigmoid": see `NetworkDescription.output`."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What the file says about itself, such as which program made it from which picture."""


def inspect(path: str | PathLike[str]) -> StyleDescription:
    """Load the style in the file at `path`, paint a picture of 16x16 px, and describe it.

    Of a file with many styles, 32 paint, evenly spread, or fewer where that takes over 3 s. A style
    that passes takes some milliseconds; a graph is also compiled, which takes up to a second.

    Where nothing is installed that paints a network, it is described from its weights alone.

    Raises:
        NeuralStyleError: As `load`, or the style does not paint, or only black, as one does whose
            colors are in 0..1 or -1..1.
    """
    file = read_style(path)
    try:
        style = load_style(file, RenderingOptions())
    except MissingDependencyError:
        network = decode_style(file)
        if not isinstance(network, StyleNetwork):
            raise
        return _describe(network.description, network.count, network.notes)
    first, *others = _choose(style)
    painted = first(_trial_picture())
    if style.count is None and np.asarray(painted).max() <= 1:
        raise StyleError(
            "expected colors from 0 to 255 from this network, but those that it paints end at 1",
            path=path,
            remedy="export it with an output that is multiplied by 255",
        )
    deadline = time.monotonic() + _TRIAL_SECONDS
    for one in others:
        one(_trial_picture())
        if time.monotonic() > deadline:
            break
    return _describe(style.network, style.count, style.notes)


def _describe(
    network: NetworkDescription | None, count: int | None, notes: Mapping[str, str]
) -> StyleDescription:
    if network is None:
        return StyleDescription(None, count, notes=notes)
    return StyleDescription(
        network.base_width, count, network.channels, network.blocks, network.output, notes
    )


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
