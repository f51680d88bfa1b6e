"""Names of images and models, checked where they enter the pipeline.

A name may lie in folders: ``lisbon/tram.jpg``. It becomes a path on every system and a part of an
S3 key, so each of its parts must be safe on all of them. Its suffix tells an image from a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from posixpath import splitext

from csci_utils.text import USE_UTF8, find_encoding_problem, has_invisible
from neural_style.mixing.names import MixtureError, Piece, make_mixture, split_mixture

from .errors import InvalidNameError
from .styles.looks import LOOK_MARK, parse_look
from .styles.model_name import ModelName

DEFAULT_IMAGE = "luigi.jpg"
"""The image that is painted if no drop-in exists and no image is named."""

DEFAULT_MODEL = "rain_princess.pth"
"""The model that is used if no drop-in exists and no model is named."""

MAX_PART_BYTES = 200
"""The longest part of a name in UTF-8. Common file systems allow 255 bytes, which leaves room for
the suffix of a record."""

MAX_NAME_BYTES = 400
"""The longest name in UTF-8, with its folders. The key of a result holds two names, and S3 allows
1,024 bytes, as does macOS for a path."""

# Windows forbids them in file names, besides the separators of paths.
_FORBIDDEN_CHARACTERS = frozenset(':*?"<>|')

# The device names of Windows, which no suffix makes safe (`ntpath.isreserved` of Python 3.13).
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789\u00b9\u00b2\u00b3"]
)

_NUMBERED_MODEL = re.compile(r"(?P<file>.+\.(onnx|safetensors))@(?P<number>\d{1,6})", re.IGNORECASE)
_MODEL_WITH_LOOK = re.compile(rf"(?P<model>.+){LOOK_MARK}(?P<look>[a-z][^@/]*)")


def check_image_name(name: str) -> str:
    """Return the name if it is the safe name of an image.

    Raises:
        InvalidNameError: The name is unsafe, or its suffix is not one of an image.
    """
    return _check_suffix(check_name(name), "an image", _list_suffixes()[0])


def check_model_file(name: str) -> str:
    """Return the name if it is the safe name of a model's file, without a style number.

    Raises:
        InvalidNameError: The name is unsafe, or its suffix is not one of a model.
    """
    return _check_suffix(check_name(name), "a model", _list_suffixes()[1])


def parse_model_name(name: str) -> ModelName:
    """Split ``many.onnx@7`` into file and number, and take a look off; other names have neither.

    Raises:
        InvalidNameError: The file's name is unsafe, its suffix is not one of a model, or its look
            is none.
    """
    if not is_model_file(name) and (with_look := _MODEL_WITH_LOOK.fullmatch(name)):
        parse_look(with_look["look"])
        return replace(parse_model_name(with_look["model"]), look=with_look["look"])
    if (pieces := split_mixture(name)) is not None:
        return _name_mixture(name, pieces)
    match = _NUMBERED_MODEL.fullmatch(name)
    if match is None:
        return ModelName(check_model_file(name), None)
    return ModelName(check_model_file(match["file"]), int(match["number"]))


def _name_mixture(name: str, pieces: Sequence[Piece]) -> ModelName:
    for file, number, _ in pieces:
        check_model_file(file)
        if number is not None and not _NUMBERED_MODEL.fullmatch(f"{file}@{number}"):
            raise InvalidNameError(
                "models of this kind have no numbered styles", path=file, remedy="leave it out"
            )
    try:
        mixture = make_mixture(pieces)
    except MixtureError as error:
        raise InvalidNameError(error.problem, path=name, remedy=error.remedy) from error
    longest = max(map(len, map(str.encode, str(mixture).split("/"))))
    if longest > MAX_PART_BYTES or len(str(mixture).encode()) > MAX_NAME_BYTES:
        remedy = "blend fewer, or give them shorter names"
        raise InvalidNameError("the name of the blend is too long", path=name, remedy=remedy)
    if len(mixture.files) == 1:
        return ModelName(mixture.files[0], mixture.numbers)
    return ModelName(mixture.files[0], None, blend=mixture)


def check_model_name(name: str) -> str:
    """Return the name of a model, its number without leading zeros, if it is safe.

    Raises:
        InvalidNameError: As `parse_model_name`, or it has a look.
    """
    found = parse_model_name(name)
    refuse_look(name, found.look)
    return str(found)


def refuse_look(name: str, look: str) -> None:
    """Refuse a model's name that has a look.

    Raises:
        InvalidNameError: The look is not empty.
    """
    if look:
        raise InvalidNameError(
            f"expected a model without a look, got {LOOK_MARK}{look}",
            path=name,
            remedy="give the look as options, such as --strength 0.5",
        )


def check_style_name(name: str) -> str:
    """Return the name of a style in results, its number without leading zeros, if it is safe.

    Raises:
        InvalidNameError: As `parse_model_name`.
    """
    return str(parse_model_name(name))


def check_name(name: str) -> str:
    """Return the name if every system can have a file of that name, in folders of such names.

    Raises:
        InvalidNameError: Some system cannot, or takes the name for something else; or a folder is
            named like an image or a model.
    """
    *folders, file = name.split("/")
    return _refuse_if(_find_folder_problem(folders) or _find_problem(file), name)


def check_folder(path: str) -> str:
    """Return the path of a folder if `check_name` accepts names in it.

    Raises:
        InvalidNameError: It does not.
    """
    return _refuse_if(_find_folder_problem(path.split("/")), path)


def is_safe_part(part: str) -> bool:
    """Return True if every system can have a file or a folder of that name."""
    return _find_problem(part) is None


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


def is_image_name(name: str) -> bool:
    """Return True if the suffix is one of an image."""
    return _suffix_of(name) in _list_suffixes()[0]


def is_model_file(name: str) -> bool:
    """Return True if the suffix is one of a model's file."""
    return _suffix_of(name) in _list_suffixes()[1]


def is_model(part: str) -> bool:
    """Return True if a part of a name is that of a model, which may have a number and a look."""
    if is_model_file(part) or _NUMBERED_MODEL.fullmatch(part):
        return True
    # Of a blend whose files are in folders, the last part of its name decides.
    if (pieces := split_mixture(part)) is not None and is_model_file(pieces[-1][0]):
        return True
    with_look = _MODEL_WITH_LOOK.fullmatch(part)
    return with_look is not None and is_model(with_look["model"])


def _refuse_if(problem: str | None, name: str) -> str:
    """Return a name without a problem.

    Raises:
        InvalidNameError: It has this problem, or is too long.
    """
    size = len(name.encode(errors="surrogatepass"))
    if problem is None and size > MAX_NAME_BYTES:
        problem = f"expected at most {MAX_NAME_BYTES} bytes with all folders, got {size}"
    if problem:
        remedy = USE_UTF8 if find_encoding_problem(name) else "use another name"
        raise InvalidNameError(problem, path=name or None, remedy=remedy)
    return name


def _find_folder_problem(folders: Iterable[str]) -> str | None:
    """Return why nothing in these nested folders can be used, or None."""
    return next(filter(None, map(_find_problem_of_folder, folders)), None)


@lru_cache(maxsize=1024)  # a folder holds many files
def _find_problem_of_folder(folder: str) -> str | None:
    problem = _find_problem(folder) or _find_kind(folder)
    return f"folder {folder!r}: {problem}" if problem and folder else problem


def _find_problem(part: str) -> str | None:
    """Return why the name of a file or folder is unsafe, or None."""
    if not part:
        return "the name, or a folder in it, is empty"
    is_plain = part.isascii() and part.isprintable()
    if not is_plain and (problem := find_encoding_problem(part)):
        return problem
    if not is_plain and has_invisible(part):
        return "the name has invisible or control characters"
    if "\\" in part:
        return "the name has a backslash; folders are separated by /"
    forbidden = sorted(set(part) & _FORBIDDEN_CHARACTERS)
    if forbidden:
        return f"Windows forbids the characters {' '.join(forbidden)} in names"
    if part[0] == "." or part[-1] == "." or part != part.strip():
        return "the name begins or ends with a dot or a space"
    if part.partition(".")[0].rstrip().upper() in _DEVICES:
        return "Windows reserves the name for a device"
    size = len(part.encode())
    if size > MAX_PART_BYTES:
        return f"expected a name of at most {MAX_PART_BYTES} bytes, got {size}"
    return None


def _find_kind(part: str) -> str | None:
    """Return why a folder may not have a name: it would pass for that of a file; or None."""
    if is_model(part):
        return "a folder must not be named like a model"
    if is_image_name(part):
        return "a folder must not be named like an image"
    return None


def _check_suffix(name: str, kind: str, suffixes: Collection[str]) -> str:
    if _suffix_of(name) not in suffixes:
        expected = f"use one of the suffixes {' '.join(sorted(suffixes))}"
        raise InvalidNameError(f"not the name of {kind}", path=name, remedy=expected)
    return name


def _suffix_of(name: str) -> str:
    return splitext(name)[1].lower()


@cache
def _list_suffixes() -> tuple[Collection[str], Collection[str]]:
    """Return the suffixes of images, and those of models; the first call imports them."""
    from neural_style import PICTURE_SUFFIXES, STYLE_SUFFIXES

    return PICTURE_SUFFIXES, STYLE_SUFFIXES
