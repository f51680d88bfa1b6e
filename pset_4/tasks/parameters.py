"""Parameters of tasks. A value is checked where it comes in."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

import luigi
from luigi.cmdline_parser import CmdlineParser

from csci_utils.console import ExitCode, say
from neural_style.options import Option, RenderingOptions

from .. import names
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..rendering_options import RESULT_OPTIONS
from ..storage.conflicts import CONFLICT_CHOICES, REFUSE
from ..styles.looks import name_look

SEPARATOR = "|"
"""Stands between the names of several images. No name has it: Windows forbids it in names."""


class _CheckedParameter(luigi.Parameter[Any]):
    """A parameter whose bad values end Luigi's command line with one line."""

    def parse(self, x: str) -> Any:
        """Return the value that a text stands for."""
        try:
            return self.normalize(self.read(x))
        except ValueError as error:
            if CmdlineParser.get_instance() is None:
                raise
            say(f"error: {error}", sys.stderr)
            sys.exit(ExitCode.USAGE)

    def read(self, text: str) -> Any:
        """Return the value that a text stands for, unchecked."""
        return text


class ImageParameter(_CheckedParameter):
    """The name of an image, or the names of several; Luigi may join those of several tasks."""

    def __init__(self, default: str) -> None:
        """Declare the parameter."""
        super().__init__(default=default, batch_method=join_images)

    def normalize(self, value: str) -> str:
        """Return the names, or raise InvalidNameError."""
        return _check_images(value)


@lru_cache(maxsize=1024)  # all tasks of a batch have the same hundred names
def _check_images(value: str) -> str:
    return join_images(map(names.check_image_name, split_images(value)))


def join_images(images: Iterable[str]) -> str:
    """Return the value of `ImageParameter` for the names of images."""
    return SEPARATOR.join(images)


@lru_cache(maxsize=1024)
def split_images(value: str) -> tuple[str, ...]:
    """Return the names in a value of `ImageParameter`."""
    return tuple(value.split(SEPARATOR))


class ModelFileParameter(_CheckedParameter):
    """The name of a model's file."""

    def normalize(self, value: str) -> str:
        """Return the name, or raise InvalidNameError."""
        return names.check_model_file(value)


class ModelParameter(_CheckedParameter):
    """The name of a model, with a style number if its file has several: ``many.onnx@7``."""

    def normalize(self, value: str) -> str:
        """Return the name, or raise InvalidNameError."""
        return names.check_model_name(value)


class RenderingParameter(_CheckedParameter):
    """A rendering option."""

    def __init__(self, option: Option) -> None:
        """Declare an option as a parameter."""
        super().__init__(default=option.default, description=option.help)
        self._kind = option.kind
        self._name = option.name

    def read(self, text: str) -> Any:
        """Return the value that a text stands for; an empty one stands for None."""
        return self._kind.parse(text) if text else None

    def serialize(self, x: Any) -> str:
        """Return the text that stands for a value."""
        text = "" if x is None else str(x)
        return text.lower() if isinstance(x, bool) else text

    def normalize(self, value: Any) -> Any:
        """Return the value, checked."""
        return None if value is None else self._kind.check(self._name, value)


class ImageFiles:
    """The images that a task is about: for tasks that move their files."""

    image = ImageParameter(default=DEFAULT_IMAGE)

    def max_bytes(self) -> int:
        """Return the largest size of an image that is read."""
        from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

        return MAX_PICTURE_BYTES


class ModelFile:
    """The model that a task is about: for tasks that move its file."""

    model = ModelFileParameter(default=DEFAULT_MODEL)

    @property
    def names(self) -> Sequence[str]:
        """The name of the file."""
        return [self.model]

    def max_bytes(self) -> int:
        """Return the largest size of a model that is read."""
        from neural_style.formats.model_file import MAX_STYLE_BYTES

        return MAX_STYLE_BYTES


def upload_parameter() -> luigi.BoolParameter:
    """Return the parameter that publishes drop-ins first (``--upload true`` or ``false``)."""
    return luigi.BoolParameter(default=True, parsing=luigi.BoolParameter.EXPLICIT_PARSING)


def on_conflict_parameter() -> luigi.ChoiceParameter[str]:
    """Return the parameter for conflicts: other bytes in the remote under a drop-in's name."""
    return luigi.ChoiceParameter(default=REFUSE, choices=CONFLICT_CHOICES)


class RenderingParameters:
    """How to paint: a `RenderingParameter` for each of the `RESULT_OPTIONS`.

    Luigi's ``clone`` passes on the parameters that both tasks have, and silently drops the others.
    """

    def rendering(self, **others: Any) -> RenderingOptions:
        """Return the rendering options of the parameters, and others."""
        values = {option.name: getattr(self, option.name) for option in RESULT_OPTIONS}
        return RenderingOptions(**values, **others)


def _declare(option: Option) -> None:
    """Give `RenderingParameters` an attribute, as if it stood in the class's body."""
    parameter = RenderingParameter(option)
    setattr(RenderingParameters, option.name, parameter)
    parameter.__set_name__(RenderingParameters, option.name)


for _option in RESULT_OPTIONS:
    _declare(_option)


class PaintingParameters(RenderingParameters):
    """What to paint in which style, and how: for tasks that paint, or require one that does."""

    image = ImageParameter(default=DEFAULT_IMAGE)
    model = ModelParameter(default=DEFAULT_MODEL)
    upload = upload_parameter()
    on_conflict = on_conflict_parameter()

    @cached_property
    def style(self) -> str:
        """The name of the style in results: that of the model, with the look of the options."""
        name = names.parse_model_name(self.model)
        return str(replace(name, look=name_look(self.rendering())))
