"""What images and models there are: dropped in, in the remote, and cached."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from csci_utils.errors import DescribedError, LinkError
from csci_utils.rooted import Root

from .. import names
from ..errors import InvalidNameError, MissingError, PipelineError, SettingsError
from ..places import DATA_VARIABLE, IMAGES, MODELS, is_s3
from ..settings import Settings
from ..styles.results import split_result
from .leftovers import (
    OWN_PREFIXES,
    find_placeholder,
    find_placeholders,
    is_ignored,
    is_leftover,
)
from .lookup import Names, find_excluded
from .regular_files import find_linked_folders
from .remote import list_all_paths, list_paths


@dataclass
class Inventory:
    """The names in one place, divided into those that can be used and those that cannot."""

    images: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    refused: dict[str, DescribedError] = field(default_factory=dict)
    """For each name that cannot be used, why."""

    others: list[str] = field(default_factory=list)
    """Files of other kinds in a folder that is used in place; they are left alone."""

    def __bool__(self) -> bool:
        """Return whether there is any name."""
        return bool(self.images or self.models or self.refused)

    def add(self, other: Inventory | None) -> Inventory:
        """Return the inventory with the images and models of another one."""
        if other is None:
            return self
        images, models = {*self.images, *other.images}, {*self.models, *other.models}
        return replace(self, images=sorted(images), models=sorted(models))

    def refuse(self, reasons: Mapping[str, DescribedError]) -> Inventory:
        """Return the inventory with these names among those that cannot be used."""
        return Inventory(
            [image for image in self.images if image not in reasons],
            [model for model in self.models if model not in reasons],
            {**self.refused, **reasons},
            self.others,
        )

    def without(self, patterns: Collection[str]) -> Inventory:
        """Return the inventory without the names that names or patterns leave out.

        Raises:
            MissingError: One of them matches nothing.
        """
        if not patterns:
            return self
        files = {file for model in self.models for file in names.parse_model_name(model).files}
        out = find_excluded(patterns, {*self.images, *self.models, *files, *self.refused})
        return Inventory(
            [image for image in self.images if image not in out],
            [m for m in self.models if out.isdisjoint({m, *names.parse_model_name(m).files})],
            {name: error for name, error in self.refused.items() if name not in out},
            self.others,
        )


def list_remote(settings: Settings, images: bool = True, models: bool = True) -> Inventory:
    """List what is published; other files in the remote are ignored.

    Args:
        settings: The settings with the remote.
        images: Whether images are listed.
        models: Whether models are listed.

    Raises:
        OSError, csci_utils.errors.S3Error: The remote cannot be read.
    """
    found = Inventory()
    if images:
        found.images, refused = _split(settings, IMAGES, names.is_image_name)
        found.refused.update(refused)
    if models:
        found.models, refused = _split(settings, MODELS, names.is_model_file)
        found.refused.update(refused)
    return found


def _split(
    settings: Settings, kind: str, is_kind: Callable[[str], bool]
) -> tuple[list[str], Mapping[str, DescribedError]]:
    """Return the safe names of a kind in a folder of the remote, and why the others are unsafe."""
    folder = f"{settings.remote}/{kind}"
    listed = list_all_paths(folder)
    found = [path for path in listed if is_meant(path, is_kind)]
    safe, invalid = names.split_valid(found, names.check_name)
    refused: dict[str, DescribedError] = {**invalid}
    if not (is_s3(folder) or settings.is_offline):
        others = sorted(set(listed).difference(found))
        refused |= find_linked_folders(folder, others) | find_placeholders(folder, others)
    return list(filter(is_kind, safe)), refused


def is_meant(path: str, is_kind: Callable[[str], bool]) -> bool:
    """Return whether a file of the remote is meant to be used, and is not some program's own.

    A path that is hostile somewhere counts as meant, so that it is reported.
    """
    *folders, name = parts = path.split("/")
    if any(part.strip(".") == "" for part in parts):  # "..", or a path that begins with "/"
        return True
    if any(folder.startswith(".") for folder in folders) or name.startswith(OWN_PREFIXES):
        return False
    if any(map(is_leftover, parts)):
        return False
    return is_kind(name) or not all(
        map(names.is_safe_part, folders if name.startswith(".") else parts)
    )


def list_cache(settings: Settings) -> Inventory:
    """List what was fetched; other files in the cache are ignored.

    Raises:
        OSError: The folders cannot be read.
    """
    images, _ = names.split_valid(list_paths(f"{settings.data}/{IMAGES}"), names.check_image_name)
    models, _ = names.split_valid(list_paths(f"{settings.data}/{MODELS}"), names.check_model_file)
    return Inventory(images, models)


def list_results(folder: str) -> list[tuple[str, str]]:
    """List the results in a folder or prefix: for each its style, and its image.

    Raises:
        OSError, csci_utils.errors.S3Error: The folder or prefix cannot be read.
    """
    return [pair for path in list_paths(folder) if (pair := split_result(path))]


def list_drop_ins(settings: Settings) -> Inventory:
    """List the uploads folder with all folders in it; a missing folder counts as empty.

    Raises:
        SettingsError: A file is in its place.
        OSError: The folder cannot be read.
    """
    found = Inventory()
    waiting = [""]
    while waiting:
        for name, entry in _scan(found, settings.uploads, waiting.pop()):
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(names.check_folder(name))
                elif settings.in_place and _is_stranger(entry):
                    found.others.append(name)
                else:
                    _sort_in(found, name, entry)
            except (InvalidNameError, MissingError) as error:
                found.refused[name] = error
    refused = dict(sorted(found.refused.items()))
    return Inventory(sorted(found.images), sorted(found.models), refused, sorted(found.others))


def _scan(found: Inventory, uploads: str, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies in a folder among the drop-ins, each with its name below `uploads`.

    A folder in there that cannot be read is refused, and hides no other.
    """
    try:
        with os.scandir(os.path.join(uploads, folder)) as entries:
            for entry in entries:
                if not is_ignored(entry.name):
                    yield f"{folder}/{entry.name}" if folder else entry.name, entry
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise SettingsError(
            "not a folder",
            path=uploads,
            remedy="take away the file that is in its place, or name another data folder "
            f"(--data, {DATA_VARIABLE})",
        ) from None
    except OSError as error:
        if not folder:
            raise
        found.refused[folder] = PipelineError(
            f"cannot be read ({error.strerror})",
            path=os.path.join(uploads, folder),
            remedy="check its permissions",
        )


def suggest(name: str, *places: Callable[[], Inventory]) -> str:
    """Return what helps if nothing has a name, to be followed by another remedy; may be empty.

    Args:
        name: The name of an image or a model.
        places: List the places to look in. One that cannot be listed is left out.
    """
    if os.path.isfile(name):
        return f"give the file as an argument (main {shlex.quote(name)}), or "
    found: list[str] = []
    for place in places:
        with suppress(OSError, DescribedError):
            inventory = place()
            found += inventory.images if names.is_image_name(name) else inventory.models
    question = Names(found).suggest(name)
    return f"{question} Otherwise " if question else ""


def is_drop_in(uploads: str, name: str) -> bool:
    """Return whether a regular file of this name is dropped in; links are not followed."""
    return find_no_drop_in(uploads, name) is None


def find_no_drop_in(uploads: str, name: str) -> DescribedError | None:
    """Return why no file of this name is dropped in, and what to do; None if one is."""
    path = f"{uploads}/{name}"
    try:
        if stat.S_ISREG(Root(uploads).stat(path).st_mode):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return MissingError("not there", path=path, remedy="drop it in")
    except LinkError as error:
        return _refuse_kind("a link", error.path or path)
    return _refuse_kind("not a file", path)


def _refuse_kind(kind: str, path: str) -> InvalidNameError:
    remedy = f"copy the files themselves into {os.path.dirname(path)}"
    return InvalidNameError(kind, path=path, remedy=remedy)


def _sort_in(found: Inventory, name: str, entry: os.DirEntry[str]) -> None:
    """Add a drop-in to an inventory.

    Raises:
        DescribedError: It cannot be used.
    """
    if placeholder := find_placeholder(entry.name):
        raise placeholder.describe(os.path.dirname(entry.path))
    if not entry.is_file(follow_symlinks=False):
        raise _refuse_kind("a link" if entry.is_symlink() else "not a file", entry.path)
    if names.is_image_name(name):
        found.images.append(names.check_image_name(name))
    elif names.is_model_file(name):
        found.models.append(names.check_model_file(name))
    else:
        raise describe_stranger(entry.path)


def _is_stranger(entry: os.DirEntry[str]) -> bool:
    """Return whether a file is of no kind that is used here."""
    placeholder = find_placeholder(entry.name)
    name = placeholder.name if placeholder else entry.name
    return not (names.is_image_name(name) or names.is_model_file(name))


def describe_stranger(path: str) -> InvalidNameError:
    """Return the error about a file that is neither an image nor a model by its suffix."""
    from neural_style import PICTURE_SUFFIXES, STYLE_SUFFIXES

    return InvalidNameError(
        f"neither an image ({' '.join(sorted(PICTURE_SUFFIXES))}) nor a style model "
        f"({' '.join(sorted(STYLE_SUFFIXES))}) by its suffix",
        path=path,
        remedy="add the suffix of its format to its name, or leave it out",
    )
