"""What is dropped in, in the remote, cached and stylized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from csci_utils.errors import DescribedError

from . import names
from .errors import InvalidNameError
from .inventory import list_cache, list_drop_ins, list_remote
from .remote import list_paths
from .rendering_options import RESULT_OPTIONS
from .settings import Settings
from .tasks.download import DownloadImage, DownloadModel, DownloadTask
from .tasks.results import UploadResult
from .tasks.stylize import Stylize, read_result_origin
from .tasks.upload import UploadImage, UploadModel, UploadTask

PRESENT, CURRENT, STALE, CONFLICT, DIFFERENT = "yes", "current", "stale", "conflict", "differs"


@dataclass(frozen=True)
class FileStatus:
    """An image or a model, wherever it is. None stands for "not there"."""

    name: str
    drop_in: str | None
    """``yes``, or ``conflict`` if the remote has other bytes under this name."""
    remote: str | None
    """``yes``."""
    cache: str | None
    """``current``, or ``stale`` if it is not what the remote holds now."""


@dataclass(frozen=True)
class ResultStatus:
    """A painted image, wherever it is. None stands for "not there"."""

    model: str
    image: str
    local: str | None
    """``current``, or ``stale`` if its image or model has changed in the remote since."""
    remote: str | None
    """``yes``, or ``differs`` if the local one has other bytes."""


@dataclass
class Status:
    """Everything, sorted by name."""

    data: str
    remote: str
    pictures: list[FileStatus] = field(default_factory=list)
    models: list[FileStatus] = field(default_factory=list)
    results: list[ResultStatus] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """For each drop-in or remote name that cannot be used, why."""

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
    status.pictures = [
        _look_at(name, UploadImage(image=name), DownloadImage(image=name, upload=False), images)
        for name in sorted(images.union(drop_ins.images, cached.images))
    ]
    status.models = [
        _look_at(name, UploadModel(model=name), DownloadModel(model=name, upload=False), models)
        for name in sorted(models.union(drop_ins.models, cached.models))
    ]
    status.results = _list_results(settings)
    return status


def _describe(refused: Mapping[str, DescribedError]) -> dict[str, str]:
    return {name: str(error) for name, error in refused.items()}


def _look_at(name: str, upload: UploadTask, download: DownloadTask, remote: set[str]) -> FileStatus:
    in_remote = name in remote
    drop_in = cache = None
    if upload.requires().complete():
        drop_in = CONFLICT if in_remote and not upload.complete() else PRESENT
    if download.output().exists():
        cache = CURRENT if in_remote and download.complete() else STALE
    return FileStatus(name, drop_in, PRESENT if in_remote else None, cache)


def _list_results(settings: Settings) -> list[ResultStatus]:
    local = set(_list_pairs(settings.results))
    remote = set(_list_pairs(settings.remote_results))
    return [
        _look_at_result(model, image, (model, image) in local, (model, image) in remote)
        for model, image in sorted(local | remote)
    ]


def _look_at_result(model: str, image: str, is_local: bool, is_remote: bool) -> ResultStatus:
    upload = UploadResult(image=image, model=model)
    is_different = is_local and is_remote and not upload.is_copied()
    return ResultStatus(
        model,
        image,
        _state_of_result(model, image) if is_local else None,
        (DIFFERENT if is_different else PRESENT) if is_remote else None,
    )


def _list_pairs(folder: str) -> list[tuple[str, str]]:
    pairs = [path.split("/") for path in list_paths(folder)]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and _is_result(*pair)]


def _is_result(model: str, image: str) -> bool:
    try:
        names.parse_model_name(model)
        names.check_image_name(image)
    except InvalidNameError:
        return False
    return True


def _state_of_result(model: str, image: str) -> str:
    origin = read_result_origin(Stylize(image=image, model=model).output().path)
    if origin is None:
        return STALE
    painted_with = {option.name: origin[option.name] for option in RESULT_OPTIONS}
    task = Stylize(image=image, model=model, upload=False, **painted_with)
    return CURRENT if task.complete() else STALE
