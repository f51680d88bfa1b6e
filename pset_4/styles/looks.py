"""Looks: what tells a painting from another one of the same picture in the same style.

A look is a part of a result's name, such as ``strength=0.5,preserve-color`` in
``candy.pth@strength=0.5,preserve-color/coffee.png``. It has the options that were declared with
``names_result`` and do not have their defaults, in the order in which they are declared. So each
look has one name, and the usual look has none.
"""

from __future__ import annotations

from typing import Any

from neural_style.option_kinds import Flag
from neural_style.options import Option, RenderingOptions

from ..errors import InvalidNameError
from ..rendering_options import RESULT_OPTIONS

LOOK_MARK = "@"
"""Stands between a model's name and a look."""

NAMED_OPTIONS = tuple(option for option in RESULT_OPTIONS if option.names_result)
"""The options that looks are made of."""


def name_look(options: RenderingOptions) -> str:
    """Return the look of paintings with these options; empty for the usual one."""
    values = ((option, getattr(options, option.name)) for option in NAMED_OPTIONS)
    return ",".join(_name(*each) for each in values if each[1] != each[0].default)


def parse_look(look: str) -> dict[str, Any]:
    """Return the options that a look names, by their names in `RenderingOptions`.

    Raises:
        InvalidNameError: It is not the name of a look, or not spelled as `name_look` does.
    """
    known = {option.flag: option for option in NAMED_OPTIONS}
    values: dict[str, Any] = {}
    problem = ""
    for part in filter(None, look.split(",")):
        flag, has_value, text = part.partition("=")
        try:
            option = known[flag]
            values[option.name] = option.kind.parse(text) if has_value else True
        except KeyError:
            problem = f"no option is named {flag}"
        except ValueError as error:
            problem = f"{flag}: {error}"
    if not problem:
        try:
            usual = name_look(RenderingOptions(**values))
        except (TypeError, ValueError) as error:
            problem = str(error)
        else:
            problem = "" if usual == look else f"write {usual or 'nothing'}"
    if problem:
        raise InvalidNameError(
            f"not a look ({problem})",
            path=f"{LOOK_MARK}{look}",
            remedy=f"looks have the options {' '.join(known)}, as in strength=0.5,preserve-color",
        )
    return values


def _name(option: Option, value: Any) -> str:
    if isinstance(option.kind, Flag):
        return option.flag
    return f"{option.flag}={str(value).removesuffix('.0')}"
