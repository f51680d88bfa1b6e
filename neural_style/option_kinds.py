"""Kinds of option values: how each is read from text, checked, and described."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from csci_utils.text import parse_above_zero, parse_size, parse_whole

from .mixing.names import parse_numbers

_SIZE_LIMIT = 2**63  # bytes: 8 EiB, as for `parse_size`

MAX_SIDE = 10**9
"""The longest side in px that can be asked for. Far larger numbers would overflow floats."""

NATIVE, AUTO = "native", "auto"

AUTO_BRUSH = 1080
"""The size in px that `BrushSize` reads as ``auto``, see docs/brush.md."""

DEVICE_KINDS = ("cpu", "auto", "cuda", "mps", "xpu")
"""What the name of a device may begin with; see `load`."""

_ACCELERATOR = "accel"  # what --accel stands for; accepted as a name, too


class Kind(ABC):
    """The values that an option accepts."""

    type: ClassVar[type]
    """The Python type of the values: `bool`, `int`, `float` or `str`."""
    metavar: str
    """The placeholder for a value in help texts."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Return the value that `text` stands for.

        Raises:
            ValueError: The text is not such a value. The message says what was expected and what
                came.
        """

    @abstractmethod
    def check(self, name: str, value: Any) -> Any:
        """Return a value that was given to the option `name` in Python, as a plain `type`.

        Raises:
            TypeError: The value is of the wrong type.
            ValueError: The value is out of range.
        """


@dataclass(frozen=True)
class WholeNumber(Kind):
    """Whole numbers from `minimum` to `maximum`."""

    minimum: int
    maximum: int | None = None
    metavar: str = "N"
    type = int

    def parse(self, text: str) -> int:
        """Return the number, written in ASCII digits."""
        return parse_whole(text, self.minimum, self.maximum)

    def check(self, name: str, value: Any) -> int:
        """Return the number as an `int`: NumPy's integers would overflow."""
        number = check_whole(name, value)
        if number < self.minimum or (self.maximum is not None and number > self.maximum):
            end = "" if self.maximum is None else f" to {self.maximum}"
            raise ValueError(f"expected {name} from {self.minimum}{end}, got {number}")
        return number


@dataclass(frozen=True)
class BrushSize(Kind):
    """Sizes of a picture in px that strokes are fit for; ``native``, None, for its own size.

    ``auto`` is the number `AUTO_BRUSH` from here on, so that results say which it was.
    """

    minimum: int = 16
    """Of a smaller picture, a network sees next to nothing."""
    metavar: str = "N|auto|native"
    type = int

    def parse(self, text: str) -> int | None:
        """Return the number of px, or None for ``native``."""
        if text in (NATIVE, AUTO):
            return None if text == NATIVE else AUTO_BRUSH
        try:
            return parse_whole(text, self.minimum, MAX_SIDE)
        except ValueError:
            numbers = f"a whole number from {self.minimum} to {MAX_SIDE}"
            raise ValueError(f"expected {NATIVE}, {AUTO} or {numbers}, got {text!r}") from None

    def check(self, name: str, value: Any) -> int | None:
        """Return the number of px that a number or one of the words stands for."""
        if isinstance(value, str):
            return self.parse(value)
        return WholeNumber(self.minimum, MAX_SIDE).check(name, value)


@dataclass(frozen=True)
class StyleNumbers(Kind):
    """Numbers of styles, such as 7, and mixtures of several, such as 3:0.5,12:0.5."""

    metavar: str = "N|N:W,..."
    type = int

    def parse(self, text: str) -> int | str:
        """Return the number, or the mixture as it is usually written."""
        return parse_numbers(text)

    def check(self, name: str, value: Any) -> int | str:
        """Return the number, or the mixture as it is usually written."""
        return parse_numbers(value) if isinstance(value, str) else WholeNumber(0).check(name, value)


@dataclass(frozen=True)
class ByteSize(Kind):
    """Numbers of bytes, such as 2GiB."""

    metavar: str = "SIZE"
    type = int

    def parse(self, text: str) -> int:
        """Return the size in bytes."""
        return parse_size(text)

    def check(self, name: str, value: Any) -> int:
        """Return the size in bytes as an `int`."""
        size = check_whole(name, value)
        if not 1 <= size < _SIZE_LIMIT:
            raise ValueError(f"expected {name} from 1 byte to below 8 EiB, got {size}")
        return size


@dataclass(frozen=True)
class PositiveNumber(Kind):
    """Finite numbers above 0."""

    metavar: str = "X"
    type = float

    def parse(self, text: str) -> float:
        """Return the number."""
        return parse_above_zero(text)

    def check(self, name: str, value: Any) -> float:
        """Return the number as a `float`."""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"expected a number, such as {name}=1.5, got {value!r}")
        try:
            number = float(value)
        except OverflowError:  # a whole number or fraction may be that large
            number = math.inf
        if not 0 < number < math.inf:
            raise ValueError(f"expected a finite {name} above 0, got {value}")
        return number


@dataclass(frozen=True)
class UnitInterval(Kind):
    """Numbers from 0 to 1."""

    metavar: str = "X"
    type = float

    def parse(self, text: str) -> float:
        """Return the number."""
        try:
            return self.check("a number", float(text))
        except ValueError:
            raise ValueError(f"expected a number from 0 to 1, got {text!r}") from None

    def check(self, name: str, value: Any) -> float:
        """Return the number as a `float`."""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"expected a number, such as {name}=0.5, got {value!r}")
        if not 0 <= float(value) <= 1:
            raise ValueError(f"expected {name} from 0 to 1, got {value}")
        return float(value)


@dataclass(frozen=True)
class Flag(Kind):
    """True or false. On command lines the flag alone stands for true."""

    metavar: str = ""
    type = bool

    def parse(self, text: str) -> bool:
        """Return the value of ``true`` or ``false``."""
        if text not in ("true", "false"):
            raise ValueError(f"expected true or false, got {text!r}")
        return text == "true"

    def check(self, name: str, value: Any) -> bool:
        """Return the value itself."""
        if not isinstance(value, bool):
            raise TypeError(f"expected {name}=True or {name}=False, got {value!r}")
        return value


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    choices: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()
    """Other words, each with the choice that it stands for."""
    metavar: str = ""
    type = str

    def resolve(self, text: str) -> str:
        """Return the choice that a word stands for; any other text as it is."""
        return dict(self.others).get(text, text)

    def parse(self, text: str) -> str:
        """Return the choice that a word stands for."""
        word = self.resolve(text)
        if word not in self.choices:
            raise ValueError(f"expected {' or '.join(self.choices)}, got {text!r}")
        return word

    def check(self, name: str, value: Any) -> str:
        """Return the choice that a word stands for."""
        word = self.resolve(value) if isinstance(value, str) else value
        if word not in self.choices:
            raise ValueError(f"expected {' or '.join(self.choices)} as {name}, got {value!r}")
        return str(word)


@dataclass(frozen=True)
class DeviceName(Kind):
    """Names of devices as `load` takes them. PyTorch finds out whether a device exists."""

    metavar: str = "NAME"
    type = str

    def parse(self, text: str) -> str:
        """Return the name, if it is of a known kind."""
        kind, _, index = text.partition(":")
        if kind not in (*DEVICE_KINDS, _ACCELERATOR) or (":" in text and not index.isdecimal()):
            raise ValueError(f"expected one of {', '.join(DEVICE_KINDS)}, got {text!r}")
        return text

    def check(self, name: str, value: Any) -> str:
        """Return the name, whatever it begins with."""
        if not isinstance(value, str):
            raise TypeError(f"expected the name of a device as {name}, got {value!r}")
        return value


def check_whole(name: str, value: object) -> int:
    """Return `value`, which was given as `name`, as an `int`.

    Raises:
        TypeError: It is not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"expected a whole number, such as {name}=3, got {value!r}")
    return int(value)
