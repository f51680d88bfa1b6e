"""The results of a shard that the remote has already, whoever published them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from luigi.target import FileSystemTarget

from ...names import parse_model_name
from ...places import is_s3
from ...provenance.published import is_made_from, read_published
from ...storage.remote import target_at
from ...styles.results import join_result
from ..listing.sources import list_from

if TYPE_CHECKING:
    from ...settings import Settings
    from ..runs import Run

MAX_LISTED = 10_000
"""Of how many results a listing is read for one shard. Names from an unsorted manifest lie far
apart; then the remote is asked for each."""


class ExistingResults:
    """The results of some images in all styles of a run."""

    def __init__(self, settings: Settings, run: Run, names: Sequence[str]) -> None:
        """Ask the remote for those of a shard, on S3 in about one request for each style."""
        self._settings = settings
        self._run = run
        self._listed = {model: self._list(model, names) for model in run.models}

    def path_of(self, model: str, name: str) -> str:
        """Return the URL or path of a result."""
        return f"{self._settings.remote_results}/{join_result(self._run.style_of(model), name)}"

    def has(self, model: str, name: str) -> bool:
        """Return whether there is a result, current or stale; the remote is asked if need be."""
        listed = self._listed[model]
        if listed is None:
            return bool(target_at(self.path_of(model, name)).exists())
        return self.path_of(model, name) in listed

    def find_missing(self, name: str, source: FileSystemTarget) -> list[str]:
        """Return the styles in which an image is to be painted.

        Raises:
            OSError, CsciUtilsError: The remote refuses.
        """
        if self._run.force:
            return list(self._run.models)
        return [model for model in self._run.models if not self._is_current(model, name, source)]

    def _is_current(self, model: str, name: str, source: FileSystemTarget) -> bool:
        listed, path = self._listed[model], self.path_of(model, name)
        if listed is not None and path not in listed:
            return False
        style = parse_model_name(model)
        made = read_published(path, name, style.source)
        if made is None:
            return False
        options = self._run.rendering(number=style.number)
        if not is_made_from(made, made.image_sha256, self._run.models[model], options):
            return False
        return bool(source.fs.sha256(source.path) == made.image_sha256)

    def _list(self, model: str, names: Sequence[str]) -> set[str] | None:
        """Return the paths of the results of images; None if they are not known."""
        root = f"{self._settings.remote_results}/{self._run.style_of(model)}"
        if not (is_s3(root) and names):
            return None
        files = [self.path_of(model, name).removeprefix(f"{root}/") for name in names]
        first, last = min(files), max(files)
        found: Iterator[str] = takewhile(lambda name: name <= last, list_from(root, first))
        listed = {f"{root}/{name}" for name in islice(found, MAX_LISTED)}
        return listed if len(listed) < MAX_LISTED else None
