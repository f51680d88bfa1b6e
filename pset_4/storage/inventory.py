"""What images and models there are: dropped in, in the remote, and cached."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from csci_utils.atomic import TEMPORARY_PREFIX
from csci_utils.errors import DescribedError

from .. import names
from ..errors import InvalidNameError, MissingError, SettingsError
from ..settings import DATA_VARIABLE, IMAGES, MODELS, Settings
from .remote import list_all_paths, list_names, list_paths

IGNORED_NAMES = frozenset(
    [
        # Windows
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "system volume information",
        # macOS; folders and files with a dot in front are ignored anyway
        "icon\r",
        "__macosx",
        "network trash folder",
        "temporary items",
        # network drives and disks for Linux
        "@eadir",
        "#recycle",
        "#snapshot",
        "lost+found",
    ]
)
"""What file managers, file servers and archivers leave behind, in lower case."""

OWN_PREFIXES = (TEMPORARY_PREFIX, "._")
"""Prefixes of the files of this pipeline, and of macOS on foreign disks."""

IGNORED_PREFIXES = (".", "~$", "~lock.")
"""Prefixes of hidden files, and of the locks of office programs."""

IGNORED_SUFFIXES = frozenset(
    [
        # Downloads by browsers and other programs
        ".aria2",
        ".crdownload",
        ".download",
        ".filepart",
        ".opdownload",
        ".part",
        ".partial",
        ".unconfirmed",
        # Editors
        ".swn",
        ".swo",
        ".swp",
        ".swx",
        ".temp",
        ".tmp",
    ]
)
"""Suffixes of files that editors and browsers are still writing."""

_ZONE = re.compile("[:\uf03a]Zone\\.Identifier(:\\$DATA)?$", re.IGNORECASE)
"""The end of the name of a Windows file's origin, where it became a file of its own; shares that
cannot have a colon in names have U+F03A in its place."""

_ICLOUD = re.compile(r"\.(?P<name>.+)\.icloud", re.IGNORECASE)
"""The name of the placeholder for a file that is in iCloud only."""


@dataclass
class Inventory:
    """The names in one place, divided into those that can be used and those that cannot."""

    images: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    refused: dict[str, DescribedError] = field(default_factory=dict)
    """For each name that cannot be used, why."""

    def __bool__(self) -> bool:
        """Return whether there is any name."""
        return bool(self.images or self.models or self.refused)


def list_remote(settings: Settings) -> Inventory:
    """List what is published; other files in the remote are ignored.

    Raises:
        OSError, csci_utils.errors.S3Error: The remote cannot be read.
    """
    images, refused_images = _split(settings.remote_images, names.is_image_name)
    models, refused_models = _split(settings.remote_models, names.is_model_file)
    return Inventory(images, models, {**refused_images, **refused_models})


def _split(
    folder: str, is_kind: Callable[[str], bool]
) -> tuple[list[str], Mapping[str, DescribedError]]:
    """Return the safe names of a kind in a folder of the remote, and why the others are unsafe."""
    found = [path for path in list_all_paths(folder) if _is_meant(path, is_kind)]
    safe, refused = names.split_valid(found, names.check_name)
    return list(filter(is_kind, safe)), refused


def _is_meant(path: str, is_kind: Callable[[str], bool]) -> bool:
    """Return whether a file of the remote is meant to be used, and is not some program's own.

    A path that is hostile somewhere counts as meant, so that it is reported.
    """
    *folders, name = parts = path.split("/")
    if any(part.strip(".") == "" for part in parts):  # "..", or a path that begins with "/"
        return True
    if any(folder.startswith(".") for folder in folders) or name.startswith(OWN_PREFIXES):
        return False
    if any(map(_is_leftover, parts)):
        return False
    is_hidden = name.startswith(".")
    is_safe = all(map(_is_safe, folders if is_hidden else parts))
    return is_kind(name) or not (folders or is_hidden) or not is_safe


def _is_safe(name: str) -> bool:
    try:
        names.check_name(name)
    except InvalidNameError:
        return False
    return True


def list_cache(settings: Settings) -> Inventory:
    """List what was fetched; other files in the cache are ignored.

    Raises:
        OSError: The folders cannot be read.
    """
    images, _ = names.split_valid(list_names(f"{settings.data}/{IMAGES}"), names.check_image_name)
    models, _ = names.split_valid(list_names(f"{settings.data}/{MODELS}"), names.check_model_file)
    return Inventory(images, models)


def list_results(folder: str) -> list[tuple[str, str]]:
    """List the results in a folder or prefix: for each its model and its image.

    Raises:
        OSError, csci_utils.errors.S3Error: The folder or prefix cannot be read.
    """
    pairs = [path.split("/") for path in list_paths(folder)]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and _is_result(*pair)]


def _is_result(model: str, image: str) -> bool:
    try:
        names.parse_model_name(model)
        names.check_image_name(image)
    except InvalidNameError:
        return False
    return True


def list_drop_ins(settings: Settings) -> Inventory:
    """List the uploads folder; a missing folder counts as empty.

    Raises:
        SettingsError: A file is in its place.
        OSError: The folder cannot be read.
    """
    folder = settings.uploads
    found = Inventory()
    try:
        entries = sorted(os.listdir(folder))
    except FileNotFoundError:
        return found
    except NotADirectoryError:
        raise SettingsError(
            "not a folder",
            path=folder,
            remedy="take away the file that is in its place, or name another data folder "
            f"(--data, {DATA_VARIABLE})",
        ) from None
    for name in entries:
        if _is_ignored(name):
            continue
        try:
            _sort_in(found, folder, name)
        except (InvalidNameError, MissingError) as error:
            found.refused[name] = error
    return found


def is_drop_in(path: str) -> bool:
    """Return whether a regular file is there; links are not followed."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def describe_no_drop_in(path: str) -> DescribedError:
    """Return why there is no drop-in at a path, and what to do."""
    if not os.path.lexists(path):
        return MissingError("not there", path=path, remedy="drop it in")
    kind = "a link" if os.path.islink(path) else "not a file"
    folder = os.path.dirname(path)
    return InvalidNameError(kind, path=path, remedy=f"copy the files themselves into {folder}")


def _sort_in(found: Inventory, folder: str, name: str) -> None:
    """Add a drop-in to an inventory.

    Raises:
        DescribedError: It cannot be used.
    """
    path = os.path.join(folder, name)
    if placeholder := _ICLOUD.fullmatch(name):
        raise InvalidNameError(
            "not downloaded from iCloud yet",
            path=os.path.join(folder, placeholder["name"]),
            remedy="open it in Finder, or turn off the optimization of storage, and run again",
        )
    if not is_drop_in(path):
        raise describe_no_drop_in(path)
    if names.is_image_name(name):
        found.images.append(names.check_image_name(name))
    elif names.is_model_file(name):
        found.models.append(names.check_model_file(name))
    else:
        raise _describe_stranger(path)


def _describe_stranger(path: str) -> InvalidNameError:
    from neural_style import PICTURE_SUFFIXES, STYLE_SUFFIXES

    return InvalidNameError(
        f"neither an image ({' '.join(sorted(PICTURE_SUFFIXES))}) nor a style model "
        f"({' '.join(sorted(STYLE_SUFFIXES))}) by its suffix",
        path=path,
        remedy="save it as one, or take it out of the folder",
    )


def _is_ignored(name: str) -> bool:
    return (
        (name.startswith(IGNORED_PREFIXES) and not _ICLOUD.fullmatch(name))
        or name.endswith("~")
        or (name.startswith("#") and name.endswith("#"))
        or PurePosixPath(name).suffix.lower() in IGNORED_SUFFIXES
        or _is_leftover(name)
    )


def _is_leftover(name: str) -> bool:
    """Return True for a file or folder that no person made."""
    return name.lower() in IGNORED_NAMES or _ZONE.search(name) is not None
