"""Find every copy of an image or a model, and all that was made from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import names
from ..context import command
from ..errors import MissingError
from ..places import IMAGES, MODELS, PACKAGES
from ..settings import Settings
from ..storage.inventory import (
    is_drop_in,
    list_cache,
    list_drop_ins,
    list_remote,
    list_results,
    suggest,
)
from ..storage.lookup import Names, find_file
from ..storage.remote import target_at
from ..styles.results import join_result
from .files import list_files


@dataclass
class Whereabouts:
    """The paths and URLs of what has a name, and of what was made from it."""

    name: str
    remote: list[str] = field(default_factory=list)
    """The object in the remote."""
    cached: list[str] = field(default_factory=list)
    """The cached copy."""
    drop_ins: list[str] = field(default_factory=list)
    """The drop-in."""
    results: list[str] = field(default_factory=list)
    """Results, proofs and packages made from it, here and in the remote."""

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(self.remote or self.cached or self.drop_ins or self.results)


def find(settings: Settings, name: str) -> Whereabouts:
    """Look for an image or a model, by its name, which may lack the suffix, everywhere.

    Raises:
        MissingError: Nothing has this name.
        InvalidNameError: The name is unsafe, or without a suffix that of several files.
    """
    name = find_file(name, lambda: _list_all(settings))
    is_image = names.is_image_name(name)
    name = names.check_image_name(name) if is_image else names.check_model_file(name)
    shared = f"{IMAGES if is_image else MODELS}/{name}"
    found = Whereabouts(
        name,
        _keep_existing(f"{settings.remote}/{shared}"),
        _keep_existing(f"{settings.data}/{shared}"),
        [f"{settings.uploads}/{name}"] if is_drop_in(settings.uploads, name) else [],
        _list_made(settings, name),
    )
    if not found:
        places = (lambda: list_drop_ins(settings), lambda: list_remote(settings))
        remedy = f"{suggest(name, *places)}{command('status')} lists all names"
        raise MissingError("nothing has this name", path=name, remedy=remedy)
    return found


def _list_all(settings: Settings) -> Names:
    places = (list_drop_ins(settings), list_remote(settings), list_cache(settings))
    return Names(name for place in places for name in (*place.images, *place.models))


def _keep_existing(path: str) -> list[str]:
    return [path] if target_at(path).exists() else []


def _list_made(settings: Settings, name: str) -> list[str]:
    """Return the paths of what was made from an image or a model."""
    found = [
        f"{folder}/{join_result(model, image)}"
        for folder in (settings.results, settings.proofs, settings.remote_results)
        for model, image in list_results(folder)
        if name in (image, *names.parse_model_name(model).files)
    ]
    if names.is_model_file(name):
        for root in (settings.data, settings.remote):
            found += list_files(f"{root}/{PACKAGES}/{name}")
    return found
