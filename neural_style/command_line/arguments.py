"""Options of the command line, and the parsing of their values."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from csci_utils.console import answer
from csci_utils.text import parse_above_zero, parse_from_zero, parse_whole

from ..option_kinds import Choice, Flag
from ..options import OPTIONS, Option, RenderingOptions

if TYPE_CHECKING:
    from argparse import Namespace, _ActionsContainer, _MutuallyExclusiveGroup

Value = TypeVar("Value")

CUDA_HELP = "1 for --accel, 0 for the CPU (the default)"

DISTRIBUTION = "pset_4"
"""The installed distribution that has this package, and so its version."""


def reader(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return `parse` for argparse, which displays the messages of its own error type only."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return read


def whole(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers from `minimum` to `maximum`."""
    return reader(partial(parse_whole, minimum=minimum, maximum=maximum))


from_zero = reader(parse_from_zero)
above_zero = reader(parse_above_zero)


def add_rendering_options(parser: ArgumentParser, accel_help: str) -> None:
    """Add all `OPTIONS`, and --accel and --cuda as other ways to name the device."""
    devices = parser.add_mutually_exclusive_group()
    for option in OPTIONS:
        _add(devices if option.name == "device" else parser, option)
    add_accelerator(devices, accel_help)


def _add(parser: _ActionsContainer, option: Option) -> None:
    details: dict[str, Any] = {"dest": option.name, "help": option.help, "default": None}
    if isinstance(option.kind, Flag):
        details["action"] = "store_true"
    elif isinstance(option.kind, Choice):
        details |= {"choices": option.kind.choices, "type": option.kind.resolve}
    else:
        details |= {"type": reader(option.kind.parse), "metavar": option.kind.metavar}
    parser.add_argument(f"--{option.flag}", **details)


def read_rendering_options(args: Namespace) -> RenderingOptions:
    """Return the options that were given; the others have their defaults."""
    given = {option.name: getattr(args, option.name, None) for option in OPTIONS}
    if given["number"] is None:
        given["number"] = getattr(args, "style", None)
    if given["device"] is None and (getattr(args, "accel", None) or getattr(args, "cuda", None)):
        given["device"] = "accel"
    return RenderingOptions.from_json({n: v for n, v in given.items() if v is not None})


def add_accelerator(group: _MutuallyExclusiveGroup, accel_help: str) -> None:
    """Add --accel, and --cuda as the reference implementation has it."""
    group.add_argument("--accel", action="store_true", help=accel_help)
    group.add_argument("--cuda", type=whole(0, 1), metavar="{0,1}", default=0, help=CUDA_HELP)


class ShowVersion(Action):
    """Prints the version and exits. It is looked up only then, because that takes a while."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        """Print the version, and exit."""
        from importlib import metadata

        try:
            version = metadata.version(DISTRIBUTION)
        except metadata.PackageNotFoundError:
            version = "unknown: it is not installed"
        answer(f"{parser.prog}, version {version}")
        parser.exit()
