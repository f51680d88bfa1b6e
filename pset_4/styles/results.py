"""Names of results: ``shared/candy.pth@strength=0.5/lisbon/tram.jpg``.

Where a look names another format than the image's own, the result's name has one more suffix:
``candy.pth@format=jpeg/coffee.png.jpg``. So no two images have one result.
"""

from __future__ import annotations

from functools import lru_cache
from posixpath import splitext
from typing import Any

from .. import names
from ..errors import InvalidNameError
from .looks import parse_look


def join_result(style: str, image: str) -> str:
    """Return the name of an image's result, which is its path below the folder of results.

    Args:
        style: The name of a model, with a look unless it is the usual one.
        image: The name of the image.
    """
    return f"{style}/{image}{_find_suffix(_format_of(style), image)}"


def split_result(path: str) -> tuple[str, str] | None:
    """Return the style and the image of a result, as `join_result` takes them; None for others.

    The first part that is named like a style ends the style's name: no folder is.
    """
    parts = path.split("/")
    ends = (end for end, part in enumerate(parts[:-1], 1) if names.is_model(part))
    if (end := next(ends, None)) is None:
        return None
    style, file = "/".join(parts[:end]), "/".join(parts[end:])
    for image in (file, splitext(file)[0]):
        try:
            names.check_image_name(image)
            is_usual = names.check_style_name(style) == style
            if is_usual and join_result(style, image) == path:
                return style, image
        except InvalidNameError:
            pass
    return None


def style_parameters(style: str) -> dict[str, Any]:
    """Return the parameters of tasks that paint a style: its ``model``, and what its look names.

    Raises:
        InvalidNameError: It is not the name of a style.
    """
    name = names.parse_model_name(style)
    return {"model": name.without_look, **parse_look(name.look)}


@lru_cache(maxsize=1024)  # each style has many results
def _format_of(style: str) -> str | None:
    """Return the format that a style's look names, if any.

    Raises:
        InvalidNameError: It is not the name of a style.
    """
    file_format: str | None = style_parameters(style).get("file_format")
    return file_format


def _find_suffix(file_format: str | None, image: str) -> str:
    """Return what an image's name needs to be that of its result in a format; often nothing.

    An image's own name will do if it is of the format, unless it looks like the name of another
    image's result: ``coffee.png.jpg`` would be that of ``coffee.png``.
    """
    if file_format is None:
        return ""
    from neural_style.pictures.file_formats import format_for, suffix_of

    suffix = suffix_of(file_format)
    is_of_format = format_for(image) is format_for(suffix, file_format)
    return "" if is_of_format and not names.is_image_name(splitext(image)[0]) else suffix
