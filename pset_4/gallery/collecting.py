"""What the gallery shows: every picture with the results that were painted from it."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from csci_utils.digest import file_digest
from csci_utils.text import sort_key
from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

from ..places import IMAGES
from ..provenance.recorded import from_record
from ..rendering_options import complete_origin
from ..settings import Settings
from ..storage.inventory import list_results
from ..storage.records import Origin, read_valid_record
from ..styles.results import join_result

if TYPE_CHECKING:
    from neural_style import Provenance


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image on this machine.

    There may be tens of thousands, so what is not shown is not kept.
    """

    path: str
    """Relative to the data folder, with ``/``."""
    sha256: str
    """The SHA-256 of the file's bytes."""
    modified: float
    """When the file was written, in seconds since 1970."""
    provenance: Provenance | None = None
    """Of a result, where it comes from; None if that is unknown."""


class State(Enum):
    """What is known about a result."""

    CURRENT = "as it was painted"
    OUTDATED = "the picture was replaced since"
    UNKNOWN = "not painted here, or altered since"


@dataclass(frozen=True, slots=True)
class Result:
    """A picture in one style."""

    model: str
    """The style's name: that of the model, with a number if its file has several, and with a look
    unless it is the usual one."""
    file: ImageFile
    state: State


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its results, sorted by model."""

    name: str
    """The image's name, which may have folders."""
    original: ImageFile | None
    """The cached image; None if it is not here."""
    results: list[Result] = field(default_factory=list)


def collect(settings: Settings, folder: str) -> list[Picture]:
    """Return all pictures that have results, sorted by name.

    Args:
        settings: The current ones.
        folder: Where the results are, relative to the data folder.

    Raises:
        OSError: A folder or a file cannot be read.
    """
    models: dict[str, list[str]] = defaultdict(list)
    for model, image in list_results(f"{settings.data}/{folder}"):
        models[image].append(model)
    return [
        _collect_picture(settings, folder, image, models[image])
        for image in sorted(models, key=sort_key)
    ]


def select_published(pictures: list[Picture], results: set[tuple[str, str]]) -> list[Picture]:
    """Return the pictures with only those results that are in the remote.

    Args:
        pictures: The pictures.
        results: The model and the image of each result in the remote.
    """
    selected = [
        replace(picture, results=[r for r in picture.results if (r.model, picture.name) in results])
        for picture in pictures
    ]
    return [picture for picture in selected if picture.results]


def _collect_picture(settings: Settings, folder: str, image: str, models: list[str]) -> Picture:
    original, image_origin = _find(settings, f"{IMAGES}/{image}")
    results = []
    for model in sorted(models, key=sort_key):
        file, origin = _find(settings, f"{folder}/{join_result(model, image)}")
        if file is not None:
            results.append(Result(model, file, _state_of(origin, image_origin)))
    return Picture(image, original, results)


def _find(settings: Settings, path: str) -> tuple[ImageFile | None, Origin | None]:
    """Return a file and what it was made from, if that is known.

    None for both if it is not there, or not a file that can be read to its end, or too large.
    """
    full_path = f"{settings.data}/{path}"
    try:
        status = os.stat(full_path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PICTURE_BYTES:
            return None, None
        record = read_valid_record(full_path)
        sha256 = record.sha256 if record else file_digest(full_path)
    except FileNotFoundError:  # another process may just have removed it
        return None, None
    origin = None if record is None else record.origin
    return ImageFile(path, sha256, status.st_mtime, from_record(record)), origin


def _state_of(result: Origin | None, image: Origin | None) -> State:
    """Return the state of a result from its origin and that of its image."""
    if result is None:
        return State.UNKNOWN
    if image is not None and complete_origin(result).get("image") != image:
        return State.OUTDATED
    return State.CURRENT
