"""Contact sheets: each picture in all its styles, on one image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from csci_utils.errors import DescribedError
from neural_style import NeuralStyleError

from ..context import command
from ..errors import MissingError
from ..places import RESULTS, SHEETS
from ..settings import Settings
from ..storage.lookup import Names, find_images
from ..storage.remote import target_at
from .collecting import Picture, collect
from .layout import lay_out

if TYPE_CHECKING:
    from PIL import Image

SIDE = 320
"""The longest side of each picture on a sheet, in px."""


def make_sheets(settings: Settings, images: Sequence[str] = ()) -> Iterator[str | DescribedError]:
    """Make a sheet of each picture, and yield its path, or why there is none.

    Args:
        settings: The current ones.
        images: Names and patterns of images; empty for all that were painted.

    Raises:
        MissingError: Nothing was painted from an image.
        OSError: A file cannot be read or written.
    """
    pictures = {picture.name: picture for picture in collect(settings, RESULTS)}
    known = Names(pictures)
    for image in [name for text in images for name in find_images(text, known)] or pictures:
        picture = pictures.get(image)
        if picture is None:
            raise MissingError(
                "nothing was painted from it here",
                path=image,
                remedy=f"paint it first: {command('main --image', image)}",
            )
        try:
            yield _make_sheet(settings, picture)
        except NeuralStyleError as error:  # other pictures have their sheets
            yield error


def _make_sheet(settings: Settings, picture: Picture) -> str:
    from neural_style import save_picture

    shown = [(result.model, result.file) for result in picture.results]
    if picture.original is not None:
        shown.insert(0, (picture.name, picture.original))
    sheet = lay_out([(caption, _shrink(f"{settings.data}/{file.path}")) for caption, file in shown])
    target = target_at(f"{settings.data}/{SHEETS}/{picture.name}")
    with target.temporary_path() as path:
        save_picture(sheet, path, final_path=target.path)
    return str(target.path)


def _shrink(path: str) -> Image.Image:
    from neural_style import limit_side, load_picture

    return limit_side(load_picture(path), SIDE)
