"""What names and patterns on the command line stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from .. import names
from ..errors import MissingError
from ..settings import Settings
from ..storage.inventory import Inventory, list_remote
from ..storage.lookup import Names, find_images, find_models, is_complete

ListPlace = Callable[[bool, bool], Inventory]
"""Lists a place: whether images are needed, and whether models are."""


def resolve(images: Sequence[str], models: Sequence[str], inventory: ListPlace) -> Inventory:
    """Return the names in a place that names and patterns on the command line stand for.

    Names are spelled as there: with composed or decomposed accents. Those that a pattern matches
    and that cannot be used are refused.

    Args:
        images: Names and patterns of images.
        models: Names and patterns of models; they may have a style number, or lack the suffix.
        inventory: Lists the place. It is called only if it is needed, with the kinds that are.

    Raises:
        MissingError: A pattern, or a name without its suffix, matches nothing.
    """
    needs_images, needs_models = (not all(map(is_complete, each)) for each in (images, models))
    if not (needs_images or needs_models):
        return Inventory(list(images), list(models))
    found = inventory(needs_images, needs_models)
    known_images = Names([*found.images, *filter(names.is_image_name, found.refused)])
    known_models = Names([*found.models, *filter(names.is_model_file, found.refused)])
    found_images = [name for text in images for name in find_images(text, known_images)]
    found_models = [name for text in models for name in find_models(text, known_models)]
    safe_images, bad_images = names.split_valid(dict.fromkeys(found_images), names.check_image_name)
    safe_models, bad_models = names.split_valid(dict.fromkeys(found_models), names.check_style_name)
    return Inventory(safe_images, safe_models, {**bad_images, **bad_models})


def resolve_known(
    settings: Settings,
    drop_ins: Inventory,
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
) -> Inventory:
    """Return the names among the remote's files, and the drop-ins if they are published.

    Raises:
        MissingError: See `resolve`. If only uploads would help, the error says so.
    """
    known = partial(_list_known, settings, drop_ins)
    try:
        return resolve(images, models, known if upload else partial(list_remote, settings))
    except MissingError as error:
        if upload:
            raise
        resolve(images, models, known)
        raise MissingError(
            "dropped in, but not in the remote, and uploads are off",
            path=error.path,
            remedy="leave out --no-upload to publish it, or use --offline in its place",
        ) from None


def _list_known(
    settings: Settings, drop_ins: Inventory, needs_images: bool, needs_models: bool
) -> Inventory:
    """Return what names and patterns can stand for: drop-ins and the remote."""
    remote = list_remote(settings, needs_images, needs_models)
    return Inventory(
        [*drop_ins.images, *remote.images],
        [*drop_ins.models, *remote.models],
        {**remote.refused, **drop_ins.refused},
    )
