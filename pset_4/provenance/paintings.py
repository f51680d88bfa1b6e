"""Paintings by their path or name, and where each comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csci_utils.atomic import scratch_folder
from csci_utils.errors import instead_of_path
from csci_utils.luigi import copy
from neural_style.provenance import Provenance, read_provenance

from .. import names
from ..context import command
from ..errors import MissingError
from ..places import RESULTS
from ..storage.inventory import list_results
from ..storage.lookup import Names
from ..storage.records import is_unaltered, read_record
from ..storage.remote import read_object_metadata, target_at
from ..styles.results import join_result, split_result
from .object_metadata import from_object_metadata
from .recorded import from_record

if TYPE_CHECKING:
    from ..settings import Settings

FILE, RECORD, OBJECT = "file", "record", "object metadata"
"""What says where a painting comes from."""


@dataclass(frozen=True)
class TracedPainting:
    """A painting, and where it comes from."""

    path: str
    """Its path, or its URL if only the remote has it."""
    source: str
    """What says it: `FILE`, `RECORD` or `OBJECT`."""
    provenance: Provenance
    """What it says, which anybody may have written."""


def find_painting(settings: Settings, text: str) -> TracedPainting:
    """Return a painting.

    Args:
        settings: The current ones.
        text: The path of a file, or the name of a result, such as ``candy.pth/coffee.png``. A
            result that is not on this machine is looked for in the remote.

    Raises:
        MissingError: Nothing has this path or name, or nothing says where it comes from.
        PictureError: The file is not a picture.
    """
    path = os.path.expanduser(text)
    if os.path.isfile(path):
        return _read_local(settings, path)
    name = _find_result(settings, text)
    path = f"{settings.results}/{name}"
    return _read_local(settings, path) if os.path.isfile(path) else _read_remote(settings, name)


def _find_result(settings: Settings, text: str) -> str:
    """Return the name of an existing result, here or in the remote.

    Raises:
        MissingError: There is no such result.
    """
    folders = (settings.results, settings.remote_results)
    known = Names(join_result(*pair) for folder in folders for pair in list_results(folder))
    text = text.removeprefix(f"{settings.remote_results}/").removeprefix(f"{RESULTS}/")
    if (name := known.spell(text)) in known:
        return name
    status = command("status")
    remedy = known.suggest(text) or f"name a file, or a result as {status} lists it"
    raise MissingError("no such file or result", path=text, remedy=remedy)


def _read_local(settings: Settings, path: str) -> TracedPainting:
    if provenance := read_provenance(path):
        return TracedPainting(path, FILE, provenance)
    if provenance := _read_recorded(settings, path):
        return TracedPainting(path, RECORD, provenance)
    raise _describe_silence(path)


def _read_recorded(settings: Settings, path: str) -> Provenance | None:
    """Return what the record of an unaltered result says; None if the file is no such result."""
    folders = map(os.path.realpath, (settings.results, settings.proofs))
    is_result = any(map(Path(os.path.realpath(path)).is_relative_to, folders))
    return from_record(read_record(path)) if is_result and is_unaltered(path) else None


def _read_remote(settings: Settings, name: str) -> TracedPainting:
    url = f"{settings.remote_results}/{name}"
    model, image = split_result(name) or ("", "")
    source = names.parse_model_name(model).source
    if provenance := from_object_metadata(read_object_metadata(url), image, source):
        return TracedPainting(url, OBJECT, provenance)
    if provenance := _read_file_in_remote(url):
        return TracedPainting(url, FILE, provenance)
    raise _describe_silence(url)


def _read_file_in_remote(url: str) -> Provenance | None:
    from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

    with scratch_folder() as folder:
        path = os.path.join(folder, os.path.basename(url))
        copy(target_at(url), target_at(path), MAX_PICTURE_BYTES)
        with instead_of_path(path, url):
            return read_provenance(path)


def _describe_silence(path: str) -> MissingError:
    return MissingError(
        "nothing says where it comes from (painted by another program or an earlier version, or "
        "with --metadata none)",
        path=path,
        remedy="paint it again",
    )
