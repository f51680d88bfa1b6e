"""What pictures and models there are: dropped in, in the remote, and cached."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from csci_utils.atomic import TEMPORARY_PREFIX

from . import names
from .errors import InvalidNameError, SettingsError
from .remote import list_all_paths, list_names
from .settings import DATA_VARIABLE, IMAGES, MODELS, Settings

IGNORED_NAMES = frozenset(["thumbs.db", "desktop.ini"])
"""What file managers leave behind."""

OWN_PREFIXES = (TEMPORARY_PREFIX, "._")
"""How names begin that this pipeline, and macOS on foreign disks, give to files of their own."""

IGNORED_SUFFIXES = frozenset([".tmp", ".part", ".crdownload", ".swp"])
"""What editors and browsers are still working on."""


@dataclass
class Inventory:
    """Names of a place, sorted into what can be used and what cannot."""

    images: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """For each name that cannot be used, why not."""

    def __bool__(self) -> bool:
        return bool(self.images or self.models or self.refused)


def list_remote(settings: Settings) -> Inventory:
    """What is published; other files there are nobody's concern.

    Raises:
        OSError, csci_utils.errors.S3Error: the remote cannot be read.
    """
    images, refused_images = _split(settings.remote_images, names.is_image_name)
    models, refused_models = _split(settings.remote_models, names.is_model_file)
    return Inventory(images, models, refused_images | refused_models)


def _split(folder: str, is_kind: Callable[[str], bool]) -> tuple[list[str], dict[str, str]]:
    """Safe names of a kind in a folder of the remote, and for each unsafe name why it is."""
    found = [path for path in list_all_paths(folder) if _is_meant(path, is_kind)]
    safe, refused = names.split_valid(found, names.check_name)
    return list(filter(is_kind, safe)), refused


def _is_meant(path: str, is_kind: Callable[[str], bool]) -> bool:
    """Whether somebody may expect to find a file of the remote here; not what programs keep."""
    *folders, name = path.split("/")
    if any(folder.startswith(".") and folder.strip(".") for folder in folders):
        return False
    if name.startswith(OWN_PREFIXES):
        return False
    return is_kind(name) or not (folders or name.startswith("."))


def list_cache(settings: Settings) -> Inventory:
    """What was fetched; other files there are nobody's concern.

    Raises:
        OSError: the folders cannot be read.
    """
    images, _ = names.split_valid(list_names(f"{settings.data}/{IMAGES}"), names.check_image_name)
    models, _ = names.split_valid(list_names(f"{settings.data}/{MODELS}"), names.check_model_file)
    return Inventory(images, models)


def list_drop_ins(settings: Settings) -> Inventory:
    """What is in the uploads folder, and can be published; a folder that is not there is empty.

    Raises:
        SettingsError: a file is in its place.
        OSError: the folder cannot be read.
    """
    folder = settings.uploads
    found = Inventory()
    try:
        entries = sorted(os.listdir(folder))
    except FileNotFoundError:
        return found
    except NotADirectoryError:
        raise SettingsError(
            f"{folder} is not a folder: take away the file that is in its place, or name another "
            f"data folder (--data, {DATA_VARIABLE})"
        ) from None
    for name in entries:
        if _is_ignored(name):
            continue
        try:
            _sort_in(found, folder, name)
        except InvalidNameError as error:
            found.refused[name] = str(error)
    return found


def is_drop_in(path: str) -> bool:
    """Whether a regular file is there; links are not followed."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sort_in(found: Inventory, folder: str, name: str) -> None:
    if not is_drop_in(os.path.join(folder, name)):
        kind = "a link" if Path(folder, name).is_symlink() else "not a file"
        found.refused[name] = f"{name!r} is {kind}: copy the files themselves into {folder}"
    elif names.is_image_name(name):
        found.images.append(names.check_image_name(name))
    elif names.is_model_file(name):
        found.models.append(names.check_model_file(name))
    else:
        from neural_style import PICTURE_SUFFIXES, STYLE_SUFFIXES

        found.refused[name] = (
            f"{name!r} is neither a picture ({' '.join(sorted(PICTURE_SUFFIXES))}) nor a style "
            f"model ({' '.join(sorted(STYLE_SUFFIXES))}) by its suffix: save it as one, or take it "
            f"out of {folder}"
        )


def _is_ignored(name: str) -> bool:
    return (
        name.startswith(".")
        or name.endswith("~")
        or name.lower() in IGNORED_NAMES
        or PurePosixPath(name).suffix.lower() in IGNORED_SUFFIXES
    )
