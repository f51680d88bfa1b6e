"""Choose the images and styles to paint. Names that do not exist yet are no error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .. import names
from ..commands.selection import Selection
from ..errors import InvalidNameError, MissingError
from ..names import DEFAULT_MODEL
from ..storage.inventory import Inventory
from ..storage.lookup import Names, find_images, find_models

if TYPE_CHECKING:
    from ..commands.paint import Request

Find = Callable[[str, Names], list[str]]


def choose(
    request: Request, on_conflict: str, drop_ins: Inventory, list_remote: Callable[[], Inventory]
) -> Selection:
    """Choose images and models: those named, else the drop-ins; and without a style, the remote's.

    Args:
        request: What is asked for.
        on_conflict: One of `CONFLICT_CHOICES`.
        drop_ins: The complete ones.
        list_remote: Lists the remote; only called if it matters what that has.
    """
    own = drop_ins if request.upload else Inventory()
    images, models = request.images, request.models
    if request.picks is not None:
        images, models = images or request.picks.images, models or request.picks.models
    has_all = request.everything or not request.upload

    def _choose(
        named: Sequence[str], dropped: list[str], published: Callable[[], list[str]], find: Find
    ) -> list[str]:
        if named:
            return list(_find(named, Names([*dropped, *published()]), find))
        return sorted({*dropped, *published()}) if has_all else dropped

    chosen = Inventory(
        _choose(images, own.images, lambda: list_remote().images, find_images),
        _choose(models, own.models, lambda: list_remote().models, find_models),
    )
    if chosen.images and not (models or chosen.models):
        published = list_remote().models
        chosen.models = [DEFAULT_MODEL] if DEFAULT_MODEL in published else published
    for pattern in request.exclude:
        with suppress(MissingError):
            chosen = chosen.without([pattern])
    return Selection(
        chosen.images,
        chosen.models,
        request.upload,
        on_conflict,
        exclude=request.exclude,
        _all_drop_ins=own,
    )


def _find(texts: Iterable[str], known: Names, find: Find) -> Iterator[str]:
    """Yield the existing names that names and patterns stand for, each once."""
    found: dict[str, None] = {}
    for text in texts:
        with suppress(MissingError, InvalidNameError):
            found |= dict.fromkeys(find(text, known))
    return (name for name in found if all(file in known for file in list_files(name)))


def list_files(name: str) -> Sequence[str]:
    """Return the file of an image, or the files of a style, which may be a blend of several."""
    return (name,) if names.is_image_name(name) else names.parse_model_name(name).files
