"""Copying the gallery to the remote, where it lies beside the same folders as here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from csci_utils.atomic import scratch_folder
from csci_utils.errors import S3AccessError
from csci_utils.luigi import copy

from ..settings import Settings
from ..storage.inventory import list_results
from ..storage.remote import list_paths, target_at
from .building import INDEX, Gallery
from .collecting import select_published
from .merging import list_copies, merge
from .page_data import Values, unpack
from .rendering import LABELS, render_values, to_values

MAX_PAGE_BYTES = 64 << 20
"""The largest published page that is read; a result takes less than a kilobyte of it."""


def publish(settings: Settings, gallery: Gallery) -> str:
    """Copy the gallery to the remote, and return the address of its page.

    It shows the results that are in the remote: those of this machine, and those of the page that
    is there, which other machines may have published. Neither proofs nor failures, whose reasons
    name paths of this machine, are published. The page is sent last. Copies of pictures that are
    there already are not sent again, and those that only the earlier page needed are removed if S3
    allows it.

    Raises:
        OSError, CsciUtilsError: The remote cannot be read or written.
    """
    results = set(list_results(settings.remote_results))
    own = to_values(select_published(gallery.pictures, results), gallery.views)
    existing = set(list_paths(settings.remote_gallery))
    page = f"{settings.remote_gallery}/{INDEX}"
    for name in sorted({*list_copies(own)} - existing):
        _copy(f"{gallery.folder}/{name}", f"{settings.remote_gallery}/{name}")
    others = _read_page(page)  # only now: sending takes a while, and others publish, too
    pictures = merge(own, others, results)
    with scratch_folder() as folder:
        path = os.path.join(folder, INDEX)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(render_values(pictures))
        _copy(path, page)
    # Of the other copies, a page that somebody is about to send may show some.
    _remove(settings.remote_gallery, {*list_copies(others)} - {*list_copies(pictures)})
    return page


def _read_page(page: str) -> list[Values]:
    """Return the pictures of the page in the remote; none of one that is of another version."""
    try:
        with target_at(page).open("r") as file:
            content = file.read(MAX_PAGE_BYTES + 1)
    except FileNotFoundError:
        return []
    try:
        return unpack(content.decode(), LABELS) if len(content) <= MAX_PAGE_BYTES else []
    except (ValueError, RecursionError):
        return []


def _copy(path: str, destination: str) -> None:
    copy(target_at(path), target_at(destination))


def _remove(folder: str, names: Iterable[str]) -> None:
    """Remove copies of pictures."""
    for name in names:
        with suppress(FileNotFoundError, S3AccessError):
            target_at(folder).fs.remove(f"{folder}/{name}")
