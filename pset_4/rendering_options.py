"""The rendering options of `neural_style`, as the pipeline sorts them.

Some make another result, and are parameters of tasks. The others say how this machine gets to the
same result, and are settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from neural_style.options import OPTIONS, Option, RenderingOptions

from .errors import SettingsError

RESULT_OPTIONS = tuple(o for o in OPTIONS if o.changes_result and o.name != "number")
"""Options that are parameters of tasks. A style's number is part of the model's name instead."""

_OF_FILES = ("quality", "metadata", "keep_location")

LOOK_OPTIONS = tuple(o for o in RESULT_OPTIONS if o.name not in _OF_FILES)
"""Options that change how a result looks, and not only what its file says, or how large it is."""

MACHINE_OPTIONS = tuple(o for o in OPTIONS if not o.changes_result)
"""Options that are settings."""

_RECORDED = tuple(o for o in OPTIONS if o.changes_result)


def variable_of(option: Option) -> str:
    """Return the environment variable of a machine option."""
    return f"PSET_4_{option.name.upper()}"


def to_origin(options: RenderingOptions) -> dict[str, Any]:
    """Return what a result's record says of the options it was painted with."""
    return {option.name: getattr(options, option.name) for option in _RECORDED}


def complete_origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result's record with the values that stand for options younger than it."""
    return {**{option.name: option.earlier for option in _RECORDED}, **origin}


def describe_options(values: Mapping[str, Any]) -> str:
    """Return options as they stand on a command line, without those that have their defaults.

    A style's number is not among them: it is part of the model's name.
    """
    options = {option.name: option for option in RESULT_OPTIONS}
    shown = [
        f"--{option.flag}" if values[name] is True else f"--{option.flag} {values[name]}"
        for name, option in options.items()
        if values.get(name, option.default) != option.default
    ]
    return " ".join(shown) or "the defaults"


def read_machine_options(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the machine options that are set, by name: from texts, or else the environment.

    Raises:
        SettingsError: A text cannot be parsed; the message names its option and variable.
    """
    values = {}
    for option in MACHINE_OPTIONS:
        variable = variable_of(option)
        text = given.get(option.name) or os.environ.get(variable)
        try:
            if text:
                values[option.name] = option.kind.parse(text)
        except ValueError as error:
            remedy = f"check --{option.flag} or {variable}"
            raise SettingsError(f"{option.name}: {error}", remedy=remedy) from error
    return values
