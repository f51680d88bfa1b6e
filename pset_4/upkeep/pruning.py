"""Find files made from images and models that are gone from the remote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import names
from ..errors import PipelineError
from ..places import IMAGES, MODELS, PACKAGES, SHEETS, shorten
from ..settings import Settings
from ..storage.inventory import list_cache, list_drop_ins, list_remote, list_results
from ..storage.records import is_waiting, list_stray_records
from ..storage.remote import list_paths
from ..styles.results import join_result


@dataclass
class Leftovers:
    """What `prune` removes, and how much it looked at."""

    paths: list[str] = field(default_factory=list)
    """The paths and URLs of what belongs to names that are gone."""
    records: list[str] = field(default_factory=list)
    """The paths of records whose file is gone."""
    kept: int = 0
    """How many files belong to names that are there."""


def find_leftovers(settings: Settings, in_remote: bool) -> Leftovers:
    """Look for files whose image or model is neither in the remote nor dropped in.

    What was made offline, and waits to be published, stays. Nothing in the remote's ``images/`` and
    ``saved_models/`` is looked for.

    Args:
        settings: The current ones.
        in_remote: Whether results and packages in the remote are looked at, too.

    Raises:
        OSError, csci_utils.errors.CsciUtilsError: The remote or the data folder cannot be read.
    """
    found = Leftovers()
    made = list(_list_made(settings, in_remote))
    existing = _list_existing(settings)  # second: other processes only make what exists
    for path, needed in made:
        if existing.issuperset(needed):
            found.kept += 1
        else:
            found.paths.append(path)
    found.records = list_stray_records()
    return found


def check_plausible(settings: Settings, found: Leftovers) -> None:
    """Check that the remote is not another one by mistake.

    Raises:
        PipelineError: Nothing that was looked at would stay.
    """
    if found.paths and not found.kept:
        raise PipelineError(
            f"has no image and no model of all {len(found.paths)} files that were looked at",
            path=shorten(settings.remote),
            remedy="check --remote; if they really are gone, add --even-all",
        )


def _list_existing(settings: Settings) -> set[str]:
    """Return the names of the images and models that there are, or will be after the next run.

    The remote is listed last: what is dropped in or waits may be published meanwhile.
    """
    drop_ins, cached = list_drop_ins(settings), list_cache(settings)
    waiting = [
        name
        for folder, found in ((IMAGES, cached.images), (MODELS, cached.models))
        for name in found
        if is_waiting(f"{settings.data}/{folder}/{name}")
    ]
    remote = list_remote(settings)
    usable = (*remote.images, *remote.models, *drop_ins.images, *drop_ins.models)
    return {*usable, *remote.refused, *drop_ins.refused, *waiting}


def _list_made(settings: Settings, in_remote: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield each file that comes from images and models, with the names of these."""
    cached = list_cache(settings)
    for folder, found in ((IMAGES, cached.images), (MODELS, cached.models)):
        yield from ((f"{settings.data}/{folder}/{name}", [name]) for name in found)
    for name in list_paths(f"{settings.data}/{SHEETS}"):
        yield f"{settings.data}/{SHEETS}/{name}", [name]
    remote = [settings.remote_results] if in_remote else []
    for folder in (settings.results, settings.proofs, *remote):
        for model, image in list_results(folder):
            path = f"{folder}/{join_result(model, image)}"
            yield path, [image, *names.parse_model_name(model).files]
    for root in (settings.data, settings.remote) if in_remote else (settings.data,):
        for path in list_paths(f"{root}/{PACKAGES}"):
            if (file := _find_model(path)) is not None:
                yield f"{root}/{PACKAGES}/{path}", [file]


def _find_model(path: str) -> str | None:
    """Return the model of a package's file; None if the path is not one of a package."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        model = "/".join(parts[:end])
        if names.is_model_file(model):
            return model
    return None
