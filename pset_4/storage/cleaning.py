"""Removing what killed runs left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import gettempdir

from csci_utils.atomic import Sweeper

from ..places import GALLERY, IMAGES, MODELS, PACKAGES, PROOFS, RESULTS, SHEETS, is_s3
from ..settings import Settings

_WRITTEN = (IMAGES, MODELS, RESULTS, PACKAGES, PROOFS, GALLERY, SHEETS)
"""The folders that runs write to; drop-ins are never touched."""


def sweep(settings: Settings) -> None:
    """Remove temporary files whose process has ended, here and in a directory remote.

    Those of live processes, of which several may work at once, stay.
    """
    sweeper = Sweeper()
    for folder in _list_folders(settings):
        sweeper.sweep(folder)


def _list_folders(settings: Settings) -> Iterator[str]:
    yield gettempdir()
    yield settings.data  # private copies of drop-ins
    roots = [settings.data] if is_s3(settings.remote) else [settings.data, settings.remote]
    for root in roots:
        for written in _WRITTEN:
            top = os.path.join(root, written)
            if not os.path.islink(top):  # `os.walk` follows no other link
                yield from (folder for folder, _, _ in os.walk(top))
