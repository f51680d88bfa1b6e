"""The commands that only move files: ``upload`` and ``download``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from csci_utils.console import say

from .options import common_options, conflict_option, file_options, runner_options
from .session import EPILOG, finish, run, session

if TYPE_CHECKING:
    import luigi

    from ..storage.inventory import Inventory


@click.command(epilog=EPILOG)
@file_options
@conflict_option
@runner_options
@common_options
def upload(images: Sequence[str], models: Sequence[str], on_conflict: str) -> None:
    """Publish drop-ins to the remote: those named, or all."""
    with session() as settings:
        from ..storage.inventory import Inventory, list_drop_ins
        from .selection import spell

        named = Inventory(*spell(images, models, lambda: list_drop_ins(settings)))
        chosen = named or list_drop_ins(settings)
        if not chosen:
            state = "is empty" if os.path.exists(settings.uploads) else "does not exist"
            say(f"nothing is dropped in: {settings.uploads} {state}", sys.stderr)
        finish(run(list_uploads(chosen, on_conflict)), settings, chosen.refused)


@click.command(epilog=EPILOG)
@file_options
@common_options
def download(images: Sequence[str], models: Sequence[str]) -> None:
    """Fetch images and models from the remote to the cache: those named, or all."""
    with session(paints=False) as settings:
        from ..storage.inventory import Inventory, list_remote
        from .selection import spell

        named = Inventory(*spell(images, models, lambda: list_remote(settings)))
        chosen = named or list_remote(settings)
        finish(run(list_downloads(chosen)), settings, chosen.refused)


def list_uploads(inventory: Inventory, on_conflict: str) -> list[luigi.Task]:
    """Return the tasks that publish these drop-ins."""
    from ..tasks.upload import UploadImage, UploadModel

    return [
        *(UploadImage(image=image, on_conflict=on_conflict) for image in inventory.images),
        *(UploadModel(model=model, on_conflict=on_conflict) for model in inventory.models),
    ]


def list_downloads(inventory: Inventory) -> list[luigi.Task]:
    """Return the tasks that fetch these objects."""
    from ..tasks.download import DownloadImage, DownloadModel

    return [
        *(DownloadImage(image=image, upload=False) for image in inventory.images),
        *(DownloadModel(model=model, upload=False) for model in inventory.models),
    ]
