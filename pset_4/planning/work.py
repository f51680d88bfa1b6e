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
from ..execution.outcome import Plan
from ..places import is_s3
from ..rendering_options import complete_origin
from ..storage.conflicts import REFUSE
from ..storage.offline import predict_version
from ..storage.records import Origin, read_origin, read_record
from ..storage.remote import check_no_obstacle
from ..tasks.download import DownloadTask
from ..tasks.package import DownloadPackage, PackageModel
from ..tasks.results import ResultToPublish, UploadResult
from ..tasks.stylize import Stylize, read_result_origin
from ..tasks.upload import UploadTask
from .pixels import count_pixels

NEW, ALTERED, REPLACED = "new", "altered here", "replaced in the remote"
REPAINTED = "painted again"

Planned = Collection[luigi.Task]
"""The tasks that do something before the task in question."""


@singledispatch
def find_work(task: luigi.Task, planned: Planned) -> Plan | None:
    """Return what a task would do after those that are planned; None if it does nothing itself.

    Args:
        task: It is not complete, and what it requires is complete or planned.
        planned: The tasks that do something before it.

    Raises:
        csci_utils.errors.DescribedError: It would fail.
    """
    return None


@find_work.register
def _(task: UploadTask, planned: Planned) -> Plan | None:
    path, destination = task.input().path, task.output()
    task.is_replacement = destination.exists()
    size = os.stat(path).st_size
    if not task.is_replacement:
        check_no_obstacle(destination.path)
        return Plan(NEW, size)
    if task.on_conflict == REFUSE:
        raise task.describe_conflict(file_digest(path))
    return Plan("other bytes in the remote", size)


@find_work.register
def _(task: DownloadTask, planned: Planned) -> Plan | None:
    source, cached = _source_of(task, planned), task.output()
    if task.input().path == cached.path:  # offline, the cache stands for the remote
        return None
    size = source.fs.size(source.path)
    if not cached.exists():
        return Plan(NEW, size)
    if source.fs.same_bytes(source.path, cached.path):
        return None
    is_altered = read_origin(cached.path) is None
    return Plan(ALTERED if is_altered else REPLACED, size)


@find_work.register
def _(task: Stylize, planned: Planned) -> Plan | None:
    recorded, wanted = read_result_origin(task.output().path), _find_origin(task, planned)
    is_forced = context.current().settings.force
    if recorded == wanted and not is_forced:
        return None
    size = count_pixels(_source_of(task.downloads()["image"], planned), task.rendering())
    if recorded is None:
        return Plan(ALTERED if task.output().exists() else NEW, pixels=size)
    return Plan(_describe_changes(recorded, wanted) or "asked for with --force", pixels=size)


@find_work.register
def _(task: ResultToPublish, planned: Planned) -> Plan | None:
    found = find_work.dispatch(Stylize)(task, planned)
    if found is None:
        return None
    digests = (_digest(_source_of(each, planned)) or "" for each in task.downloads().values())
    task.is_fetched = task.find_published(*digests) is not None
    return Plan(found.reason) if task.is_fetched else found


@find_work.register
def _(task: UploadResult, planned: Planned) -> Plan | None:
    painted, is_new = task.requires(), not task.output().exists()
    if painted.output().path == task.output().path:  # offline, the data folder is the remote
        return None
    record = read_record(painted.output().path)
    # Painting the same again makes the same bytes.
    is_same = record and complete_origin(record.origin) == _find_origin(painted, planned)
    if record and is_same and record.sha256 == _digest(task.output()):
        return None
    if painted in planned:
        if painted.is_fetched:
            return None
        return Plan(NEW if is_new else REPAINTED)
    size = painted.output().fs.size(painted.output().path)
    return Plan(NEW if is_new else "other bytes in the remote", size)


@find_work.register
def _(task: PackageModel, planned: Planned) -> Plan | None:
    if not task.output().exists():
        return Plan(NEW)
    source = _source_of(task.requires(), planned)
    try:
        manifest = packaging.read_manifest(task.output().path)
    except DamagedPackageError:
        return Plan("damaged in the remote")
    if manifest.code_digest != packaging.digest_code():
        return Plan("packaged by another version of this project")
    if manifest.model_digest == _digest(source):
        return None
    return Plan("other bytes of the model")


@find_work.register
def _(task: DownloadPackage, planned: Planned) -> Plan | None:
    return Plan(NEW)


def _find_origin(task: Stylize, planned: Planned) -> Origin:
    """Return what a result will be painted from, and with."""
    downloads = task.downloads()
    return task.origin({kind: _origin_of(each, planned) for kind, each in downloads.items()})


def _digest(source: FileSystemTarget) -> str | None:
    """Return the SHA-256 of a file; None if there is none, or S3 does not name it."""
    if is_s3(source.path):
        state = source.fs.state(source.path)
        return state.sha256 if state else None
    digest: str | None = source.fs.version(source.path)
    return digest


def _source_of(task: DownloadTask, planned: Planned) -> FileSystemTarget:
    """Return what a download copies: the object in the remote, or the drop-in that it will be."""
    uploads = [upload for upload in task.requires().requires() if upload in planned]
    return uploads[0].input() if uploads else task.input()


def _origin_of(task: DownloadTask, planned: Planned) -> Origin:
    """Return what a cached file will be made from: the version of the remote's object."""
    source = _source_of(task, planned)
    if source.path == task.input().path:
        return task.origin()
    settings = context.current().settings
    return {"version": predict_version(source.path, settings.unasked_remote or settings.remote)}


def _describe_changes(recorded: Origin, wanted: Origin) -> str:
    """Return what a result was painted from, or with, that is wanted otherwise now."""
    changed = [name for name in wanted if recorded.get(name) != wanted[name]]
    inputs = [f"{name} {REPLACED}" for name in ("image", "model") if name in changed]
    options = [name.replace("_", "-") for name in changed if name not in ("image", "model")]
    return ", ".join([*inputs, *(["other options: " + ", ".join(options)] if options else [])])
