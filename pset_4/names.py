"""Names of images and models, checked where they enter the pipeline.

A name becomes a file name on every system and a part of an S3 key, so it must be safe on all of
them. Its suffix tells an image from a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from .errors import InvalidNameError

DEFAULT_IMAGE = "luigi.jpg"
"""The image that is painted if no drop-in exists and no image is named."""

DEFAULT_MODEL = "rain_princess.pth"
"""The model that is used if no drop-in exists and no model is named."""

MAX_NAME_BYTES = 200
"""The longest name in UTF-8. Common file systems allow 255 bytes, which leaves room for the suffix
of a record."""

# Windows forbids them in file names, besides the separators of paths.
_FORBIDDEN_CHARACTERS = frozenset(':*?"<>|')

# The device names of Windows, which no suffix makes safe (`ntpath.isreserved` of Python 3.13).
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789\u00b9\u00b2\u00b3"]
)

# Unicode categories: controls, text direction and zero width, surrogates, line separators.
_INVISIBLE_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])

# Invisible, but a part of emoji (U+200D) and of words in Persian or Hindi (both). Beside ASCII they
# only make two names look the same. https://www.rfc-editor.org/rfc/rfc5892#appendix-A
_JOINERS = "\u200c\u200d"
_JOINED_CATEGORIES = frozenset("LMS")  # letters, marks, symbols

_NUMBERED_MODEL = re.compile(r"(?P<file>.+\.onnx)@(?P<number>\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class ModelName:
    """A model as people name it: ``rain_princess.pth``, or ``many.onnx@7`` for style 7 of many."""

    file: str
    """The name of the model's file."""
    number: int | None
    """The number of the style in the file; None if the name has none."""

    def __str__(self) -> str:
        """Return the name as people write it."""
        return self.file if self.number is None else f"{self.file}@{self.number}"


def check_image_name(name: str) -> str:
    """Return the name if it is the safe name of an image.

    Raises:
        InvalidNameError: The name is unsafe, or its suffix is not one of an image.
    """
    from neural_style import PICTURE_SUFFIXES

    return _check_suffix(check_name(name), "an image", PICTURE_SUFFIXES)


def check_model_file(name: str) -> str:
    """Return the name if it is the safe name of a model's file, without a style number.

    Raises:
        InvalidNameError: The name is unsafe, or its suffix is not one of a model.
    """
    from neural_style import STYLE_SUFFIXES

    return _check_suffix(check_name(name), "a model", STYLE_SUFFIXES)


def parse_model_name(name: str) -> ModelName:
    """Split ``many.onnx@7`` into file and number; other names have no number.

    Raises:
        InvalidNameError: The file's name is unsafe, or its suffix is not one of a model.
    """
    match = _NUMBERED_MODEL.fullmatch(name)
    if match is None:
        return ModelName(check_model_file(name), None)
    return ModelName(check_model_file(match["file"]), int(match["number"]))


def check_name(name: str) -> str:
    """Return the name if every system can have a file of that name.

    Raises:
        InvalidNameError: Some system cannot, or takes the name for something else.
    """
    problem = _find_problem(name)
    if problem:
        raise InvalidNameError(problem, path=name or None, remedy="use another name")
    return name


def split_valid(
    names: Iterable[str], check: Callable[[str], str]
) -> tuple[list[str], dict[str, InvalidNameError]]:
    """Return the names that `check` accepts, and the errors about the others by name."""
    valid: list[str] = []
    refused: dict[str, InvalidNameError] = {}
    for name in names:
        try:
            valid.append(check(name))
        except InvalidNameError as error:
            refused[name] = error
    return valid, refused


def find_spelling(name: str, existing: Collection[str]) -> str:
    """Return how a name is spelled among existing ones: composed or decomposed; else as given.

    macOS stores an accent apart from its letter, most keyboards write both as one character.
    """
    if name in existing:
        return name
    composed = unicodedata.normalize("NFC", name)
    return next((e for e in existing if unicodedata.normalize("NFC", e) == composed), name)


def is_image_name(name: str) -> bool:
    """Return True if the suffix is one of an image."""
    from neural_style import PICTURE_SUFFIXES

    return _suffix_of(name) in PICTURE_SUFFIXES


def is_model_file(name: str) -> bool:
    """Return True if the suffix is one of a model's file."""
    from neural_style import STYLE_SUFFIXES

    return _suffix_of(name) in STYLE_SUFFIXES


def _find_problem(name: str) -> str | None:
    """Return why a name is unsafe, or None."""
    if not name:
        return "the name is empty"
    if any(map(_is_invisible, _remove_joiners(name))):
        return "the name has invisible or control characters"
    if "/" in name or "\\" in name:
        return "expected a file name, got a path"
    forbidden = sorted(set(name) & _FORBIDDEN_CHARACTERS)
    if forbidden:
        return f"Windows forbids the characters {' '.join(forbidden)} in names"
    if name[0] in ". " or name[-1] in ". ":
        return "the name begins or ends with a dot or a space"
    if name.partition(".")[0].rstrip().upper() in _DEVICES:
        return "Windows reserves the name for a device"
    size = len(name.encode())
    if size > MAX_NAME_BYTES:
        return f"expected a name of at most {MAX_NAME_BYTES} bytes, got {size}"
    return None


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES


def _remove_joiners(name: str) -> str:
    """Return a name without the joiners between characters that they can join."""
    neighbors = zip(f" {name}", name, f"{name} "[1:], strict=False)
    return "".join(
        character
        for before, character, after in neighbors
        if not (character in _JOINERS and _is_joined(before) and _is_joined(after))
    )


def _is_joined(character: str) -> bool:
    """Return True if joiners occur beside a character in real names."""
    return not character.isascii() and unicodedata.category(character)[0] in _JOINED_CATEGORIES


def _check_suffix(name: str, kind: str, suffixes: Collection[str]) -> str:
    if _suffix_of(name) not in suffixes:
        expected = f"use one of the suffixes {' '.join(sorted(suffixes))}"
        raise InvalidNameError(f"not the name of {kind}", path=name, remedy=expected)
    return name


def _suffix_of(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
