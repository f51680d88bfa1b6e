"""What models there are, dropped in, in the remote and cached: what each is, and if it loads."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath

from csci_utils.digest import file_digest
from csci_utils.errors import CsciUtilsError
from csci_utils.luigi import copy
from csci_utils.text import one_line
from neural_style import NeuralStyleError, StyleDescription, StyleError, inspect
from neural_style.formats.model_file import MAX_STYLE_BYTES

from .. import names
from ..errors import PipelineError
from ..inventory import list_cache, list_drop_ins, list_remote
from ..remote import target_at
from ..settings import MODELS, Settings, is_s3
from ..tasks.download import DownloadModel
from ..tasks.upload import UploadModel

DROP_IN, REMOTE, CACHE = "drop-in", "remote", "cache"


@dataclass(frozen=True)
class ListedModel:
    """A model in one place; None stands for "not known"."""

    name: str
    place: str
    """``drop-in``, ``remote`` or ``cache``."""
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    loads: bool | None = None
    base_width: int | None = None
    """Channels after the first convolution, where the file tells."""
    styles: int | None = None
    """How many numbered styles it has; None if it is one style without a number."""
    reason: str | None = None
    """Why it does not load, or why that is not known."""


@dataclass
class ModelListing:
    """All models, by name and place."""

    data: str
    remote: str
    models: list[ListedModel] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Names of models that cannot be used, and why not."""

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def list_models(
    settings: Settings, inspect: Callable[[str], StyleDescription] = inspect
) -> ModelListing:
    """Look everywhere; nothing is written but temporary files.

    Args:
        settings: those in force.
        inspect: loads a model, and says what it is.

    Raises:
        OSError, CsciUtilsError: the remote or the data folder cannot be listed.
    """
    drop_ins, in_remote = list_drop_ins(settings), list_remote(settings)
    cached = list_cache(settings).models
    refused = {**drop_ins.refused, **in_remote.refused}
    listing = ModelListing(
        settings.data,
        settings.remote,
        refused={name: str(why) for name, why in refused.items() if names.is_model_file(name)},
    )
    look = _Looker(settings, inspect).look_at
    for name in sorted({*drop_ins.models, *in_remote.models, *cached}):
        places = ((DROP_IN, drop_ins.models), (REMOTE, in_remote.models), (CACHE, cached))
        listing.models += [look(name, place) for place, found in places if name in found]
    return listing


class _Looker:
    """Looks at models, and loads no bytes twice."""

    def __init__(self, settings: Settings, inspect: Callable[[str], StyleDescription]) -> None:
        self._settings = settings
        self._inspect = inspect
        self._seen: dict[tuple[str, str], ListedModel] = {}

    def look_at(self, name: str, place: str) -> ListedModel:
        """What is known of the model in this place, or why nothing is."""
        found = ListedModel(name, place)
        try:
            if place == REMOTE and is_s3(self._settings.remote):
                size = _remote_size(name)
                if size > MAX_STYLE_BYTES:
                    reason = f"expected at most {MAX_STYLE_BYTES:,} bytes, got {size:,}"
                    return replace(found, size=size, loads=False, reason=reason)
                with _local_bytes_of_remote(name) as path:
                    return self._look_at_file(found, path)
            folder = {
                DROP_IN: self._settings.uploads,
                REMOTE: self._settings.remote_models,
                CACHE: f"{self._settings.data}/{MODELS}",
            }
            return self._look_at_file(found, f"{folder[place]}/{name}")
        except (OSError, CsciUtilsError) as error:
            return replace(found, reason=one_line(str(error)))

    def _look_at_file(self, found: ListedModel, path: str) -> ListedModel:
        digest = file_digest(path)
        kind = PurePosixPath(found.name).suffix.lower()  # the same bytes may load as one only
        if (digest, kind) not in self._seen:
            self._seen[digest, kind] = self._load(found, path, digest)
        return replace(self._seen[digest, kind], name=found.name, place=found.place)

    def _load(self, found: ListedModel, path: str, digest: str) -> ListedModel:
        found = replace(found, size=os.path.getsize(path), sha256=digest)
        try:
            description = self._inspect(path)
        except StyleError as error:
            reason = str(error).removeprefix(f"{path}: ")
            return replace(found, loads=False, reason=reason)
        except (NeuralStyleError, PipelineError) as error:
            return replace(found, reason=str(error))
        return replace(
            found, loads=True, base_width=description.base_width, styles=description.count
        )


def _remote_size(name: str) -> int:
    download = DownloadModel(model=name, upload=False)
    state = download.input().fs.state(download.input().path)
    return state.size if state else 0


@contextmanager
def _local_bytes_of_remote(name: str) -> Iterator[str]:
    """The path of a file with the bytes that an S3 remote has: one that is here, or a temporary."""
    download, upload = DownloadModel(model=name, upload=False), UploadModel(model=name)
    if download.complete():
        yield download.output().path
    elif upload.requires().complete() and upload.complete():
        yield upload.input().path
    else:
        with tempfile.TemporaryDirectory(prefix="pset_4-") as folder:
            path = os.path.join(folder, name)
            copy(download.input(), target_at(path))
            yield path
