"""Runs: what is painted from where, how, and where its documents are in the remote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from neural_style.options import RenderingOptions

from ..context import command
from ..errors import MissingError, PipelineError
from ..names import check_model_name, parse_model_name
from ..styles.looks import name_look
from .coordination.documents import Documents, documents_at

if TYPE_CHECKING:
    from ..settings import Settings

FORMAT = 1
"""Of the documents; workers of another one do not join a run."""

BULK = "bulk"
"""The folder of all runs in the remote."""

LEASE_SECONDS = 60.0
SHARD_SIZE = 500
"""Images in a shard: what a worker that is killed may have painted in vain."""

_RUNS, _FINISHED = "runs", "finished"


@dataclass(frozen=True)
class Run:
    """A run, as the remote describes it. Everything that a worker needs to know is here."""

    images: str
    """The URL or path of the folder of images, without a trailing slash."""
    models: Mapping[str, str]
    """The SHA-256 of the file of each style, by the style's name; one at least."""
    options: Mapping[str, Any]
    """The `RESULT_OPTIONS`, by name."""
    manifest: str = ""
    """The manifest that names the images; empty for a listing of the folder."""
    retries: str = ""
    """The earlier run whose failures are painted; empty for a listing or a manifest."""
    shard_size: int = SHARD_SIZE
    """How many images a shard has."""
    lease_seconds: float = LEASE_SECONDS
    """How long a worker that is not heard of keeps its shard."""
    force: bool = False
    """Whether results that are current are painted again."""
    serial: int = 1
    """Tells runs over the same from each other."""
    format: int = FORMAT
    """See `FORMAT`."""

    @cached_property
    def key(self) -> str:
        """What runs over the same images in the same styles have in common."""
        values = [
            self.images,
            self.manifest,
            sorted(self.models.items()),
            sorted(self.options.items()),
        ]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]

    @property
    def id(self) -> str:
        """The run's name."""
        return f"{self.key}-{self.serial:04}"

    def rendering(self, **others: Any) -> RenderingOptions:
        """Return the rendering options, and others."""
        return RenderingOptions(**self.options, **others)

    def style_of(self, model: str) -> str:
        """Return the name of a model in results, where it has the look of the options."""
        return str(replace(parse_model_name(model), look=name_look(self.rendering())))

    def documents(self, settings: Settings) -> Documents:
        """Return the documents of its shards, leases and failures."""
        return documents_at(settings, f"{BULK}/{self.id}")

    def to_bytes(self) -> bytes:
        """Return the document that describes it."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes, path: str) -> Run:
        """Return the run that a document describes.

        Raises:
            PipelineError: It is damaged, or of another version of this program.
        """
        try:
            values = json.loads(data)
            if values.get("format") != FORMAT:
                raise ValueError(f"format {values.get('format')}, not {FORMAT}")
            run = cls(**values)
            run.rendering()
            for model in run.models:
                check_model_name(model)
            check_sizes(run.shard_size, run.lease_seconds)
        except (ValueError, TypeError, AttributeError) as error:
            remedy = "use the version that began the run, or begin another one"
            raise PipelineError(
                f"no run that is understood here ({error})", path=path, remedy=remedy
            ) from error
        return run


def check_sizes(shard_size: int, lease_seconds: float) -> None:
    """Raise ValueError if a run cannot have these sizes."""
    if not (isinstance(shard_size, int) and 1 <= shard_size <= 100_000):
        raise ValueError(f"expected 1 to 100,000 images in a shard, got {shard_size}")
    if not (isinstance(lease_seconds, (int, float)) and 2 <= lease_seconds <= 86_400):
        raise ValueError(f"expected a lease of 2 seconds to a day, got {lease_seconds}")


class Runs:
    """All runs in a remote."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings with the remote."""
        self.documents = documents_at(settings, BULK)

    def list_ids(self) -> list[str]:
        """Return the ids of all runs, the latest first."""
        entries = sorted(self.documents.list(_RUNS), key=lambda entry: entry.age)
        return [_id_of(entry.name) for entry in entries]

    def load(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            MissingError: There is none of this name.
            PipelineError: As for `Run.from_bytes`.
        """
        name = f"{_RUNS}/{run_id}.json"
        found = self.documents.read(name)
        path = f"{self.documents.url}/{name}"
        if found is None:
            remedy = f"{command('bulk status')} lists the runs"
            raise MissingError("there is no such run", path=path, remedy=remedy)
        run = Run.from_bytes(found.data, path)
        if run.id != run_id:  # whose images and styles are not those of its name
            remedy = "somebody has altered it: begin another run"
            raise PipelineError(f"expected run {run_id}, got {run.id}", path=path, remedy=remedy)
        return run

    def list_of_key(self, key: str) -> list[str]:
        """Return the ids of the runs with a key, the latest first."""
        found = (_id_of(name) for name, _ in self.documents.list(_RUNS, f"{key}-"))
        ids = []
        for each in found:
            if not each.startswith(f"{key}-"):
                break
            ids.append(each)
        return sorted(ids, reverse=True)

    def create(self, run: Run) -> Run:
        """Publish a run, unless somebody did that just now; return the one that is there."""
        if self.documents.create(f"{_RUNS}/{run.id}.json", run.to_bytes()) is None:
            return self.load(run.id)
        return run

    def is_finished(self, run_id: str) -> bool:
        """Return whether all shards of a run are done."""
        return self.read_end(run_id) is not None

    def read_end(self, run_id: str) -> Mapping[str, Any] | None:
        """Return the figures that a run ended with; None before its end."""
        found = self.documents.read(f"{run_id}/{_FINISHED}.json")
        return None if found is None else dict(json.loads(found.data))

    def finish(self, run: Run, figures: Mapping[str, Any]) -> None:
        """Publish that all shards of a run are done."""
        self.documents.create(f"{run.id}/{_FINISHED}.json", json.dumps(figures).encode())

    def end_path(self, run: Run) -> str:
        """Return the URL or path of what `finish` publishes."""
        return f"{self.documents.url}/{run.id}/{_FINISHED}.json"

    def find_unfinished(self) -> Iterator[str]:
        """Yield the ids of the runs that are not finished, the latest first."""
        return (each for each in self.list_ids() if not self.is_finished(each))


def find_or_name(runs: Runs, wanted: Run, *, retries: bool) -> tuple[Run, bool]:
    """Return the unfinished run over the same images and styles, or the one to begin.

    Args:
        runs: Those of the remote.
        wanted: What is to be painted.
        retries: Whether a new run paints only the failures of the last one.

    Returns:
        The run, and whether it was begun already.
    """
    ids = runs.list_of_key(wanted.key)
    if ids and not runs.is_finished(ids[0]):
        return runs.load(ids[0]), True
    serial = int(ids[0].rpartition("-")[2]) + 1 if ids else 1
    return replace(wanted, serial=serial, retries=ids[0] if retries and ids else ""), False


def _id_of(name: str) -> str:
    return name.removeprefix(f"{_RUNS}/").removesuffix(".json")
