"""Publishing other bytes under a name that the remote has."""

from __future__ import annotations

import os
from pathlib import PurePath

from csci_utils.digest import file_digest

from .. import names
from ..context import command
from ..errors import InvalidNameError, MissingError
from ..settings import Settings
from ..storage.conflicts import REPLACE
from ..storage.dropping import check_file, stand_in
from ..storage.inventory import is_drop_in, list_remote, suggest
from ..storage.lookup import Names, find_file
from ..tasks.upload import UploadImage, UploadModel, UploadTask


def prepare(settings: Settings, name: str, path: str | None) -> UploadTask:
    """Return the task that replaces an image or a model in the remote.

    Args:
        settings: The current ones.
        name: The name in the remote.
        path: A file anywhere on this machine; None for the drop-in of the name.

    Raises:
        MissingError: The remote has nothing under this name, or there is no drop-in.
        InvalidNameError: The name is unsafe, or the file is of another kind.
        SettingsError: The path does not name a file.
    """
    name = find_file(name, lambda: _list_published(settings))
    task: UploadTask
    if names.is_image_name(name):
        task = UploadImage(image=name, on_conflict=REPLACE)
    else:
        task = UploadModel(model=names.check_model_file(name), on_conflict=REPLACE)
    if not task.target(name).exists():
        question = suggest(name, lambda: list_remote(settings))
        remedy = f"{question}publish it with {command('upload')}"
        raise MissingError("not in the remote", path=task.path_of(name), remedy=remedy)
    if path is not None:
        file = os.path.abspath(os.path.expanduser(path))
        _check_kind(file, path, name)
        stand_in(name, file)
    elif not is_drop_in(settings.uploads, name):
        remedy = f"drop it in, or name a file: {command('replace', name, 'FILE')}"
        raise MissingError("not there", path=f"{settings.uploads}/{name}", remedy=remedy)
    return task


def _list_published(settings: Settings) -> Names:
    remote = list_remote(settings)
    return Names([*remote.images, *remote.models])


def find_differing_drop_in(settings: Settings, task: UploadTask) -> str | None:
    """Return the drop-in of a name if its bytes are not those of the file that was published."""
    (name,) = task.names
    drop_in = f"{settings.uploads}/{name}"
    if not is_drop_in(settings.uploads, name):
        return None
    return drop_in if file_digest(drop_in) != file_digest(task.drop_ins.path_of(name)) else None


def _check_kind(file: str, path: str, name: str) -> None:
    check_file(file, path)
    suffix, wanted = (PurePath(each).suffix.lower() for each in (file, name))
    is_image = names.is_image_name(name) and names.is_image_name(os.path.basename(file))
    if not is_image and suffix != wanted:
        remedy = "name a file of the same kind"
        raise InvalidNameError(f"expected a file {wanted}, as {name} is", path=path, remedy=remedy)
