"""Small copies of pictures. Each is made once: its name has the digest of what it shows.

They are JPEG files, and WebP where a picture has transparent parts. Of a painting, which is rough
everywhere, the two are as large, and JPEG takes 1.2 ms in place of 17 ms to encode.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from csci_utils.atomic import atomic_path
from csci_utils.transfers import work_on_many

from .collecting import ImageFile

if TYPE_CHECKING:
    from PIL import Image

THUMBNAILS, PREVIEWS = "thumbnails", "previews"
"""Folders of the gallery."""

SIDES = {THUMBNAILS: 480, PREVIEWS: 2048}
"""The longest side of the copies in each folder, in px."""

THREADS = min(4, os.cpu_count() or 1)
"""How many pictures are decoded at once; each may take a gigabyte."""

QUALITY = 80
"""Of 100. Higher values make paintings much larger."""

SHOWN_BY_BROWSERS = frozenset([".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"])
"""Suffixes of files that every browser shows; others get a preview."""

_NAME = re.compile(r"(?P<key>[0-9a-f]{32})-(?P<width>\d{1,6})x(?P<height>\d{1,6})\.(jpg|webp)")


@dataclass(frozen=True, slots=True)
class View:
    """How the gallery shows files of the same bytes. Paths are relative to the gallery's folder."""

    thumbnail: str
    """The path of the small copy."""
    preview: str | None
    """The path of a larger copy, for files that browsers do not show."""
    width: int
    """The width of the picture itself, in px."""
    height: int
    """The height of the picture itself, in px."""


class Thumbnails:
    """The small copies in a gallery."""

    def __init__(self, data: str, gallery: str) -> None:
        """Look at what is there.

        Args:
            data: The data folder.
            gallery: The gallery's folder in it.
        """
        self._data = data
        self._gallery = gallery
        self._names = {folder: _list_by_key(f"{gallery}/{folder}") for folder in SIDES}

    def make(self, files: Iterable[ImageFile]) -> dict[str, View]:
        """Return how to show files, by their digests; those that cannot be decoded are left out.

        What is missing is made by several threads: Pillow works in parallel.
        """
        # Of equal files under several names, one that needs a preview comes last, and counts.
        distinct = {file.sha256: file for file in sorted(files, key=_needs_preview)}
        views = {
            made.item.sha256: made.get()
            for made in work_on_many(self._view, distinct.values(), THREADS)
        }
        return {key: view for key, view in views.items() if view is not None}

    def remove_others(self, views: Mapping[str, View]) -> None:
        """Remove the copies of files that are not among those of `views`."""
        wanted = {_key_of(sha256) for sha256 in views}
        for folder, names in self._names.items():
            for key in names.keys() - wanted:
                with suppress(OSError):  # the next run tries again
                    os.remove(f"{self._gallery}/{folder}/{names[key]}")

    def _view(self, file: ImageFile) -> View | None:
        needed = [THUMBNAILS, PREVIEWS] if _needs_preview(file) else [THUMBNAILS]
        key = _key_of(file.sha256)
        missing = [folder for folder in needed if key not in self._names[folder]]
        if missing and not self._copy(file, key, missing):
            return None
        name = self._names[THUMBNAILS][key]
        size = _NAME.fullmatch(name)
        assert size is not None  # all names here are of this form
        preview = f"{PREVIEWS}/{name}" if PREVIEWS in needed else None
        return View(f"{THUMBNAILS}/{name}", preview, int(size["width"]), int(size["height"]))

    def _copy(self, file: ImageFile, key: str, folders: Iterable[str]) -> bool:
        """Make the copies in these folders; return False if the file is not a usable picture."""
        from neural_style import NeuralStyleError, load_picture

        try:
            picture = load_picture(f"{self._data}/{file.path}")
        except (NeuralStyleError, OSError):
            return False
        suffix = "webp" if picture.mode == "RGBA" else "jpg"
        name = f"{key}-{picture.width}x{picture.height}.{suffix}"
        for folder in folders:
            _save(picture, SIDES[folder], f"{self._gallery}/{folder}/{name}")
            self._names[folder][key] = name
        return True


def is_copy(path: str) -> bool:
    """Return whether a path, relative to a gallery's folder, is that of a copy of a picture."""
    folder, _, name = path.rpartition("/")
    return folder in SIDES and _NAME.fullmatch(name) is not None


def thumbnail_size(view: View) -> tuple[int, int]:
    """Return the width and height of a view's thumbnail, in px, within one."""
    scale = min(1, SIDES[THUMBNAILS] / max(view.width, view.height))
    return max(1, round(view.width * scale)), max(1, round(view.height * scale))


def _needs_preview(file: ImageFile) -> bool:
    return PurePosixPath(file.path).suffix.lower() not in SHOWN_BY_BROWSERS


def _save(picture: Image.Image, side: int, path: str) -> None:
    # The suffix names the format. Without these, Pillow imports the code of all 45, in 60 ms.
    from PIL import JpegImagePlugin, WebPImagePlugin  # noqa: F401

    small = picture.copy()
    small.thumbnail((side, side), reducing_gap=2.0)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with atomic_path(path) as temporary_path:
        profile = picture.info.get("icc_profile")
        small.save(temporary_path, quality=QUALITY, method=2, icc_profile=profile)


def _list_by_key(folder: str) -> dict[str, str]:
    """Return the names of the copies in a folder by the first digits of their digests."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return {}
    matches = filter(None, map(_NAME.fullmatch, names))
    return {match["key"]: match.string for match in matches}


def _key_of(sha256: str) -> str:
    return sha256[:32]
