"""Looking names up: with either form of accents, by pattern, and the nearest to a typing error.

Patterns are those of `fnmatch`, for each part of a name: ``*``, ``?``, ``[abc]``, ``[!abc]``. None
of them crosses a ``/``. A part ``**`` stands for any number of folders, or for everything in one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import translate
from pathlib import PurePosixPath
from posixpath import splitext

from neural_style.mixing.names import Piece, split_mixture

from .. import names
from ..context import command
from ..errors import InvalidNameError, MissingError
from ..models.catalog import OFFICIAL_MODELS
from ..styles.written import check_pieces, split_style

_MAGIC = re.compile(r"[*?[]")
_ANY_FOLDERS = "**"

_MAX_SUGGESTIONS = 3


class Names:
    """Existing names of one kind."""

    def __init__(self, existing: Iterable[str]) -> None:
        """Take the names."""
        self._existing = set(existing)
        self._keyed = [(_compose(name), name) for name in sorted(self._existing)]
        self._by_key = dict(reversed(self._keyed))

    def __contains__(self, name: str) -> bool:
        """Return whether exactly this name exists."""
        return name in self._existing

    def spell(self, name: str) -> str:
        """Return how a name is spelled here: with composed or decomposed accents; else as given.

        macOS stores an accent apart from its letter, most keyboards write both as one character.
        """
        return name if name in self._existing else self._by_key.get(_compose(name), name)

    def match(self, pattern: str) -> list[str]:
        """Return the names that match a pattern, sorted."""
        parts = [_compose(part) for part in pattern.split("/")]
        matchers = [None if part == _ANY_FOLDERS else re.compile(translate(part)) for part in parts]
        return [name for key, name in self._keyed if _matches(key, matchers)]

    def find_stem(self, stem: str) -> list[str]:
        """Return the names that are `stem` but for their suffix; else those in any folder."""
        stem = _compose(stem)
        stems = [(key.rpartition(".")[0], name) for key, name in self._keyed]
        exact = [name for found, name in stems if found == stem]
        return exact or [name for found, name in stems if found.endswith(f"/{stem}")]

    def suggest(self, text: str) -> str:
        """Return a question that lists the names nearest to a name or pattern; empty if none is."""
        # Suffixes make all names alike.
        keys = {PurePosixPath(key).stem: name for key, name in self._keyed}
        keys |= {splitext(key)[0]: name for key, name in self._keyed}
        plain = splitext(_compose(_MAGIC.sub("", text)))[0]
        likeness = 0.3 if is_pattern(text) else 0.6
        found = get_close_matches(plain, keys, _MAX_SUGGESTIONS, likeness)
        nearest = list(dict.fromkeys(keys[key] for key in found))
        return f"did you mean {' or '.join(nearest)}?" if nearest else ""


def is_pattern(text: str) -> bool:
    """Return whether a text may be a pattern; a bracket may also belong to a name."""
    return _MAGIC.search(text) is not None


def check_image(text: str) -> str:
    """Return a name or pattern of images, checked; a name may lack the suffix.

    Raises:
        InvalidNameError: It is unsafe, or its suffix is not one of an image.
    """
    if is_pattern(text):
        return check_pattern(text)
    return names.check_name(text) if _is_stem(text) else names.check_image_name(text)


def check_model(text: str) -> str:
    """Return a name or pattern of styles, checked; it may lack the suffix.

    Raises:
        InvalidNameError: It is unsafe, or its suffix is not one of a model.
    """
    file, rest = split_style(text)
    pieces = split_mixture(file)
    check_pieces(text, pieces)
    if pieces is not None:
        for each, _, _ in pieces:
            check_model(each)
        return text
    if is_pattern(text):
        return check_pattern(text)
    return names.check_name(file) + rest if _is_stem(file) else names.check_style_name(text)


def check_model_file(text: str) -> str:
    """Return the same without a number.

    Raises:
        InvalidNameError: It is unsafe or has a number, or its suffix is not one of a model.
    """
    is_loose = is_pattern(text) or _is_stem(text)
    return check_model(text) if is_loose else names.check_model_file(text)


def check_pattern(pattern: str) -> str:
    """Return a pattern that may match names.

    Raises:
        InvalidNameError: It cannot, as a path of another kind.
    """
    parts = pattern.split("/")
    if "\\" in pattern or any(part.strip(".") == "" for part in parts):
        raise InvalidNameError(
            "not a pattern of names",
            path=pattern,
            remedy="names begin with the first folder below the drop-ins, and / separates folders",
        )
    return pattern


def find_images(text: str, known: Names) -> list[str]:
    """Return the names that a name or pattern of images stands for.

    A name with a suffix need not exist.

    Raises:
        MissingError: A pattern, or a name without its suffix, matches nothing.
        InvalidNameError: A name without its suffix stands for several images.
    """
    return _find(text, known, "images") or _refuse("image", text, known)


def find_models(text: str, known: Names) -> list[str]:
    """Return the names that a name or pattern of styles stands for, with number and look.

    A name with a suffix need not exist. Those that exist may be names that cannot be used.

    Raises:
        MissingError: A pattern, or a name without its suffix, matches nothing.
        InvalidNameError: A name without its suffix stands for several models.
    """
    file, rest = split_style(text)
    if (pieces := split_mixture(file)) is not None:
        return [_find_mixture(pieces, known) + rest]
    found = _find(file, known, "models")
    if rest[1:2].isdigit() and is_pattern(file):
        found = [name for name in found if name.lower().endswith(".onnx")]
    found = found or _refuse("style model", text, known)
    return [name + rest for name in found]


def _find_mixture(pieces: Sequence[Piece], known: Names) -> str:
    """Return the name of a mixture, with the names that those of its files stand for.

    Raises:
        MissingError, InvalidNameError: One of them stands for nothing, or for several.
    """
    found = []
    for text, number, weight in pieces:
        models = find_models(text, known)
        if len(models) > 1:
            remedy = f"name one of {', '.join(models)}"
            raise InvalidNameError(
                "several models in one place of a blend", path=text, remedy=remedy
            )
        found.append((models[0], number, weight))
    return ",".join(
        f"{file}{'' if number is None else f'@{number}'}={weight:g}"
        for file, number, weight in found
    )


def _find(text: str, known: Names, kind: str) -> list[str]:
    """Return the names that a name or pattern stands for; none if nothing has it.

    Args:
        text: The name, which need not exist if it has a suffix, or the pattern.
        known: The names that exist.
        kind: What they are, in the plural.

    Raises:
        InvalidNameError: A name without its suffix stands for several.
    """
    name = known.spell(text)
    if name in known or not (is_pattern(text) or _is_stem(text)):
        return [name]
    if is_pattern(text):
        return known.match(text)
    found = known.find_stem(text)
    if len(found) > 1:
        remedy = f"name one of {', '.join(found)}"
        raise InvalidNameError(f"several {kind} have this name", path=text, remedy=remedy)
    return found


def find_file(text: str, list_names: Callable[[], Names]) -> str:
    """Return the name of an image's or a model's file, which may lack its suffix.

    Args:
        text: The name; one with a suffix need not exist.
        list_names: Lists the names that exist; called only if that is needed.

    Raises:
        MissingError: Nothing has such a name.
        InvalidNameError: It stands for several.
    """
    if not _is_stem(text):
        return text
    known = list_names()
    return (_find(text, known, "files") or _refuse("image or style model", text, known))[0]


def find_excluded(patterns: Iterable[str], existing: Collection[str]) -> set[str]:
    """Return those of the existing names that names or patterns leave out.

    Raises:
        MissingError: One of them matches nothing, and does not name numbered styles either.
    """
    known = Names(existing)
    excluded: set[str] = set()
    for pattern in patterns:
        name = known.spell(pattern)
        found = [name] if name in known else known.match(pattern)
        if not found and "@" not in pattern:
            _refuse("image or style model", pattern, known)
        excluded.update(found)
    return excluded


def find_files(texts: Iterable[str], existing: Iterable[str]) -> set[str]:
    """Return those of the existing files that names and patterns of styles stand for."""
    existing = set(existing)
    known = Names(existing)
    files = {file for text in texts for file in _list_files(text)}
    return existing & {name for file in files for name in _find(file, known, "models")}


def is_complete(text: str) -> bool:
    """Return whether a text is a name that can have one spelling only."""
    return text.isascii() and not is_pattern(text) and not any(map(_is_stem, _list_files(text)))


def _is_stem(text: str) -> bool:
    """Return whether a text can only be a name without its suffix."""
    return "." not in text.rpartition("/")[2]


def _list_files(text: str) -> list[str]:
    """Return the files in a name or pattern of styles, as they are written there."""
    style, _ = split_style(text)
    return [file for file, _, _ in split_mixture(style) or [(style, None, 1)]]


def _refuse(kind: str, text: str, known: Names) -> list[str]:
    remedy = known.suggest(text) or f"{command('status')} lists all names"
    if kind == "style model" and f"{text}.pth" in OFFICIAL_MODELS:
        remedy = f"{command('models fetch')} downloads it"
    raise MissingError(f"no {kind} has such a name", path=text, remedy=remedy)


def _matches(name: str, matchers: list[re.Pattern[str] | None]) -> bool:
    """Return whether the parts of a name match the parts of a pattern; None is ``**``."""
    reached = set(_skip({0}, matchers))
    for part in name.split("/"):
        inside = ((at, matchers[at]) for at in reached if at < len(matchers))
        following = {
            at if matcher is None else at + 1
            for at, matcher in inside
            if matcher is None or matcher.match(part)
        }
        reached = set(_skip(following, matchers))
    return len(matchers) in reached


def _skip(reached: set[int], matchers: list[re.Pattern[str] | None]) -> Iterator[int]:
    """Yield positions in a pattern, and those behind a ``**``, which may stand for nothing."""
    for at in reached:
        yield at
        while at < len(matchers) and matchers[at] is None:
            at += 1
            yield at


def _compose(name: str) -> str:
    return unicodedata.normalize("NFC", name)
