"""Painting requests: a picture, a style, an output, and the options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from .mixing.names import Mixture, find_bad_mixture, parse_mixture
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
    blend: Mixture | None = None
    """The styles that are blended, of the files at these paths, of which `model` is the first. None
    for `model` alone."""

    def __post_init__(self) -> None:
        """Turn texts into paths."""
        for name in _FILES:
            object.__setattr__(self, name, Path(getattr(self, name)))
        object.__setattr__(self, "image_name", self.image_name or self.content_image.name)
        object.__setattr__(self, "model_name", self.model_name or self._name_models())

    @classmethod
    def of(
        cls,
        content_image: str | PathLike[str],
        models: str | PathLike[str],
        output_image: str | PathLike[str],
        options: RenderingOptions,
        image_name: str = "",
        model_name: str = "",
    ) -> PaintingRequest:
        """Return a request for the path of a model, or for a mixture of several.

        Args:
            content_image: The picture.
            models: The model, or such as ``candy.pth:0.5,mosaic.pth:0.5``.
            output_image: The picture to write.
            options: How to paint.
            image_name: As for a request.
            model_name: As for a request.

        Raises:
            ValueError: It is no such mixture, or a number of a style is given in both places.
        """
        mixture = parse_mixture(str(models))
        names = image_name, model_name
        needed = [models] if mixture is None else mixture.files
        if not all(map(os.path.exists, needed)) and (error := find_bad_mixture(str(models))):
            raise error
        if mixture is None:
            return cls(Path(content_image), Path(models), Path(output_image), options, *names)
        files = Path(content_image), Path(mixture.files[0]), Path(output_image)
        if options.number is not None:
            raise ValueError("expected the numbers of styles in --model alone, got --style, too")
        if len(mixture.files) == 1:
            return cls(*files, replace(options, number=mixture.numbers), *names)
        return cls(*files, options, *names, mixture)

    def _name_models(self) -> str:
        if self.blend is None:
            return self.model.name
        named = (replace(each, file=Path(each.file).name) for each in self.blend.ingredients)
        return str(Mixture(tuple(named)))

    def to_json(self) -> dict[str, Any]:
        """Return the request as plain JSON values."""
        texts = {name: str(getattr(self, name)) for name in (*_FILES, *_NAMES)}
        blend = None if self.blend is None else str(self.blend)
        return {**texts, "options": self.options.to_json(), "blend": blend}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PaintingRequest:
        """Return the request that `to_json` described."""
        options = RenderingOptions.from_json(values["options"])
        content_image, model, output_image = (Path(values[name]) for name in _FILES)
        image_name, model_name = (values[name] for name in _NAMES)
        blend = parse_mixture(values.get("blend") or "")
        return cls(content_image, model, output_image, options, image_name, model_name, blend)

    def to_arguments(self) -> list[str]:
        """Return the arguments with which ``python -m neural_style eval`` paints this."""
        given = {name.replace("_", "-"): getattr(self, name) for name in (*_FILES, *_NAMES)}
        if self.blend is not None:
            given["model"] = self.blend
        given |= {option.flag: getattr(self.options, option.name) for option in OPTIONS}
        return [
            f"--{flag}" if value is True else f"--{flag}={value}"
            for flag, value in given.items()
            if value is not None and value is not False
        ]
