"""Whether cached files and results still have the bytes that were recorded; damage is repaired."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial

import luigi

from csci_utils.digest import CHUNK_SIZE
from csci_utils.errors import (
    DescribedError,
    LinkError,
    S3Error,
    S3KeyMissingError,
    TooLargeError,
    TransferError,
)

from .names import parse_model_name
from .provenance.published import read_published
from .provenance.recorded import from_record
from .rendering_options import complete_origin
from .settings import Settings
from .storage.inventory import list_cache, list_results
from .storage.records import Origin, Record, read_record, remove_record
from .storage.regular_files import open_regular
from .storage.remote import target_at
from .styles.tasks import recorded_task, task_of
from .tasks.download import DownloadImage, DownloadModel
from .tasks.results import PlaceOfResult, UploadResult

ALTERED, TRUNCATED, UNRECORDED, UNREADABLE = "altered", "truncated", "no record", "unreadable"


@dataclass(frozen=True)
class Damage:
    """A file that does not have the bytes that were recorded."""

    path: str
    """The file, or its URL."""
    problem: str
    """``altered``, ``truncated``, ``no record`` (its bytes cannot be judged) or ``unreadable``."""


@dataclass
class Verification:
    """What was checked, and what is damaged."""

    data: str
    remote: str
    checked: int = 0
    """The number of files that were read."""
    damaged: list[Damage] = field(default_factory=list)
    repaired: list[Damage] = field(default_factory=list)
    """What was damaged before a repair, and is not any more."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return asdict(self)

    def repaired_from(self, earlier: Verification) -> Verification:
        """Return the same with what was damaged earlier as repaired, unless it still is."""
        damaged_paths = {damage.path for damage in self.damaged}
        repaired = [damage for damage in earlier.damaged if damage.path not in damaged_paths]
        return Verification(self.data, self.remote, self.checked, self.damaged, repaired)


@dataclass(frozen=True)
class _Check:
    """A file to check, and how to list the tasks that make it again."""

    path: str
    record_path: str
    """The path of the file that has the record."""
    list_repairs: Callable[[], Sequence[luigi.Task]]
    is_other: Callable[[], bool] = lambda: False
    """Asked where the bytes differ: whether the file is not the one that the record is of."""


def verify(settings: Settings) -> Verification:
    """Read all cached files, and all results here and in the remote that were painted here.

    A result in the remote is checked if the record of the local one is that of a current result.
    Otherwise another machine may have painted it. It may also have been painted from other files or
    with other options than the local one, and not be damaged, if it says so itself.

    Raises:
        OSError, CsciUtilsError: The remote or the data folder cannot be read.
    """
    found = Verification(settings.data, settings.remote)
    suspects = []
    for check in _list_checks(settings):
        found.checked += 1
        if _find_problem(check):
            suspects.append(check)
    for check in suspects:  # again: another process may have been replacing it, or its record
        if problem := _find_problem(check):
            found.damaged.append(Damage(check.path, problem))
    return found


def prepare_repair(settings: Settings, found: Verification) -> list[luigi.Task]:
    """Forget the records of damaged files, and return the tasks that make the files again."""
    problems = {damage.path: damage.problem for damage in found.damaged}
    checks = [check for check in _list_checks(settings) if check.path in problems]
    for check in checks:
        if check.path == check.record_path:
            remove_record(check.path)
            if problems[check.path] == UNREADABLE:
                with suppress(OSError):  # the task that makes it again says why
                    os.remove(check.path)
    return list(dict.fromkeys(task for check in checks for task in check.list_repairs()))


def _list_checks(settings: Settings) -> Iterator[_Check]:
    cached = list_cache(settings)
    downloads = [
        *(DownloadImage(image=image, upload=False) for image in cached.images),
        *(DownloadModel(model=model, upload=False) for model in cached.models),
    ]
    for download in downloads:
        path = download.path_of(*download.names)
        yield _Check(path, path, partial(list, [download]))
    in_remote = set(list_results(settings.remote_results))
    for model, image in list_results(settings.results):
        yield from _list_result_checks(model, image, (model, image) in in_remote)


def _list_result_checks(model: str, image: str, is_published: bool) -> Iterator[_Check]:
    task = task_of(model, image)
    path = task.path_of(image)
    recorded = _read_recorded(path)
    task = recorded_task(model, image, recorded) or task
    publish = task.clone(UploadResult)
    place = task.clone(PlaceOfResult)

    def is_other() -> bool:
        # One that is larger than asked for here is not replaced, either.
        return not place.complete() or _is_other_painting(
            place.path_of(image), model, image, read_record(path)
        )

    def list_repairs() -> list[luigi.Task]:
        is_due = is_published and _is_true(lambda: not is_other())
        return [task, publish] if is_due else [task]

    yield _Check(path, path, list_repairs)
    if is_published and _is_true(lambda: task.matches(image, recorded)):
        yield _Check(publish.path_of(image), path, partial(list, [publish]), is_other)


def _is_other_painting(url: str, model: str, image: str, record: Record | None) -> bool:
    """Return whether the result at a place in the remote says that it is not that of a record."""
    published = read_published(url, image, parse_model_name(model).source)
    recorded = from_record(record)
    return None not in (published, recorded) and published != recorded


def _is_true(question: Callable[[], bool]) -> bool:
    """Return the answer; False if a file in the remote is a link or too large, and not read."""
    try:
        return question()
    except (LinkError, TooLargeError):
        return False


def _read_recorded(path: str) -> Origin | None:
    record = read_record(path)
    return None if record is None else complete_origin(record.origin)


def _find_problem(check: _Check) -> str | None:
    record = read_record(check.record_path)
    if record is None:
        return UNRECORDED
    try:
        size, sha256 = _read(check, record.state[0])
    except (OSError, DescribedError) as error:
        if _is_no_answer(error):
            raise
        return UNREADABLE
    if sha256 == record.sha256 or check.is_other():
        return None
    return TRUNCATED if size < record.state[0] else ALTERED


def _is_no_answer(error: Exception) -> bool:
    """Return whether an error is about the whole remote, and not about one file."""
    is_of_file = isinstance(error, (S3KeyMissingError, TransferError))
    return isinstance(error, S3Error) and not is_of_file


def _read(check: _Check, expected_size: int) -> tuple[int, str]:
    """Return size and SHA-256 of the bytes that a file has now, whatever its times are.

    Of a file that is larger than expected, only the beginning is read.
    """
    is_local = check.path == check.record_path
    size, digest = 0, hashlib.sha256()
    with open_regular(check.path) if is_local else target_at(check.path).open("r") as file:
        while size <= expected_size and (chunk := file.read(CHUNK_SIZE)):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()
