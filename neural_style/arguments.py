"""How the command line reads options; what it refuses is a usage error."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from csci_utils.console import answer
from csci_utils.text import parse_above_zero, parse_from_zero, parse_size, parse_whole

if TYPE_CHECKING:
    from argparse import _MutuallyExclusiveGroup

Value = TypeVar("Value")

CUDA_HELP = "1 for --accel, 0 for the CPU (the default)"
DISTRIBUTION = "pset_4"  # what brings this package, and has the version


def telling(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """`parse` for argparse, which shows what an error says only if it is one of its own."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return read


def whole(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Reads a whole number from `minimum` to `maximum`."""
    return telling(partial(parse_whole, minimum=minimum, maximum=maximum))


from_zero = telling(parse_from_zero)
above_zero = telling(parse_above_zero)
size = telling(parse_size)


def add_accelerator(group: _MutuallyExclusiveGroup, accel_help: str) -> None:
    """Add --accel, and --cuda as the reference implementation has it."""
    group.add_argument("--accel", action="store_true", help=accel_help)
    group.add_argument("--cuda", type=whole(0, 1), metavar="{0,1}", default=0, help=CUDA_HELP)


class ShowVersion(Action):
    """Prints the version and ends; it is looked up only then, as that takes a while."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        from importlib import metadata

        try:
            version = metadata.version(DISTRIBUTION)
        except metadata.PackageNotFoundError:
            version = "unknown: it is not installed"
        answer(f"{parser.prog}, version {version}")
        parser.exit()
