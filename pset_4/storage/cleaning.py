"""Removing what killed runs left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import gettempdir

from csci_utils.atomic import Sweeper

from ..places import GALLERY, IMAGES, MODELS, PACKAGES, PROOFS, RESULTS, SHEETS, is_s3
from ..settings import Settings
from .claims import remove_abandoned_claims

_WRITTEN = (IMAGES, MODELS, RESULTS, PACKAGES, PROOFS, GALLERY, SHEETS)
"""The folders that runs write to, with all folders in them."""


def sweep(settings: Settings) -> None:
    """Remove temporary files and claims whose process has ended, here and in a directory remote.

    Those of live processes, of which several may work at once, stay.
    """
    sweeper = Sweeper()
    for folder in _list_folders(settings):
        sweeper.sweep(folder)
    for top in (settings.results, settings.proofs, settings.gallery):
        for folder in _walk(top):
            remove_abandoned_claims(folder)


def _list_folders(settings: Settings) -> Iterator[str]:
    yield gettempdir()
    yield settings.data  # private copies of drop-ins
    if not (settings.in_place or os.path.islink(settings.uploads)):
        yield settings.uploads  # copies of files that are dropped in
    roots = [settings.data] if is_s3(settings.remote) else [settings.data, settings.remote]
    for root in roots:
        for written in _WRITTEN:
            yield from _walk(os.path.join(root, written))


def _walk(top: str) -> Iterator[str]:
    """Yield a folder and all below it; links are not followed, and neither is `top`."""
    if not os.path.islink(top):
        yield from (folder for folder, _, _ in os.walk(top))
