"""Blends of the styles of several files.

What is blended depends on the networks. Where all convolutions are equal, as in files that
`imitate` made, scale and shift of each normalization are blended: the blend is a network of its
own, and paints as fast as one. `imitate` computes scale and shift from the 100 numbers that stand
for a style by an affine function, so blending them is blending the 100 numbers. Networks that were
trained apart, as the official ones, have nothing in common that could be blended: there the
paintings are, pixel by pixel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from csci_utils.errors import at_path

from ..backends.arena import Arena
from ..backends.base import Progress, Style
from ..backends.loading import StyleFile, decode_style, load_style, prepare_network
from ..networks.mixtures import check_number
from ..networks.network import StyleNetwork
from ..options import RenderingOptions, ignore
from ..pictures.arrays import Colors
from .names import digest_blend, read_numbers

_ROWS_AT_ONCE = 64  # of paintings that are blended
_STEPS = 1000  # of the progress of each painting

Part = tuple[StyleFile, int | None, float]
"""The file of a style, its number in the file if that has several, and its share of a blend."""


class BlendedStyle(Style):
    """Styles that paint one after the other, and whose paintings are blended.

    Besides what a style needs, one painting is in memory.
    """

    def __init__(self, parts: Sequence[tuple[Style, float]]) -> None:
        """Blend styles with these shares."""
        super().__init__(parts[0][0].path)
        self._parts = parts
        self.engine = " and ".join(dict.fromkeys(style.engine for style, _ in parts))

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Paint in each style, and keep the weighted mean of what is painted so far."""
        blended: Colors | None = None
        so_far = 0.0
        for index, (style, share) in enumerate(self._parts):
            painted = style.paint_taken([colors], self._follow(progress, index)).pop()
            painted = painted[: colors.shape[0], : colors.shape[1]]
            so_far += share
            if blended is None:
                blended = np.require(painted, requirements=["C", "W"])  # some are read-only
            else:
                _move(blended, painted, share / so_far)
            del painted
        assert blended is not None
        return blended

    def _follow(self, progress: Progress | None, index: int) -> Progress:
        """Return a receiver of the progress of one of the paintings."""

        def follow(done: int, total: int) -> None:
            if progress is not None:
                progress(_STEPS * index + _STEPS * done // total, _STEPS * len(self._parts))

        return follow

    def release(self) -> None:
        """Release what the styles keep for the next picture."""
        for style, _ in self._parts:
            style.release()


def choose(style: Style, number: int | str | None) -> Style:
    """Return the numbered style of a file, or a mixture of several: see `RenderingOptions`.

    Raises:
        StyleError: The file has no style of such a number.
    """
    if isinstance(number, str):
        return style.with_mix(read_numbers(number))
    return style if number is None else style.with_number(number)


def load_blend(
    parts: Sequence[Part],
    options: RenderingOptions,
    notify: Callable[[str], None] = ignore,
    arena: Arena | None = None,
) -> Style:
    """Load the blend of styles, whose order makes no difference.

    Args:
        parts: The styles. The sum of their shares is 1.
        options: As for `load_style`.
        notify: As for `load_style`.
        arena: As for `load_style`.

    Raises:
        NeuralStyleError: As for `load_style`; or a file has no style of such a number.
    """
    parts = sorted(parts, key=lambda part: (digest(part[0]), part[1] or 0))
    network = blend_networks(_find_networks(parts))
    if network is not None:
        style = prepare_network(parts[0][0].path, network, options, notify, arena)
    else:
        styles = ((choose(load_style(f, options, notify, arena), n), s) for f, n, s in parts)
        style = BlendedStyle(list(styles))
    style.sha256 = digest_blend((digest(file), number, share) for file, number, share in parts)
    return style


def _find_networks(
    parts: Sequence[Part],
) -> list[tuple[StyleNetwork, float]]:
    """Return networks of one style each; none if a file has no network of the family."""
    networks = []
    for file, number, share in parts:
        found = decode_style(file)
        if not isinstance(found, StyleNetwork):
            return []
        with at_path(file.path):
            check_number(number, found.count)
        networks.append((found if number is None else found.mixed({number: 1.0}), share))
    return networks


def blend_networks(parts: Sequence[tuple[StyleNetwork, float]]) -> StyleNetwork | None:
    """Return the network with the blended scales and shifts of others of one style each.

    None if more than these differ.
    """
    if not parts:
        return None
    first = parts[0][0]
    norms = {f"{norm}.{part}" for norm in first.description.norms for part in ("weight", "bias")}
    for network, _ in parts:
        if network.description != first.description:
            return None
        for name, values in network.weights.items():
            if name not in norms and not np.array_equal(values, first.weights[name]):
                return None
    means = {
        name: sum(share * network.weights[name].astype(np.float64) for network, share in parts)
        for name in norms
    }
    weights = {**first.weights, **{n: np.asarray(mean, np.float32) for n, mean in means.items()}}
    return replace(first, weights=weights, notes={})


def digest(file: StyleFile) -> str:
    """Return the SHA-256 of a style's file."""
    return hashlib.sha256(file.data).hexdigest()


def _move(blended: Colors, painted: Colors, share: float) -> None:
    """Move a painting toward another one, in place, by a share of the way."""
    for top in range(0, len(blended), _ROWS_AT_ONCE):
        rows = blended[top : top + _ROWS_AT_ONCE].astype(np.float32)
        rows += (painted[top : top + _ROWS_AT_ONCE] - rows) * np.float32(share)
        rows += np.float32(0.5)  # the conversion cuts fractions off
        blended[top : top + _ROWS_AT_ONCE] = rows.astype(np.uint8)
