"""The commands that only move files: ``upload`` and ``download``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from .answering import finish, note
from .options import (
    common_options,
    conflict_option,
    dry_run_option,
    file_options,
    files_argument,
    json_option,
    runner_options,
    scheduler_option,
)
from .session import EPILOG, run, say_left_alone, session

if TYPE_CHECKING:
    import luigi

    from ..settings import Settings
    from ..storage.dropping import Dropped
    from ..storage.inventory import Inventory
    from .resolving import ListPlace


@click.command(epilog=EPILOG)
@files_argument
@file_options
@conflict_option
@runner_options
@dry_run_option
@json_option
@scheduler_option
@common_options
def upload(
    paths: Sequence[str],
    images: Sequence[str],
    models: Sequence[str],
    exclude: Sequence[str],
    on_conflict: str,
) -> None:
    """Publish drop-ins to the remote: those named, or all.

    FILE, an image or a style model anywhere on this machine, is dropped in first.
    """
    with session() as settings:
        from ..places import shorten
        from ..storage.inventory import list_drop_ins

        drop_ins = list_drop_ins(settings)
        chosen = _choose(images, models, exclude, lambda *_: drop_ins)
        if paths:  # a name that nothing has was found before anything is copied
            dropped = drop_in(settings, paths)
            images, models = [*images, *dropped.images], [*models, *dropped.models]
            chosen = _choose(images, models, exclude, lambda *_: drop_ins).refuse(dropped.refused)
        say_left_alone(drop_ins.others, settings)
        if not (chosen or drop_ins):
            has = "has no image or model" if os.path.exists(settings.uploads) else "does not exist"
            note(f"nothing is dropped in: {shorten(settings.uploads)} {has}")
        finish(run(list_uploads(chosen, on_conflict)), settings, chosen.refused)


@click.command(epilog=EPILOG)
@file_options
@dry_run_option
@json_option
@scheduler_option
@common_options
def download(images: Sequence[str], models: Sequence[str], exclude: Sequence[str]) -> None:
    """Fetch images and models from the remote to the cache: those named, or all."""
    with session(paints=False, needed=["remote"]) as settings:
        from ..storage.inventory import list_remote

        chosen = _choose(images, models, exclude, partial(list_remote, settings))
        finish(run(list_downloads(chosen)), settings, chosen.refused)


def _choose(
    images: Sequence[str],
    models: Sequence[str],
    exclude: Sequence[str],
    inventory: ListPlace,
) -> Inventory:
    """Return the named files of a place, or else all of them, without those to exclude.

    Raises:
        MissingError: A pattern matches nothing.
    """
    from .resolving import resolve

    named = resolve(images, models, inventory)
    return (named or inventory(True, True)).without(exclude)


def drop_in(settings: Settings, paths: Sequence[str]) -> Dropped:
    """Drop files in, as `drop_files_in` does, and say which are new."""
    from ..names import is_image_name
    from ..runners import current_runner
    from ..storage.dropping import drop_files_in

    def check(path: str) -> None:
        if is_image_name(path):
            current_runner().check_image(path)
        else:
            current_runner().inspect(path)

    dropped = drop_files_in(settings, paths, check)
    for name in dropped.new:
        note(f"{'would drop in' if settings.dry_run else 'dropped in'} {name}")
    return dropped


def name_drop_ins(paths: Sequence[str]) -> Inventory:
    """Return the names that files will have once they are dropped in."""
    from ..names import is_image_name
    from ..storage.inventory import Inventory

    found = [os.path.basename(path) for path in paths]
    is_image = {name: is_image_name(name) for name in found}
    return Inventory(
        [name for name in found if is_image[name]], [name for name in found if not is_image[name]]
    )


def list_uploads(inventory: Inventory, on_conflict: str) -> list[luigi.Task]:
    """Return the tasks that publish these drop-ins."""
    from ..tasks.batch import join_batches
    from ..tasks.upload import UploadImage, UploadModel

    return [
        *(
            UploadImage(image=image, on_conflict=on_conflict)
            for image in join_batches(inventory.images)
        ),
        *(UploadModel(model=model, on_conflict=on_conflict) for model in inventory.models),
    ]


def list_downloads(inventory: Inventory) -> list[luigi.Task]:
    """Return the tasks that fetch these objects."""
    from ..tasks.batch import join_batches
    from ..tasks.download import DownloadImage, DownloadModel

    return [
        *(DownloadImage(image=image, upload=False) for image in join_batches(inventory.images)),
        *(DownloadModel(model=model, upload=False) for model in inventory.models),
    ]
