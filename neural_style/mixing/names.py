"""Mixtures of styles as people write them: ``candy.pth:0.5,mosaic.pth:0.5``.

A style is a file, or one of the numbered styles of a file: ``many.onnx@3:0.5,candy.pth:0.5``. Of
one file, the numbers are enough: ``many.onnx@3:0.5,12:0.5``. In place of ``:`` there may be ``=``,
which is allowed in names of files everywhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

SHARES = 10_000
"""What the whole is divided into. Shares are whole numbers of these: so names are short, and a
mixture that is read from its name is the same one again."""

_PIECE = re.compile(r"(?P<style>[^,].*?)[:=](?P<weight>(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?)(?:,|$)")
_MEANT = re.compile(r"(?P<style>[^:=]*)(?:[:=](?P<weight>.*))?")
_WITH_SUFFIX = re.compile(r".*\.\w+(?:@[^:=]*)?")
_NUMBERED = re.compile(r"(?P<file>.+)@(?P<number>\d{1,6})")
_NUMBER = re.compile(r"\d{1,6}")
_MEANT_AS_NUMBERS = re.compile(r"\d{1,6}[:=,]")
_FILE = "file"  # of numbers alone

_EXAMPLE = "0.5"  # of a weight

Piece = tuple[str, int | None, float]
"""A file, the number of a style in it if it has several, and its weight."""


class MixtureError(ValueError):
    """A text or a list of pieces that is meant as a mixture, and cannot be one."""

    def __init__(self, problem: str, remedy: str) -> None:
        """Take what was expected and what came, and what to do."""
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Ingredient:
    """One of the styles in a mixture."""

    file: str
    """The file's name or path."""
    number: int | None
    """Which of the file's numbered styles it is; None for a file of one style."""
    share: float
    """How much of the mixture it is: above 0, with the sum 1, with at most four decimals."""


@dataclass(frozen=True)
class Mixture:
    """Styles with their shares, sorted: each mixture is written in one way."""

    ingredients: tuple[Ingredient, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files, each once."""
        return tuple(dict.fromkeys(each.file for each in self.ingredients))

    @property
    def numbers(self) -> int | str | None:
        """The number, or the numbers and shares, of the styles, if they are all of one file."""
        first = self.ingredients[0]
        if len(self.ingredients) == 1:
            return first.number
        if len(self.files) > 1 or first.number is None:
            return None
        return ",".join(f"{each.number}={_format(each.share)}" for each in self.ingredients)

    def renamed(self, rename: Callable[[str], str]) -> Mixture:
        """Return the same mixture with other names of its files.

        Raises:
            ValueError: Two ingredients become one.
        """
        return make_mixture([(rename(i.file), i.number, i.share) for i in self.ingredients])

    def __str__(self) -> str:
        """Return how the mixture is written."""
        if len(self.files) == 1:
            numbers = self.numbers
            return self.files[0] if numbers is None else f"{self.files[0]}@{numbers}"
        return ",".join(
            f"{i.file}{'' if i.number is None else f'@{i.number}'}={_format(i.share)}"
            for i in self.ingredients
        )


def split_mixture(text: str) -> list[Piece] | None:
    """Return the pieces of a mixture; None if the text is not one, but that of a single style."""
    pieces: list[Piece] = []
    end = 0
    while end < len(text):
        piece = _PIECE.match(text, end)
        if piece is None:
            return None
        style, weight = piece["style"], float(piece["weight"])
        if pieces and pieces[-1][1] is not None and _NUMBER.fullmatch(style):
            pieces.append((pieces[-1][0], int(style), weight))
        elif numbered := _NUMBERED.fullmatch(style):
            pieces.append((numbered["file"], int(numbered["number"]), weight))
        else:
            pieces.append((style, None, weight))
        end = piece.end()
    return None if not pieces or text.endswith(",") else pieces


def find_bad_mixture(text: str) -> MixtureError | None:
    """Return what is wrong with a text that is meant as a mixture; None if nothing is.

    A name of files with ``:``, ``=`` or a comma may look like that, too.
    """
    parts = [match for part in text.split(",") if (match := _MEANT.fullmatch(part))]
    first = parts[0]
    is_list = len(parts) > 1 and (first["weight"] is not None or _WITH_SUFFIX.fullmatch(first[0]))
    is_single = ":" in text and _WITH_SUFFIX.fullmatch(first["style"])
    bad = [part for part in parts if not _is_weight(part["weight"])]
    if not bad or not (is_list or is_single):
        return None
    named = [part for part in parts if part["style"]]
    written = ",".join(
        f"{part['style']}:{_EXAMPLE if part in bad else part['weight']}" for part in named
    )
    style, weight = bad[0]["style"], bad[0]["weight"]
    got = "none" if weight is None else repr(weight)
    problem = f"expected a weight above 0 for {_name(style)}, got {got}"
    if not style:
        problem = "expected a style and its weight on both sides of a comma, got nothing on one"
    return MixtureError(problem, f"write {written}")


def make_mixture(pieces: Sequence[Piece]) -> Mixture:
    """Return the mixture of pieces, whose weights may have any sum.

    Raises:
        MixtureError: A style is named twice, or a weight is too small to count.
    """
    ordered = sorted(pieces, key=lambda piece: (piece[0], -1 if piece[1] is None else piece[1]))
    check_mixture(ordered)
    shares = _share([weight for _, _, weight in ordered])
    return Mixture(
        tuple(
            Ingredient(file, number, share / SHARES)
            for (file, number, _), share in zip(ordered, shares, strict=True)
        )
    )


def check_mixture(pieces: Sequence[Piece]) -> None:
    """Check that pieces make a mixture.

    Raises:
        MixtureError: A style is named twice, or a weight is too small to count.
    """
    total = sum(weight for _, _, weight in pieces)
    for index, (file, number, weight) in enumerate(pieces):
        style = _name(file if number is None else f"{file}@{number}")
        if any(piece[:2] == (file, number) for piece in pieces[:index]):
            remedy = "name each style once, with its whole weight"
            raise MixtureError(f"expected each style once in a blend, got {style} twice", remedy)
        if not 0 < weight < float("inf"):
            remedy = f"give it one, or leave {style} out"
            raise MixtureError(f"expected a weight above 0 for {style}, got {weight:g}", remedy)
        if weight * SHARES < total:
            problem = f"expected a weight of at least 1/{SHARES} of the sum for {style}"
            remedy = f"give it more, or leave {style} out"
            raise MixtureError(f"{problem}, got {weight:g} of {total:g}", remedy)


def parse_mixture(text: str) -> Mixture | None:
    """Return the mixture that a text stands for; None if it is not one.

    Raises:
        MixtureError: See `make_mixture`.
    """
    pieces = split_mixture(text)
    return None if pieces is None else make_mixture(pieces)


def parse_numbers(text: str) -> int | str:
    """Return what ``7``, or ``3:0.5,12:0.5``, stands for, as `Mixture.numbers` has it.

    Raises:
        ValueError: It stands for nothing.
    """
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return int(text)
    pieces = split_mixture(f"@{text}" if "@" in text else f"{_FILE}@{text}")
    if pieces is None or any(file != _FILE or number is None for file, number, _ in pieces):
        if _MEANT_AS_NUMBERS.match(text) and (error := find_bad_mixture(text)):
            raise error
        raise ValueError(f"expected a whole number from 0, or such as 3:0.5,12:0.5, got {text!r}")
    numbers = make_mixture(pieces).numbers
    assert numbers is not None
    return numbers


def read_numbers(text: str) -> Mapping[int, float]:
    """Return the share of each style in `Mixture.numbers` of several."""
    pairs = (part.split("=") for part in text.split(","))
    return {int(number): float(share) for number, share in pairs}


def digest_blend(parts: Iterable[tuple[str, int | None, float]]) -> str:
    """Return what stands for the bytes of a blend, from those of its files.

    It is the SHA-256 of the sorted lines of the styles, each of which has the SHA-256 of the file,
    the number or ``-``, and the share, as in ``09380741… - 0.5``.
    """
    lines = (f"{sha256} {'-' if n is None else n} {share:g}\n" for sha256, n, share in parts)
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _is_weight(text: str | None) -> bool:
    match = _PIECE.fullmatch(f"style:{text}")
    return match is not None and 0 < float(match["weight"]) < float("inf")


def _name(style: str) -> str:
    """Return how messages call a style, which may be only a number."""
    number = style.removeprefix(f"{_FILE}@")
    return f"style {number}" if _NUMBER.fullmatch(number) else style


def _share(weights: Sequence[float]) -> list[int]:
    """Return weights as whole numbers with the sum `SHARES`, by the largest remainders."""
    total = sum(weights)
    exact = [weight / total * SHARES for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: SHARES - sum(shares)]:
        shares[i] += 1
    return shares


def _format(share: float) -> str:
    return f"{share:.4f}".rstrip("0")
