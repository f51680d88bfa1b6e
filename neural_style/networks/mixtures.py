"""Numbers and mixtures of the styles in one file."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import StyleError
from ..option_kinds import check_whole

Mix = Mapping[int, float]
"""How much of each style, by its number: above 0, with the sum 1."""


def to_shares(mix: Mapping[int, float]) -> dict[int, float]:
    """Return weights divided by their sum; raise an error if one cannot be."""
    for number, weight in mix.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise TypeError(f"expected a number as the weight of style {number}, got {weight!r}")
        if not 0 < weight < math.inf:
            raise ValueError(f"expected a weight above 0 for style {number}, got {weight}")
    if not mix:
        raise StyleError("expected at least one style to mix, got none", remedy="name one")
    # The largest first: the sum of weights near the largest float is infinite.
    largest = max(mix.values())
    total = math.fsum(weight / largest for weight in mix.values())
    return {number: weight / largest / total for number, weight in mix.items()}


def check_number(number: int | None, count: int | None) -> None:
    """Check that a file of `count` styles has the style `number`.

    Args:
        number: A style number, or None.
        count: How many numbered styles the file has; None for one style without a number.

    Raises:
        TypeError: `number` is not a whole number.
        StyleError: The file has no style of this number, or has several and none is chosen.
    """
    if number is not None:
        check_whole("number", number)
    if count is None:
        if number is not None:
            raise StyleError(
                f"expected no style number for a file of one style, got {number}",
                remedy="leave the number out",
            )
    elif number is None or not 0 <= number < count:
        got = "none" if number is None else str(number)
        raise StyleError(
            f"expected a style number from 0 to {count - 1}, got {got}",
            remedy=f"choose one of the {count} styles of this file",
        )
