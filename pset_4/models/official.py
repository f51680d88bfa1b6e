"""The four official models: downloaded in one archive, checked, and dropped in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from csci_utils.digest import file_digest
from csci_utils.errors import AlreadyExistsError, at_path
from csci_utils.network.download import TIMEOUT_SECONDS, download, without_secrets
from csci_utils.network.partial import discard
from neural_style import StyleDescription, StyleError, inspect

from ..errors import ArchiveError, ConflictError, PipelineError
from ..places import DOWNLOADS
from ..settings import Settings
from ..storage.dropping import check_writable
from ..storage.inventory import is_drop_in
from ..storage.remote import target_at
from .archive import MAX_MODEL_BYTES, ModelArchive, open_archive
from .catalog import OFFICIAL_DIGESTS, OFFICIAL_MODELS, OFFICIAL_URL

_MAX_ARCHIVE_BYTES = len(OFFICIAL_MODELS) * MAX_MODEL_BYTES

Inspect = Callable[[str], StyleDescription]
"""The type of `neural_style.inspect`, which loads the model at a path and describes it."""


@dataclass(frozen=True)
class OfficialModel:
    """An official model that is dropped in."""

    name: str
    """The name of the file."""
    is_new: bool
    """Whether this call dropped it in."""
    size: int
    """The size of the file in bytes."""
    sha256: str
    """The digest of the file."""
    description: StyleDescription
    """What the model is."""


@dataclass
class FetchResult:
    """The outcome of `fetch_models`."""

    models: list[OfficialModel] = field(default_factory=list)
    """The official models that are dropped in now."""
    failures: list[PipelineError] = field(default_factory=list)
    """One error for each official model that is not."""
    others: list[str] = field(default_factory=list)
    """The other files in the archive, which are not unpacked."""


def fetch_models(
    settings: Settings,
    url: str = OFFICIAL_URL,
    *,
    timeout: float = TIMEOUT_SECONDS,
    inspect: Inspect = inspect,
    progress: Callable[[int, int | None], None] = lambda size, total: None,
    notify: Callable[[str], None] = lambda message: None,
    accept_other_bytes: bool = False,
) -> FetchResult:
    """Drop in the official models, and keep the drop-ins that already exist.

    If drop-ins of all four names exist, they are checked and nothing is downloaded. Otherwise the
    archive is downloaded and compared with them. It is kept until all models are dropped in, unless
    it is damaged, so another run after an interruption or a conflict does not download it again.

    Args:
        settings: The settings with the data folder.
        url: The URL of the archive.
        timeout: As in `csci_utils.network.download.download`.
        inspect: Loads a model and describes it.
        progress: As in `csci_utils.network.download.download`.
        notify: Called with a message before another attempt to download.
        accept_other_bytes: Whether models that differ from `OFFICIAL_DIGESTS` are dropped in.

    Raises:
        SettingsError: Drop-ins are used in place, where nothing is written.
        DownloadError: The archive cannot be downloaded.
        ArchiveError: The archive is damaged or not the expected one. It is removed.
        NeuralStyleError: No model can be loaded here.
        OSError: The data folder cannot be written.
    """
    check_writable(settings)
    archive_path = _archive_path(settings, url)
    paths = [f"{settings.uploads}/{name}" for name in OFFICIAL_MODELS]
    if not os.path.exists(archive_path):
        if all(map(os.path.lexists, paths)):
            _remove_archive(archive_path)
            return _check_drop_ins(paths, inspect)
        try:
            download(url, archive_path, _MAX_ARCHIVE_BYTES, timeout, progress, notify)
        finally:
            _remove_if_empty(os.path.dirname(archive_path))
    digests = {} if accept_other_bytes else OFFICIAL_DIGESTS
    return _use_archive(archive_path, without_secrets(url), paths, digests, inspect)


def _archive_path(settings: Settings, url: str) -> str:
    """Return where the archive of a URL is kept; each URL has a path of its own."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{settings.data}/{DOWNLOADS}/saved_models-{digest}.zip"


def _remove_archive(archive_path: str) -> None:
    discard(archive_path)
    _remove_if_empty(os.path.dirname(archive_path))


def _remove_if_empty(folder: str) -> None:
    with suppress(OSError):  # the folder does not exist, or holds another download
        os.rmdir(folder)


def _check_drop_ins(paths: list[str], inspect: Inspect) -> FetchResult:
    """Load the drop-ins at the paths of the official models."""
    result = FetchResult()
    for path in paths:
        try:
            result.models.append(_check_drop_in(path, inspect))
        except PipelineError as error:
            result.failures.append(error)
    return result


def _check_drop_in(path: str, inspect: Inspect) -> OfficialModel:
    _check_is_file(path)
    try:
        return _describe(path, inspect(path), is_new=False)
    except StyleError as error:
        remedy = "remove it and run again to fetch the official model"
        raise ConflictError(error.reason, path=path, remedy=remedy) from error


def _use_archive(
    archive_path: str,
    shown_url: str,
    paths: list[str],
    digests: Mapping[str, str],
    inspect: Inspect,
) -> FetchResult:
    """Drop in the models of the archive, and remove it if it is damaged or no longer needed."""
    try:
        with at_path(shown_url):
            result = _unpack(archive_path, paths, digests, inspect)
    except ArchiveError:
        _remove_archive(archive_path)
        raise
    for failure in result.failures:
        failure.path = failure.path or shown_url
    is_damaged = any(isinstance(failure, ArchiveError) for failure in result.failures)
    if is_damaged or not result.failures:
        _remove_archive(archive_path)
    return result


def _unpack(
    archive_path: str, paths: list[str], digests: Mapping[str, str], inspect: Inspect
) -> FetchResult:
    """Drop in each model of the archive.

    Raises:
        ArchiveError: The archive as a whole is not the expected one.
    """
    result = FetchResult()
    with open_archive(archive_path, OFFICIAL_MODELS) as archive:
        result.others = archive.others
        for path in paths:
            try:
                result.models.append(_drop_in(archive, path, digests, inspect))
            except PipelineError as error:
                result.failures.append(error)
    return result


def _drop_in(
    archive: ModelArchive, path: str, digests: Mapping[str, str], inspect: Inspect
) -> OfficialModel:
    """Drop in one model if it loads.

    Raises:
        ArchiveError: The model cannot be unpacked, does not load, or has another digest.
        ConflictError: A drop-in of this name has other bytes.
        RunnerError: The model cannot be loaded for another reason.
    """
    name = os.path.basename(path)
    data = archive.read(name)
    _check_digest(name, data, digests.get(name))
    is_new = not os.path.lexists(path)
    if not is_new:
        _check_is_file(path)
    try:
        with target_at(path, create_only=True).temporary_path() as temporary_path:
            Path(temporary_path).write_bytes(data)
            description = _inspect_unpacked(temporary_path, name, inspect)
    except AlreadyExistsError as error:
        raise _conflict(path, data) from error
    return _describe(path, description, is_new=is_new)


def _check_digest(name: str, data: bytes, expected: str | None) -> None:
    """Raise ArchiveError if a model has another SHA-256 than expected; None accepts any."""
    digest = hashlib.sha256(data).hexdigest()
    if expected is not None and digest != expected:
        raise ArchiveError(
            f"expected the official {name} (SHA-256 {expected}) in the archive, got SHA-256 "
            f"{digest}",
            remedy="if you trust whoever made this archive, add --accept-other-bytes",
        )


def _inspect_unpacked(path: str, name: str, inspect: Inspect) -> StyleDescription:
    try:
        return inspect(path)
    except StyleError as error:
        reason = f"{name} in the archive does not load: {error.reason}"
        raise ArchiveError(reason, remedy=error.remedy) from error


def _check_is_file(path: str) -> None:
    if not is_drop_in(*os.path.split(path)):
        reason = "conflict: expected a file, got a link or a folder"
        raise ConflictError(reason, path=path, remedy="remove it and run again")


def _conflict(path: str, data: bytes) -> ConflictError:
    in_archive = hashlib.sha256(data).hexdigest()
    return ConflictError(
        f"conflict: the drop-in (SHA-256 {file_digest(path)}) differs from the file in the archive "
        f"(SHA-256 {in_archive})",
        path=path,
        remedy="rename or remove the drop-in, and run again",
    )


def _describe(path: str, description: StyleDescription, *, is_new: bool) -> OfficialModel:
    name = os.path.basename(path)
    return OfficialModel(name, is_new, os.path.getsize(path), file_digest(path), description)
