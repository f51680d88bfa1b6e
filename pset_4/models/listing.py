"""The listing of all models: drop-ins, the remote and the cache, and whether each model loads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath

from csci_utils.atomic import scratch_folder
from csci_utils.digest import file_digest
from csci_utils.errors import CsciUtilsError, DescribedError
from csci_utils.files import check_file
from csci_utils.luigi import copy
from csci_utils.text import one_line, sort_key
from neural_style import NeuralStyleError, StyleDescription, StyleError, inspect
from neural_style.formats.model_file import MAX_STYLE_BYTES

from .. import names
from ..errors import PipelineError
from ..places import MODELS
from ..settings import Settings
from ..storage.inventory import list_cache, list_drop_ins, list_remote
from ..storage.remote import target_at
from ..tasks.download import DownloadModel
from ..tasks.upload import UploadModel

DROP_IN = "drop-in"
"""The place of a model in the folder of drop-ins."""
REMOTE = "remote"
"""The place of a model in the remote."""
CACHE = "cache"
"""The place of a model that was downloaded."""


@dataclass(frozen=True)
class ListedModel:
    """A model in one place. None means unknown."""

    name: str
    """The name of the file."""
    place: str
    """`DROP_IN`, `REMOTE` or `CACHE`."""
    size: int | None = None
    """The size of the file in bytes."""
    sha256: str | None = None
    """The digest of the file."""
    loads: bool | None = None
    """Whether the file is a model that loads."""
    base_width: int | None = None
    """The channels after the first convolution; unknown for graphs of unknown networks."""
    styles: int | None = None
    """How many numbered styles the file holds; None for one style without a number."""
    reason: str | None = None
    """Why the model does not load, or why that is unknown."""


@dataclass
class ModelListing:
    """All models, sorted by name and place."""

    data: str
    """The data folder."""
    remote: str
    """The path or URL of the remote."""
    models: list[ListedModel] = field(default_factory=list)
    """The models; one of each name and place."""
    refused: dict[str, str] = field(default_factory=dict)
    """For each file name of a model that cannot be used, the reason."""

    def to_dict(self) -> dict[str, object]:
        """Return the listing as plain values for JSON."""
        return asdict(self)


def list_models(
    settings: Settings, inspect: Callable[[str], StyleDescription] = inspect
) -> ModelListing:
    """List and load the models in all places. Only temporary files are written.

    Args:
        settings: The settings with the data folder and the remote.
        inspect: Loads a model and describes it.

    Raises:
        OSError: The data folder or the remote cannot be listed.
        CsciUtilsError: The remote cannot be listed.
    """
    drop_ins, remote = list_drop_ins(settings), list_remote(settings)
    refused = {
        name: str(error)
        for name, error in {**drop_ins.refused, **remote.refused}.items()
        if names.is_model_file(name)
    }
    cached = list_cache(settings)
    places = {DROP_IN: drop_ins.models, REMOTE: remote.models, CACHE: cached.models}
    found = {place: set(models) for place, models in places.items()}
    inspector = _ModelInspector(settings, inspect)
    models = [
        inspector.inspect(name, place)
        for name in sorted(set().union(*found.values()), key=sort_key)
        for place in places
        if name in found[place]
    ]
    return ModelListing(settings.data, settings.remote, models, refused)


class _ModelInspector:
    """Inspects models, and loads the same bytes only once."""

    def __init__(self, settings: Settings, inspect: Callable[[str], StyleDescription]) -> None:
        self._settings = settings
        self._inspect = inspect
        self._known: dict[tuple[str, str], ListedModel] = {}

    def inspect(self, name: str, place: str) -> ListedModel:
        """Return what is known about the model in a place."""
        model = ListedModel(name, place)
        try:
            if place == REMOTE:
                return self._inspect_published(model)
            folder = self._settings.uploads
            if place == CACHE:
                folder = f"{self._settings.data}/{MODELS}"
            return self._inspect_file(model, f"{folder}/{name}")
        except (OSError, CsciUtilsError) as error:
            return replace(model, reason=one_line(str(error)))

    def _inspect_published(self, model: ListedModel) -> ListedModel:
        """Inspect a model in the remote, which is not fetched if it is too large for a model."""
        size = _remote_size(model.name)
        if size > MAX_STYLE_BYTES:
            reason = f"expected at most {MAX_STYLE_BYTES:,} bytes, got {size:,}"
            return replace(model, size=size, loads=False, reason=reason)
        if size == 0:
            reason = "expected a style model, got an empty file"
            return replace(model, size=size, loads=False, reason=reason)
        with _local_copy_of_remote(model.name) as path:
            return self._inspect_file(model, path)

    def _inspect_file(self, model: ListedModel, path: str) -> ListedModel:
        try:
            check_file(Path(path), StyleError, MAX_STYLE_BYTES)
        except StyleError as error:
            return replace(model, loads=False, reason=_describe_error(error, path))
        digest = file_digest(path)
        suffix = PurePosixPath(model.name).suffix.lower()  # it decides how the bytes are loaded
        if (digest, suffix) not in self._known:
            self._known[digest, suffix] = self._load(model, path, digest)
        return replace(self._known[digest, suffix], name=model.name, place=model.place)

    def _load(self, model: ListedModel, path: str, digest: str) -> ListedModel:
        model = replace(model, size=os.path.getsize(path), sha256=digest)
        try:
            found = self._inspect(path)
        except StyleError as error:
            return replace(model, loads=False, reason=_describe_error(error, path))
        except (NeuralStyleError, PipelineError) as error:
            return replace(model, reason=_describe_error(error, path))
        return replace(model, loads=True, base_width=found.base_width, styles=found.count)


def _describe_error(error: DescribedError, path: str) -> str:
    """Return an error's text without the path of the model, which the listing names anyway."""
    other_path = None if error.path == path else error.path
    return str(DescribedError(error.reason, path=other_path, remedy=error.remedy))


def _remote_size(name: str) -> int:
    source = DownloadModel(model=name, upload=False).input()
    return source.fs.size(source.path) or 0


@contextmanager
def _local_copy_of_remote(name: str) -> Iterator[str]:
    """Give the path of a file with the bytes in the remote: cached, dropped in, or a new copy."""
    download, upload = DownloadModel(model=name, upload=False), UploadModel(model=name)
    if download.complete():
        yield download.output().path
    elif upload.requires().complete() and upload.complete():
        yield upload.input().path
    else:
        with scratch_folder() as folder:
            path = os.path.join(folder, name)
            copy(download.input(), target_at(path))
            yield path
