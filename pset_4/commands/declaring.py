"""How the options of commands are declared: what they read, keep and complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from csci_utils.text import parse_whole
from neural_style.option_kinds import Choice

from ..terminal.completion import Completion, complete_images, complete_models

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")
Decorator = Callable[[Command], Command]


def reader(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return `parse` for click, which displays the messages of its own error type only."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in a range."""
    return reader(lambda text: parse_whole(text, minimum, maximum))


def name_reader(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a reader of names and patterns, which also says what to do with a path."""

    def read(text: str) -> str:
        try:
            return check(text)
        except ValueError as error:
            is_path = os.path.isfile(os.path.expanduser(text))
            advice = f"{text}: a path, not a name; give it as an argument: main FILE"
            raise click.BadParameter(advice if is_path else str(error)) from error

    return read


class Word(click.Choice[str]):
    """Reads one of a few words, of which some may be written in several ways."""

    def __init__(self, kind: Choice) -> None:
        """Take the words from the kind of an option's values."""
        super().__init__(kind.choices)
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the choice that a word stands for."""
        return super().convert(self._kind.resolve(value), param, ctx)


def common_option(name: str) -> Any:
    """Return the value of a kept option, given before or after the command's name; else None."""
    return click.get_current_context().ensure_object(dict).get(name)


def apply(command: Command, *decorators: Decorator[Command]) -> Command:
    """Decorate a command so that its help lists the options in this order."""
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def kept_option(*names: str, **details: Any) -> Callable[[Command], Command]:
    """Return an option whose value is kept for `common_option`."""
    return click.option(*names, expose_value=False, callback=keep, **details)


def setting(
    flag: str, metavar: str | None, text: str, complete: Completion | None = None
) -> Callable[[Command], Command]:
    """Return an option of the settings, which is kept for `common_option`."""
    return kept_option(f"--{flag}", metavar=metavar, help=text, shell_complete=complete)


def kept_flag(*names: str, **details: Any) -> Callable[[Command], Command]:
    """Return a flag that is kept for `common_option`."""
    return kept_option(*names, is_flag=True, **details)


def sentence(text: str) -> str:
    """Return the help text of a rendering option as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


def name_option(name: str, check: Callable[[str], str], text: str) -> Callable[[Command], Command]:
    """Return the option that names images or models, as often as needed."""
    aliases = ["--style"] if name == "model" else []
    return click.option(
        f"-{name[0]}",
        f"--{name}",
        *aliases,
        f"{name}s",
        type=name_reader(check),
        metavar="NAME",
        multiple=True,
        shell_complete=complete_images if name == "image" else complete_models,
        callback=_drop_repeated,
        help=text,
    )


def _drop_repeated(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a value for `common_option`."""
    if value:
        context.ensure_object(dict)[parameter.name] = value
