"""Names of pictures and models, checked once, where they come in.

A name becomes a file on every system and a key in S3, so it has to be safe on all of them. Which
kind of thing it names is told by its suffix.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from .errors import InvalidNameError

DEFAULT_IMAGE = "luigi.jpg"
DEFAULT_MODEL = "rain_princess.pth"
"""What is painted, and in which style, where nothing is dropped in and nothing named: the
course's names."""

MAX_NAME_BYTES = 200
"""Below the 255 of the common file systems, which leaves room for a record's suffix."""

FORBIDDEN_CHARACTERS = frozenset('/\\:*?"<>|')
"""What Windows forbids in names; the first two are separators."""

RESERVED_STEMS = frozenset(
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        *(f"{device}{n}" for device in ("COM", "LPT") for n in range(1, 10)),
    ]
)
"""Windows' device names, with any suffix (learn.microsoft.com, "Naming Files")."""

INVISIBLE_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
"""Unicode categories of controls, text-direction overrides, lone surrogates, line breaks."""

NUMBERED_MODEL = re.compile(r"(?P<file>.+\.onnx)@(?P<number>\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True)
class ModelName:
    """A model as it is asked for: ``rain_princess.pth``, or one of many styles, ``many.onnx@7``."""

    file: str
    number: int | None

    def __str__(self) -> str:
        return self.file if self.number is None else f"{self.file}@{self.number}"


def check_image_name(name: str) -> str:
    """The name, if it is a safe one of a picture.

    Raises:
        InvalidNameError: it is not.
    """
    from neural_style import PICTURE_SUFFIXES

    return _check_suffix(check_name(name), "a picture", PICTURE_SUFFIXES)


def check_model_file(name: str) -> str:
    """The name, if it is a safe one of a model's file (without a style number).

    Raises:
        InvalidNameError: it is not.
    """
    from neural_style import STYLE_SUFFIXES

    return _check_suffix(check_name(name), "a style model", STYLE_SUFFIXES)


def parse_model_name(name: str) -> ModelName:
    """Split ``many.onnx@7`` into file and number; other names have no number.

    Raises:
        InvalidNameError: the file's name is not a safe one of a model.
    """
    match = NUMBERED_MODEL.fullmatch(name)
    if match is None:
        return ModelName(check_model_file(name), None)
    return ModelName(check_model_file(match["file"]), int(match["number"]))


def check_name(name: str) -> str:
    """The name, if it can be a file's on every system.

    Raises:
        InvalidNameError: it cannot.
    """
    problem = _problem_of(name)
    if problem:
        raise InvalidNameError(f"{name!r} {problem}: check or change the name")
    return name


def split_valid(
    found: Iterable[str], check: Callable[[str], str]
) -> tuple[list[str], dict[str, InvalidNameError]]:
    """The names that a check accepts, and for each of the others why not."""
    valid: list[str] = []
    refused: dict[str, InvalidNameError] = {}
    for name in found:
        try:
            valid.append(check(name))
        except InvalidNameError as error:
            refused[name] = error
    return valid, refused


def is_image_name(name: str) -> bool:
    """Whether the suffix is one of a picture."""
    from neural_style import PICTURE_SUFFIXES

    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


def is_model_file(name: str) -> bool:
    """Whether the suffix is one of a style model."""
    from neural_style import STYLE_SUFFIXES

    return PurePosixPath(name).suffix.lower() in STYLE_SUFFIXES


def _problem_of(name: str) -> str | None:
    if not name:
        return "is no name"
    if any(unicodedata.category(character) in INVISIBLE_CATEGORIES for character in name):
        return "has invisible or control characters"
    if "/" in name or "\\" in name:
        return "is a path, and a name alone is expected"
    forbidden = sorted(set(name) & FORBIDDEN_CHARACTERS)
    if forbidden:
        return f"has characters that no file name may have everywhere ({' '.join(forbidden)})"
    if name.startswith(".") or name[-1] in ". " or name[0] == " ":
        return "begins with a dot or a space, or ends with one"
    if name.partition(".")[0].rstrip().upper() in RESERVED_STEMS:
        return "is the name of a device on Windows"
    size = len(name.encode())
    if size > MAX_NAME_BYTES:
        return f"is {size} bytes long, and at most {MAX_NAME_BYTES} are safe"
    return None


def _check_suffix(name: str, kind: str, suffixes: Collection[str]) -> str:
    if PurePosixPath(name).suffix.lower() not in suffixes:
        raise InvalidNameError(
            f"{name!r} is not the name of {kind}: expected one of {' '.join(sorted(suffixes))}"
        )
    return name
