"""Picks: the results that somebody chose in the gallery, as a small JSON file."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from csci_utils.files import read_file

from .. import names
from ..errors import InvalidPicksError

MAX_PICKS_BYTES = 16 << 20
"""The largest file of picks that is read; a pick has about 60 bytes."""


@dataclass(frozen=True)
class Picks:
    """Pairs of an image and a model."""

    pairs: tuple[tuple[str, str], ...]
    """The names of an image and of a model, which may have a style number."""

    @property
    def images(self) -> list[str]:
        """The images, each once."""
        return list(dict.fromkeys(image for image, _ in self.pairs))

    @property
    def models(self) -> list[str]:
        """The models, each once."""
        return list(dict.fromkeys(model for _, model in self.pairs))

    def select(self, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Yield those pairs that were picked, however their accents are spelled.

        A file of many styles that was picked without a number stands for all of them.
        """
        picked = set(map(_compose, self.pairs))
        for image, model in pairs:
            file = names.parse_model_name(model).source
            if not picked.isdisjoint({_compose((image, model)), _compose((image, file))}):
                yield image, model


def read_picks(path: str) -> Picks:
    """Read a file that the gallery exported.

    Raises:
        InvalidPicksError: The file cannot be read, is not such a file, or has no picks.
        InvalidNameError: It has a name that cannot be used.
    """
    content = read_file(Path(path), InvalidPicksError, MAX_PICKS_BYTES)
    try:
        pairs = [(pick["image"], pick["model"]) for pick in json.loads(content)["picks"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _describe(path, "not a file of picks") from error
    if not pairs:
        raise _describe(path, "the file has no picks")
    if not all(isinstance(name, str) for pair in pairs for name in pair):
        raise _describe(path, "not a file of picks")
    return Picks(
        tuple(
            (names.check_image_name(image), names.check_style_name(model)) for image, model in pairs
        )
    )


def _describe(path: str, reason: str) -> InvalidPicksError:
    remedy = "choose favorites in the gallery, and export them"
    return InvalidPicksError(reason, path=path, remedy=remedy)


def _compose(pair: tuple[str, str]) -> tuple[str, str]:
    image, model = pair
    return unicodedata.normalize("NFC", image), unicodedata.normalize("NFC", model)
