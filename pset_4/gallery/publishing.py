"""Copying the gallery to the remote, where it lies beside the same folders as here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain

from csci_utils.atomic import scratch_folder
from csci_utils.errors import S3AccessError
from csci_utils.luigi import copy

from ..settings import Settings
from ..storage.inventory import list_results
from ..storage.remote import list_paths, target_at
from .building import INDEX, Gallery
from .collecting import ImageFile, Picture, select_published
from .rendering import render
from .thumbnails import View, is_copy


def publish(settings: Settings, gallery: Gallery) -> str:
    """Copy the gallery to the remote, and return the address of its page.

    It shows the results that are in the remote. Neither proofs nor failures, whose reasons name
    paths of this machine, are published. The page is sent last. Copies of pictures that are there
    already are not sent again, and those that are not needed any more are removed if S3 allows it.

    Raises:
        OSError, CsciUtilsError: The remote cannot be read or written.
    """
    pictures = select_published(gallery.pictures, set(list_results(settings.remote_results)))
    views = _select_views(pictures, gallery.views)
    wanted = set(_list_copies(views.values()))
    existing = set(list_paths(settings.remote_gallery))
    for name in sorted(wanted - existing):
        _copy(f"{gallery.folder}/{name}", f"{settings.remote_gallery}/{name}")
    page = f"{settings.remote_gallery}/{INDEX}"
    with scratch_folder() as folder:
        path = os.path.join(folder, INDEX)
        with open(path, "wb") as file:
            file.write(render(pictures, views).encode())
        _copy(path, page)
    _remove(settings.remote_gallery, existing - wanted)
    return page


def _select_views(pictures: Iterable[Picture], views: dict[str, View]) -> dict[str, View]:
    """Return the views of the files that pictures consist of."""
    used: Iterable[ImageFile | None] = chain.from_iterable(
        (picture.original, *(result.file for result in picture.results)) for picture in pictures
    )
    digests = {file.sha256 for file in used if file is not None}
    return {digest: view for digest, view in views.items() if digest in digests}


def _list_copies(views: Iterable[View]) -> Iterable[str]:
    for view in views:
        yield view.thumbnail
        if view.preview:
            yield view.preview


def _copy(path: str, destination: str) -> None:
    copy(target_at(path), target_at(destination))


def _remove(folder: str, names: Iterable[str]) -> None:
    """Remove copies of pictures; other files in the folder stay."""
    for name in filter(is_copy, names):
        with suppress(FileNotFoundError, S3AccessError):
            target_at(folder).fs.remove(f"{folder}/{name}")
