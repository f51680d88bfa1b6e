"""Names of results: ``shared/candy.pth@strength=0.5/lisbon/tram.jpg``."""

from __future__ import annotations

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
    return f"{style}/{image}"


def split_result(path: str) -> tuple[str, str] | None:
    """Return the style and the image of a result, as `join_result` takes them; None for others.

    The first part that is named like a style ends the style's name: no folder is.
    """
    parts = path.split("/")
    ends = (end for end, part in enumerate(parts[:-1], 1) if names.is_model(part))
    if (end := next(ends, None)) is None:
        return None
    try:
        style, image = "/".join(parts[:end]), names.check_image_name("/".join(parts[end:]))
        names.parse_model_name(style)
    except InvalidNameError:
        return None
    return style, image


def style_parameters(style: str) -> dict[str, Any]:
    """Return the parameters of tasks that paint a style: its ``model``, and what its look names.

    Raises:
        InvalidNameError: It is not the name of a style.
    """
    name = names.parse_model_name(style)
    return {"model": name.without_look, **parse_look(name.look)}
