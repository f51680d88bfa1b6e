"""What a task that is not complete would do, and why."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import singledispatch

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest

from .. import context, packaging
from ..errors import DamagedPackageError
from ..places import is_s3
from ..provenance.recorded import read_result_origin
from ..rendering_options import complete_origin
from ..storage.conflicts import REFUSE
from ..storage.offline import predict_version
from ..storage.records import Origin, read_origin, read_record
from ..storage.remote import check_no_obstacle
from ..tasks.batch import Piece, find_piece
from ..tasks.download import DownloadTask
from ..tasks.events import PlannedWork
from ..tasks.package import DownloadPackage, PackageModel
from ..tasks.results import ResultToPublish, UploadResult
from ..tasks.stylize import MODEL, Stylize
from ..tasks.upload import UploadTask
from .pixels import count_pixels

NEW, ALTERED, REPLACED = "new", "altered here", "replaced in the remote"
REPAINTED = "painted again"

Planned = Collection[Piece]
"""What is done before the piece in question."""


@singledispatch
def find_work(task: luigi.Task, name: str, planned: Planned) -> PlannedWork | None:
    """Return what a task would do for a name after what is planned; None if it does nothing itself.

    Args:
        task: It is not complete for the name, and what it requires is complete or planned.
        name: One of the task's names; empty for a task without names.
        planned: What is done before.

    Raises:
        csci_utils.errors.DescribedError: It would fail.
    """
    return None


@find_work.register
def _(task: UploadTask, name: str, planned: Planned) -> PlannedWork | None:
    path, destination = task.drop_ins.path_of(name), task.target(name)
    size = os.stat(path).st_size
    if not destination.exists():
        check_no_obstacle(destination.path)
        return PlannedWork(NEW, size)
    if task.on_conflict == REFUSE:
        raise task.describe_conflict(name, file_digest(path))
    return PlannedWork("other bytes in the remote", size)


@find_work.register
def _(task: DownloadTask, name: str, planned: Planned) -> PlannedWork | None:
    source, cached = _source_of(task, name, planned), task.target(name)
    if task.content.path_of(name) == cached.path:  # offline, the cache stands for the remote
        return None
    size = source.fs.size(source.path)
    if not cached.exists():
        return PlannedWork(NEW, size)
    if source.fs.same_bytes(source.path, cached.path):
        return None
    is_altered = read_origin(cached.path) is None
    return PlannedWork(ALTERED if is_altered else REPLACED, size)


@find_work.register
def _(task: Stylize, name: str, planned: Planned) -> PlannedWork | None:
    recorded, wanted = read_result_origin(task.path_of(name)), _find_origin(task, name, planned)
    is_forced = context.current().settings.force
    if recorded == wanted and not is_forced:
        return None
    size = count_pixels(_find_image(task, name, planned), task.rendering())
    if recorded is None:
        return PlannedWork(ALTERED if task.target(name).exists() else NEW, pixels=size)
    return PlannedWork(_describe_changes(recorded, wanted) or "asked for with --force", pixels=size)


@find_work.register
def _(task: UploadResult, name: str, planned: Planned) -> PlannedWork | None:
    painted, published = task.painted, task.target(name)
    path, is_new = painted.path_of(name), not published.exists()
    if path == published.path:  # offline, the data folder is the remote
        return None
    record = read_record(path)
    # Painting the same again makes the same bytes.
    is_same = record and complete_origin(record.origin) == _find_origin(painted, name, planned)
    if record and is_same and record.sha256 == _digest(published):
        return None
    if find_piece(painted, name) in planned:
        if is_fetched(painted, name, planned):
            return None
        return PlannedWork(NEW if is_new else REPAINTED)
    size = painted.target(name).fs.size(path)
    return PlannedWork(NEW if is_new else "other bytes in the remote", size)


@find_work.register
def _(task: PackageModel, name: str, planned: Planned) -> PlannedWork | None:
    if not task.output().exists():
        return PlannedWork(NEW)
    source = _source_of(task.requires(), task.model, planned)
    try:
        manifest = packaging.read_manifest(task.output().path)
    except DamagedPackageError:
        return PlannedWork("damaged in the remote")
    if manifest.code_digest != packaging.digest_code():
        return PlannedWork("packaged by another version of this project")
    if manifest.model_digest == _digest(source):
        return None
    return PlannedWork("other bytes of the model")


@find_work.register
def _(task: DownloadPackage, name: str, planned: Planned) -> PlannedWork | None:
    return PlannedWork(NEW)


def is_fetched(task: luigi.Task, name: str, planned: Planned) -> bool:
    """Return whether a result is fetched in place of being painted: the remote has it."""
    if not isinstance(task, ResultToPublish):
        return False
    files = task.files_of(name)
    image, *models = (
        _digest(_source_of(each, files[kind], planned)) or ""
        for kind, each in task.downloads.items()
    )
    return task.find_made(name, image, models) is not None


def _find_image(task: Stylize, name: str, planned: Planned) -> FileSystemTarget:
    """Return a file of the image whose size can be read: of one in S3, the cached copy if any."""
    download = task.downloads["image"]
    source, cached = _source_of(download, name, planned), download.target(name)
    return cached if is_s3(source.path) and cached.exists() else source


def _find_origin(task: Stylize, name: str, planned: Planned) -> Origin:
    """Return what a result will be painted from, and with."""
    files = task.files_of(name)
    return task.origin(
        {kind: _origin_of(each, files[kind], planned) for kind, each in task.downloads.items()}
    )


def _digest(source: FileSystemTarget) -> str | None:
    """Return the SHA-256 of a file; None if there is none, or S3 does not name it."""
    if is_s3(source.path):
        state = source.fs.state(source.path)
        return state.sha256 if state else None
    digest: str | None = source.fs.version(source.path)
    return digest


def _source_of(task: DownloadTask, name: str, planned: Planned) -> FileSystemTarget:
    """Return what a download copies: the object in the remote, or the drop-in that it will be."""
    content = task.content
    is_planned = find_piece(content.uploads, name) in planned
    return (content.drop_ins if is_planned else content).target(name)


def _origin_of(task: DownloadTask, name: str, planned: Planned) -> Origin:
    """Return what a cached file will be made from: the version of the remote's object."""
    source = _source_of(task, name, planned)
    if source.path == task.content.path_of(name):
        return task.origin_of(name)
    settings = context.current().settings
    return {"version": predict_version(source.path, settings.unasked_remote or settings.remote)}


def _describe_changes(recorded: Origin, wanted: Origin) -> str:
    """Return what a result was painted from, or with, that is wanted otherwise now."""
    changed = [name for name in wanted if recorded.get(name) != wanted[name]]
    kinds = [name for name in changed if name == "image" or name.startswith(MODEL)]
    inputs = [f"{name} {REPLACED}" for name in kinds]
    options = [name.replace("_", "-") for name in changed if name not in kinds]
    return ", ".join([*inputs, *(["other options: " + ", ".join(options)] if options else [])])
