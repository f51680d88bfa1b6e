"""What is dropped in, in the remote, cached and stylized."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial

from csci_utils.errors import DescribedError, LinkError, TooLargeError
from csci_utils.text import sort_key

from .provenance.recorded import read_result_origin
from .settings import Settings
from .storage.inventory import list_cache, list_drop_ins, list_remote, list_results
from .storage.remote import file_system_of
from .styles.tasks import recorded_task, task_of
from .tasks.download import DownloadImage, DownloadModel, DownloadTask
from .tasks.results import UploadResult
from .tasks.upload import UploadImage, UploadModel, UploadTask

_Ask = Callable[[Callable[[], str | None]], str | None]

PRESENT, CURRENT, STALE, CONFLICT, DIFFERENT = "yes", "current", "stale", "conflict", "differs"
EMPTY, UNREADABLE = "empty", "unreadable"


@dataclass(frozen=True)
class FileStatus:
    """An image or a model, wherever it is. None stands for "not there"."""

    name: str
    drop_in: str | None
    """``yes``, ``conflict`` if the remote has other bytes under this name, or ``unreadable`` if one
    of the two is, or if it cannot be told because of a folder's permissions."""
    remote: str | None
    """``yes``, ``empty`` if it has no bytes, or ``unreadable``."""
    cache: str | None
    """``current``, ``stale`` if it is not what the remote holds now, or ``unreadable``."""


@dataclass(frozen=True)
class ResultStatus:
    """A painted image, wherever it is. None stands for "not there"."""

    model: str
    image: str
    local: str | None
    """``current``, ``stale`` if its image or model has changed in the remote since, or
    ``unreadable``."""
    remote: str | None
    """``yes``, ``differs`` if the local one has other bytes, or ``unreadable`` if that cannot be
    told."""


@dataclass
class Status:
    """Everything, sorted by name."""

    data: str
    remote: str
    images: list[FileStatus] = field(default_factory=list)
    models: list[FileStatus] = field(default_factory=list)
    results: list[ResultStatus] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """For each drop-in or remote name that cannot be used, and each path of a link, why."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return asdict(self)


def read_status(settings: Settings) -> Status:
    """Look everywhere.

    Raises:
        OSError, CsciUtilsError: The remote or the data folder cannot be read.
    """
    status = Status(settings.data, settings.remote)
    drop_ins = list_drop_ins(settings)
    status.refused.update(_describe(drop_ins.refused))
    in_remote = list_remote(settings)
    status.refused.update(_describe(in_remote.refused))
    cached = list_cache(settings)
    images, models = set(in_remote.images), set(in_remote.models)
    ask = partial(_ask, status.refused)
    status.images = [
        _look_at(
            ask, name, UploadImage(image=name), DownloadImage(image=name, upload=False), images
        )
        for name in sorted(images.union(drop_ins.images, cached.images), key=sort_key)
    ]
    status.models = [
        _look_at(
            ask, name, UploadModel(model=name), DownloadModel(model=name, upload=False), models
        )
        for name in sorted(models.union(drop_ins.models, cached.models), key=sort_key)
    ]
    status.results = _look_at_results(ask, settings)
    return status


def _describe(refused: Mapping[str, DescribedError]) -> dict[str, str]:
    return {name: str(error) for name, error in refused.items()}


def _look_at(
    ask: _Ask, name: str, upload: UploadTask, download: DownloadTask, remote: set[str]
) -> FileStatus:
    in_remote = name in remote

    def look_at_drop_in() -> str | None:
        if not upload.drop_ins.complete():
            return None
        return CONFLICT if in_remote and not upload.complete() else PRESENT

    def look_at_cache() -> str | None:
        if not download.output().exists():
            return None
        return CURRENT if in_remote and download.complete() else STALE

    def look_at_remote() -> str | None:
        if not in_remote:
            return None
        path = download.content.path_of(name)
        return EMPTY if file_system_of(path).size(path) == 0 else PRESENT

    return FileStatus(name, ask(look_at_drop_in), ask(look_at_remote), ask(look_at_cache))


def _ask(refused: dict[str, str], question: Callable[[], str | None]) -> str | None:
    """Return the answer, or `UNREADABLE` if a file cannot be read.

    So is one in the remote that is a link, or too large.

    One such file does not hide the others. A remote that does not answer raises its own error.
    """
    try:
        return question()
    except (LinkError, TooLargeError) as error:
        refused[error.path or ""] = str(error)
        return UNREADABLE
    except DescribedError:  # some are also OSErrors
        raise
    except OSError:
        return UNREADABLE


def _look_at_results(ask: _Ask, settings: Settings) -> list[ResultStatus]:
    local = set(list_results(settings.results))
    remote = set(list_results(settings.remote_results))
    return [
        _look_at_result(ask, model, image, (model, image) in local, (model, image) in remote)
        for model, image in sorted(local | remote, key=lambda pair: [*map(sort_key, pair)])
    ]


def _look_at_result(
    ask: _Ask, model: str, image: str, is_local: bool, is_remote: bool
) -> ResultStatus:
    upload = task_of(model, image).clone(UploadResult)
    return ResultStatus(
        model,
        image,
        ask(lambda: _state_of_result(model, image)) if is_local else None,
        ask(lambda: DIFFERENT if is_local and not upload.has_same(image) else PRESENT)
        if is_remote
        else None,
    )


def _state_of_result(model: str, image: str) -> str:
    path = task_of(model, image).path_of(image)
    task = recorded_task(model, image, read_result_origin(path))
    return CURRENT if task is not None and task.complete() else STALE
