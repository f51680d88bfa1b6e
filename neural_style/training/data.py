"""The pictures to train on, in the reference implementation's order and cut as it cuts them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import PictureError, TrainingError
from ..pictures.arrays import Pixels, to_pixels
from ..utils import PICTURE_SUFFIXES, load_image
from .options import MINIMUM_SIDE


@dataclass(frozen=True)
class Batch:
    """Pictures of one training step."""

    pixels: Pixels
    """B x 3 x side x side, RGB, 0..255."""
    next_index: int
    """Index in the dataset at which the next batch starts."""


def find_pictures(dataset: Path) -> list[Path]:
    """Return the picture files in `dataset` and its subfolders, sorted by folder, then by name.

    Files are chosen by their suffix; hidden files are left out. A folder's own files come before
    those of its subfolders. Links to folders are followed unless they lead to a folder that
    contains them.

    Raises:
        TrainingError: `dataset` is not a folder, or contains no pictures.
    """
    check_dataset(dataset)
    found = [path for path in _walk(dataset) if _is_picture(path)]
    return sorted(found, key=lambda path: (path.parent.parts, path.name))


def check_dataset(dataset: Path) -> None:
    """Check that `find_pictures` finds any; the first is enough.

    Raises:
        TrainingError: As `find_pictures`.
    """
    if not dataset.is_dir():
        raise TrainingError(
            "expected a folder of pictures, and there is no such folder",
            path=dataset,
            remedy="name another --dataset",
        )
    if not any(map(_is_picture, _walk(dataset))):
        raise TrainingError(
            "the folder contains no pictures to train on",
            path=dataset,
            remedy=f"add files that end in {', '.join(sorted(PICTURE_SUFFIXES))}",
        )


def _walk(dataset: Path) -> Iterator[Path]:
    """Yield all files in `dataset` and its subfolders, in no particular order."""
    for root, subfolders, names in os.walk(dataset, followlinks=True):
        folder = Path(root)
        subfolders[:] = [name for name in subfolders if not _is_loop(folder / name)]
        yield from (folder / name for name in names)


def _is_loop(folder: Path) -> bool:
    """Return True for a link to one of the folders that contain it: walking would never end."""
    return os.path.realpath(folder) in map(os.path.realpath, folder.parents)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def digest_names(paths: Sequence[Path], dataset: Path) -> str:
    """Return the SHA-256 of the files' sizes and of their names relative to `dataset`."""
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
    """Yield the pictures from index `start` on, `batch_size` at a time.

    A picture that cannot be read is passed to `skip` as its error, and the next one takes its
    place. The last batch may be smaller.
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
    """Scale a picture's shorter side to `side` px, and return the square in its middle.

    Returns:
        1 x 3 x `side` x `side`, RGB, 0..255.

    Raises:
        PictureError: The picture cannot be read, or is too long to be scaled.
    """
    picture = load_image(path)
    width, height = size = _scaled_size(picture.size, side)
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        raise PictureError(
            f"too long for training ({picture.width}x{picture.height} px)",
            path=path,
            remedy="crop it",
        )
    resized = picture.resize(size, Image.Resampling.BILINEAR)
    # Python rounds halves to even here, as torchvision's CenterCrop does.
    left, top = (round((length - side) / 2) for length in size)
    return to_pixels(resized.crop((left, top, left + side, top + side)))


def _scaled_size(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Return width and height in the same proportions, the longer side rounded down.

    That is how torchvision's Resize rounds.
    """
    width, height = size
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def read_style(path: Path, size: int | None = None) -> Pixels:
    """Read the style picture in its own size, or resized to `size` x `size` px.

    Returns:
        1 x 3 x H x W, RGB, 0..255.

    Raises:
        PictureError: The picture cannot be read, or has a side shorter than `MINIMUM_SIDE`.
    """
    picture = load_image(path, size)
    if min(picture.size) < MINIMUM_SIDE:
        raise PictureError(
            f"expected a style picture of at least {MINIMUM_SIDE}x{MINIMUM_SIDE} px, "
            f"got {picture.width}x{picture.height}",
            path=path,
            remedy="choose a larger one",
        )
    return to_pixels(picture)
