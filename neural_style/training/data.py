"""The pictures to train on, in the reference implementation's order and cut as it cuts them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from csci_utils.errors import at_path

from ..errors import PictureError, TrainingError
from ..pictures.arrays import Pixels, to_pixels
from ..pictures.file_formats import PICTURE_SUFFIXES
from ..pictures.io import load_picture
from .options import MINIMUM_SIDE


@dataclass(frozen=True)
class Batch:
    """Some pictures, and where in the dataset the next batch begins."""

    pixels: Pixels
    """B x 3 x side x side, RGB, 0..255."""
    next_index: int


def find_pictures(dataset: Path) -> list[Path]:
    """The files in `dataset` and the folders inside it that are pictures by their suffix, sorted.

    A folder's own files come before those of folders in it. Hidden files are left out. Links to
    folders are followed, except to folders that they lie in: there would be no end.

    Raises:
        TrainingError: it is no folder, or has no pictures.
    """
    if not dataset.is_dir():
        raise TrainingError(f"{dataset}: expected a folder of pictures; there is none of this name")
    found = [
        folder / name
        for folder, names in _walk(dataset)
        for name in names
        if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith(".")
    ]
    if not found:
        raise TrainingError(
            f"{dataset}: expected pictures to train on, got a folder without any; "
            f"their names end in {', '.join(sorted(PICTURE_SUFFIXES))}"
        )
    return sorted(found, key=lambda path: (path.parent.parts, path.name))


def _walk(dataset: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders, and the names of the files in each."""
    for place, inside, names in os.walk(dataset, followlinks=True):
        folder = Path(place)
        around = {os.path.realpath(outer) for outer in (folder, *folder.parents)}
        inside[:] = [name for name in inside if os.path.realpath(folder / name) not in around]
        yield folder, names


def digest_names(paths: Sequence[Path], dataset: Path) -> str:
    """A SHA-256 over the names and sizes of the files, wherever the folder `dataset` is."""
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size if path.exists() else None
        digest.update(os.fsencode(f"{path.relative_to(dataset).as_posix()}\0{size}\0"))
    return digest.hexdigest()


def read_batches(
    paths: Sequence[Path],
    start: int,
    batch_size: int,
    side: int,
    skip: Callable[[PictureError], None],
) -> Iterator[Batch]:
    """The pictures from index `start` on, `batch_size` at a time; the last batch may have fewer.

    A picture that cannot be read is handed to `skip` as its error, and the next one takes its
    place.
    """
    collected: list[Pixels] = []
    for index in range(start, len(paths)):
        try:
            collected.append(read_square(paths[index], side))
        except PictureError as error:
            skip(error)
            continue
        if len(collected) == batch_size:
            yield Batch(np.concatenate(collected), index + 1)
            collected = []
    if collected:
        yield Batch(np.concatenate(collected), len(paths))


def read_square(path: Path, side: int) -> Pixels:
    """The middle of a picture whose shorter side was made `side` px: 1 x 3 x side x side, 0..255.

    Raises:
        PictureError: it cannot be read, or is so long that it would become too large.
    """
    picture = load_picture(path).convert("RGB")
    shorter, longer = sorted(picture.size)
    # Sides are cut off, and the middle is rounded, as torchvision's Resize and CenterCrop do.
    resized_longer = int(side * longer / shorter)
    if Image.MAX_IMAGE_PIXELS is not None and side * resized_longer > Image.MAX_IMAGE_PIXELS:
        with at_path(path):
            raise PictureError(
                f"expected a picture less long than {picture.width}x{picture.height} px; crop it"
            )
    is_upright = picture.width <= picture.height
    size = (side, resized_longer) if is_upright else (resized_longer, side)
    resized = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (round((length - side) / 2) for length in size)
    return to_pixels(resized.crop((left, top, left + side, top + side)))


def read_style(path: Path, size: int | None = None) -> Pixels:
    """The style picture: 1 x 3 x H x W, 0..255, of its own size or resized to `size` x `size` px.

    Raises:
        PictureError: it cannot be read, or is smaller than `MINIMUM_SIDE`.
    """
    picture = load_picture(path).convert("RGB")
    if size is not None:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    if min(picture.size) < MINIMUM_SIDE:
        with at_path(path):
            raise PictureError(
                f"expected a style picture of at least {MINIMUM_SIDE}x{MINIMUM_SIDE} px, "
                f"got {picture.width}x{picture.height}; choose a larger one"
            )
    return to_pixels(picture)
