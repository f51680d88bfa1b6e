"""Styles as people write them on command lines: names that may lack their suffix, and patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import splitext

from neural_style.mixing.names import MixtureError, Piece, check_mixture, find_bad_mixture

from .. import names
from ..errors import InvalidNameError
from .looks import LOOK_MARK, parse_look

_NUMBER = re.compile(r"(?P<file>.+)(?P<number>@\d{1,6})")
_MEANT_AS_LOOK = re.compile(rf".+{LOOK_MARK}(?P<look>[a-z][a-z-]*=[^@/]*)")
_LOOK = re.compile(rf"(?P<style>.+)(?P<look>{LOOK_MARK}[a-z][^@/]*)")


def split_style(text: str) -> tuple[str, str]:
    """Split ``many@7@strength=0.5`` into ``many`` and the rest, which is empty for a mere file."""
    look = ""
    if (match := _LOOK.fullmatch(text)) and _is_look(match["look"]):
        text, look = match["style"], match["look"]
    match = _NUMBER.fullmatch(text)
    return (match["file"], match["number"] + look) if match else (text, look)


def find_look(text: str) -> str:
    """Return the look in a text, without its mark; empty if it has none."""
    match = _LOOK.fullmatch(text)
    return match["look"].removeprefix(LOOK_MARK) if match and _is_look(match["look"]) else ""


def check_pieces(text: str, pieces: Sequence[Piece] | None) -> None:
    """Check what a text is meant as: a look, or the pieces of a mixture.

    Args:
        text: The text.
        pieces: What `split_mixture` finds in it.

    Raises:
        InvalidNameError: It has a look that is none, a style without its weight, or one twice.
    """
    files = [text] if pieces is None else [file for file, _, _ in pieces]
    try:
        if any(":" in file or _is_list(file) for file in files) and (
            error := find_bad_mixture(text)
        ):
            raise error
        if pieces is not None:
            if meant := _MEANT_AS_LOOK.fullmatch(text):  # and not as the weight of a style
                parse_look(meant["look"])
            check_mixture(_complete(pieces))
    except MixtureError as error:
        raise InvalidNameError(error.problem, path=text, remedy=error.remedy) from error


def _complete(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces in which a name without its suffix has that of another piece."""
    files = {splitext(file)[0]: file for file, _, _ in pieces if names.is_model_file(file)}
    return [(files.get(file, file), number, weight) for file, number, weight in pieces]


def _is_list(file: str) -> bool:
    return "," in file and all(map(names.is_model_file, file.split(",")))


def _is_look(text: str) -> bool:
    """Return whether a text that begins with the mark of looks is one, and no part of a name."""
    try:
        return bool(parse_look(text.removeprefix(LOOK_MARK)))
    except InvalidNameError:
        return False
