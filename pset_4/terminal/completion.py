"""Completion of names in shells: what is dropped in, cached, and in a remote on this machine.

S3 is not asked: whoever presses Tab does not want to wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from .. import names
from ..places import IMAGES, MODELS, is_s3

if TYPE_CHECKING:
    from ..settings import Settings

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_MOST_FILES = 10_000  # looked at in each place
_SETTINGS = ("remote", "data", "uploads")


def complete_images(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of images that begin like this."""
    return _complete(context, incomplete, {IMAGES: names.is_image_name})


def complete_models(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of models that begin like this."""
    return _complete(context, incomplete, {MODELS: names.is_model_file})


def complete_all(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of images and models that begin like this."""
    kinds = {IMAGES: names.is_image_name, MODELS: names.is_model_file}
    return _complete(context, incomplete, kinds)


def complete_results(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the local results whose names begin like this; leave other files to the shell."""
    settings = _read_settings(context)
    found = islice(_walk(settings.results, incomplete), _MOST_FILES) if settings else ()
    matching = sorted(name for name in found if name.startswith(incomplete))
    return [CompletionItem(name) for name in matching] or [CompletionItem(incomplete, type="file")]


def complete_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Leave files to the shell."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Leave folders to the shell."""
    return [CompletionItem(incomplete, type="dir")]


def _complete(
    context: click.Context, incomplete: str, kinds: Mapping[str, Callable[[str], bool]]
) -> list[CompletionItem]:
    settings = _read_settings(context)
    if settings is None:
        return []
    found = {
        name
        for kind, is_kind in kinds.items()
        for folder in _list_folders(settings, kind)
        for name in islice(_walk(folder, incomplete), _MOST_FILES)
        if name.startswith(incomplete) and is_kind(name)
    }
    return [CompletionItem(name) for name in sorted(found)]


def _read_settings(context: click.Context) -> Settings | None:
    from csci_utils.errors import DescribedError

    from ..settings import read_settings

    given = context.find_object(dict) or {}
    places: dict[str, Any] = {name: given.get(name) for name in _SETTINGS}
    try:
        return read_settings(**places, paints=False)
    except (DescribedError, OSError):
        return None


def _list_folders(settings: Settings, kind: str) -> Iterator[str]:
    yield settings.uploads
    yield f"{settings.data}/{kind}"
    if not is_s3(settings.remote):
        yield f"{settings.remote}/{kind}"


def _walk(root: str, incomplete: str) -> Iterator[str]:
    """Yield the paths of files that may begin like this, relative to the root."""
    for folder, subfolders, files in os.walk(root):
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and _fit(f"{prefix}{name}/", incomplete)
        ]
        yield from (prefix + name for name in files if not name.startswith("."))


def _fit(folder: str, incomplete: str) -> bool:
    """Return whether a name that begins like this may lie in a folder."""
    return folder.startswith(incomplete) or incomplete.startswith(folder)
