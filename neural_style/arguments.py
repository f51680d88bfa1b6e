"""How the command line reads options; what it refuses is a usage error."""

from __future__ import annotations

import math
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from .console import say
from .numerals import parse_size

DISTRIBUTION = "pset_4"  # what brings this package, and has the version


def whole(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Reads a whole number from `minimum` to `maximum`."""

    def read(text: str) -> int:
        value = int(text) if text.isdecimal() else -1
        if value < minimum or (maximum is not None and value > maximum):
            end = "" if maximum is None else f" to {maximum}"
            raise ArgumentTypeError(f"expected a whole number from {minimum}{end}, got {text!r}")
        return value

    return read


def from_zero(text: str) -> float:
    """Reads a finite number from 0."""
    value = _number(text)
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"expected a number from 0, got {text!r}")
    return value


def above_zero(text: str) -> float:
    """Reads a finite number above 0."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def size(text: str) -> int:
    """Reads a number of bytes, such as 2GiB."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


class ShowVersion(Action):
    """Prints the version and ends; it is looked up only then, as that takes a while."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        from importlib import metadata

        try:
            version = metadata.version(DISTRIBUTION)
        except metadata.PackageNotFoundError:
            version = "unknown: it is not installed"
        say(f"{parser.prog}, version {version}", sys.stdout)
        parser.exit()
