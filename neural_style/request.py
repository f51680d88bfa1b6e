"""Painting requests: a picture, a style, an output, and the options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .options import OPTIONS, RenderingOptions

_FILES = ("content_image", "model", "output_image")
_NAMES = ("image_name", "model_name")


@dataclass(frozen=True)
class PaintingRequest:
    """One picture to be painted in one style, and where to.

    Raises:
        TypeError: A path is neither a text nor a path.
    """

    content_image: Path
    """The picture to paint."""
    model: Path
    """The file of the style."""
    output_image: Path
    """The picture to write; its suffix says in which format."""
    options: RenderingOptions = field(default_factory=RenderingOptions)
    image_name: str = ""
    """The picture's name in the painting's provenance; by default that of its file."""
    model_name: str = ""
    """The same of the style."""

    def __post_init__(self) -> None:
        """Turn texts into paths."""
        for name in _FILES:
            object.__setattr__(self, name, Path(getattr(self, name)))
        object.__setattr__(self, "image_name", self.image_name or self.content_image.name)
        object.__setattr__(self, "model_name", self.model_name or self.model.name)

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain JSON values."""
        texts = {name: str(getattr(self, name)) for name in (*_FILES, *_NAMES)}
        return {**texts, "options": self.options.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PaintingRequest:
        """Return the request that `to_json` described."""
        options = RenderingOptions.from_json(values["options"])
        content_image, model, output_image = (Path(values[name]) for name in _FILES)
        names = [values[name] for name in _NAMES]
        return cls(content_image, model, output_image, options, *names)

    def to_arguments(self) -> list[str]:
        """Return the arguments with which ``python -m neural_style eval`` paints this."""
        given = {name.replace("_", "-"): getattr(self, name) for name in (*_FILES, *_NAMES)}
        given |= {option.flag: getattr(self.options, option.name) for option in OPTIONS}
        return [
            f"--{flag}" if value is True else f"--{flag}={value}"
            for flag, value in given.items()
            if value is not None and value is not False
        ]
