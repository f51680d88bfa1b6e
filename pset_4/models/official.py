"""The four official models: downloaded in one archive, checked, and dropped in."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from csci_utils.digest import file_digest
from csci_utils.download import TIMEOUT_SECONDS, download, without_secrets
from csci_utils.errors import AlreadyExistsError
from csci_utils.partial import discard
from neural_style import StyleDescription, StyleError, inspect

from ..errors import ArchiveError, ConflictError, PipelineError
from ..inventory import is_drop_in
from ..remote import target_at
from ..settings import DOWNLOADS, Settings
from .archive import MAX_MODEL_BYTES, ModelArchive, open_archive

OFFICIAL_URL = "https://www.dropbox.com/s/lrvwfehqdcxoza8/saved_models.zip?dl=1"
"""From ``download_saved_models.py`` of pytorch/examples' fast_neural_style."""

OFFICIAL_MODELS = ("candy.pth", "mosaic.pth", "rain_princess.pth", "udnie.pth")

MAX_ARCHIVE_BYTES = len(OFFICIAL_MODELS) * MAX_MODEL_BYTES

Inspect = Callable[[str], StyleDescription]
"""`neural_style.inspect`, or something that does the same elsewhere."""


@dataclass(frozen=True)
class FetchedModel:
    """An official model that is dropped in."""

    name: str
    is_new: bool
    """Whether it was not there before."""
    size: int
    """Bytes."""
    sha256: str
    description: StyleDescription


@dataclass
class Fetched:
    """What came of fetching."""

    models: list[FetchedModel] = field(default_factory=list)
    failures: list[PipelineError] = field(default_factory=list)
    """For each model that is not dropped in, why not."""
    others: list[str] = field(default_factory=list)
    """What else the archive held; it is left alone."""


def fetch_models(
    settings: Settings,
    url: str = OFFICIAL_URL,
    timeout: float = TIMEOUT_SECONDS,
    inspect: Inspect = inspect,
    on_progress: Callable[[int, int | None], None] = lambda size, total: None,
    on_retry: Callable[[str], None] = lambda reason: None,
) -> Fetched:
    """Drop in the official models, and leave alone what is there already.

    Where all four names are dropped in, nothing is downloaded: they are only checked. Else the
    archive is downloaded and compared with all that is there. Unless it is damaged, it is kept
    until all of it is dropped in, so that a run after an interruption or a conflict does not
    download it again.

    Args:
        settings: whose data folder.
        url: where the archive is.
        timeout, on_progress, on_retry: as `csci_utils.download.download` takes them.
        inspect: loads a model, and says what it is.

    Raises:
        DownloadError: the archive cannot be downloaded.
        ArchiveError: it is damaged, or another one; it is removed.
        NeuralStyleError: models cannot be checked here, whatever is in them.
        OSError: the data folder cannot be written.
    """
    archive_path = _archive_path(settings, url)
    paths = [f"{settings.uploads}/{name}" for name in OFFICIAL_MODELS]
    if not os.path.exists(archive_path):
        if all(map(os.path.lexists, paths)):
            _clean_up(archive_path)
            return _check_drop_ins(paths, inspect)
        try:
            download(url, archive_path, MAX_ARCHIVE_BYTES, timeout, on_progress, on_retry)
        finally:
            _remove_if_empty(os.path.dirname(archive_path))
    try:
        fetched = _unpack(archive_path, paths, inspect)
    except ArchiveError as error:
        _clean_up(archive_path)
        raise ArchiveError(f"the archive at {without_secrets(url)}: {error}") from error
    is_damaged = any(isinstance(failure, ArchiveError) for failure in fetched.failures)
    if is_damaged or not fetched.failures:
        _clean_up(archive_path)
    return fetched


def _archive_path(settings: Settings, url: str) -> str:
    """Where the archive behind this address is downloaded to; no two share a path."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{settings.data}/{DOWNLOADS}/saved_models-{digest}.zip"


def _clean_up(archive_path: str) -> None:
    discard(archive_path)
    _remove_if_empty(os.path.dirname(archive_path))


def _remove_if_empty(folder: str) -> None:
    with suppress(OSError):  # it never was there, or something else is being downloaded to it
        os.rmdir(folder)


def _check_drop_ins(paths: list[str], inspect: Inspect) -> Fetched:
    """See that what is dropped in under the official names loads."""
    fetched = Fetched()
    for path in paths:
        try:
            _check_is_file(path)
            fetched.models.append(_describe(path, False, inspect(path)))
        except StyleError as error:
            remedy = "take it away, and run again to fetch it"
            fetched.failures.append(ConflictError(f"{error}: {remedy}"))
        except PipelineError as error:
            fetched.failures.append(error)
    return fetched


def _unpack(archive_path: str, paths: list[str], inspect: Inspect) -> Fetched:
    """Drop in each model of the archive.

    Raises:
        ArchiveError: the archive as a whole is not the one expected.
    """
    fetched = Fetched()
    with open_archive(archive_path, OFFICIAL_MODELS) as archive:
        fetched.others = archive.others
        for path in paths:
            try:
                fetched.models.append(_drop_in(archive, path, inspect))
            except PipelineError as error:
                fetched.failures.append(error)
    return fetched


def _drop_in(archive: ModelArchive, path: str, inspect: Inspect) -> FetchedModel:
    """Drop in one model, if it loads.

    Raises:
        ArchiveError: it cannot be unpacked, or does not load.
        ConflictError: something else is dropped in under its name.
        RunnerError: it could not be loaded for another reason.
    """
    name = os.path.basename(path)
    data = archive.read(name)
    is_new = not os.path.lexists(path)
    if not is_new:
        _check_is_file(path)
    try:
        with target_at(path, create_only=True).temporary_path() as temporary_path:
            Path(temporary_path).write_bytes(data)
            description = _inspect_unpacked(temporary_path, name, inspect)
    except AlreadyExistsError as error:
        raise ConflictError(
            f"conflict: the drop-in {path} (SHA-256 {file_digest(path)}) and the archive's "
            f"(SHA-256 {hashlib.sha256(data).hexdigest()}) differ: rename the drop-in, or take it "
            "away, and run again"
        ) from error
    return _describe(path, is_new, description)


def _inspect_unpacked(path: str, name: str, inspect: Inspect) -> StyleDescription:
    try:
        return inspect(path)
    except StyleError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise ArchiveError(f"the archive's {name} does not load: {reason}") from error


def _check_is_file(path: str) -> None:
    if not is_drop_in(path):
        raise ConflictError(f"conflict: {path} is a link or a folder: take it away, and run again")


def _describe(path: str, is_new: bool, description: StyleDescription) -> FetchedModel:
    name = os.path.basename(path)
    return FetchedModel(name, is_new, os.path.getsize(path), file_digest(path), description)
