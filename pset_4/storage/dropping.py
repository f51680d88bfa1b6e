"""Dropping files in: copying them into the uploads folder, where they never replace another."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from csci_utils.digest import file_digest
from csci_utils.errors import AlreadyExistsError, DescribedError
from csci_utils.luigi import copy

from .. import context, names
from ..errors import ConflictError, SettingsError
from ..places import UPLOADS_VARIABLE
from ..settings import Settings
from .inventory import describe_stranger, find_no_drop_in
from .remote import target_at


@dataclass
class Dropped:
    """The names of files that are dropped in."""

    images: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    """Those that were not dropped in before."""
    refused: dict[str, DescribedError] = field(default_factory=dict)
    """Why a file is not copied: it is not what its name says."""


def check_writable(settings: Settings) -> None:
    """Check that drop-ins may be written.

    Raises:
        SettingsError: They are used in place.
    """
    if settings.in_place:
        raise SettingsError(
            "drop-ins are used in place, and nothing is written there",
            path=settings.uploads,
            remedy=f"put files there yourself, or leave out --uploads ({UPLOADS_VARIABLE})",
        )


def drop_files_in(
    settings: Settings, paths: Iterable[str], check: Callable[[str], object]
) -> Dropped:
    """Copy files into the uploads folder, except those that lie there already.

    Args:
        settings: The current ones.
        paths: Images and models.
        check: Reads a file as what its name says; raises DescribedError if it is not that.

    Raises:
        SettingsError: A path does not name a file, or drop-ins are used in place.
        InvalidNameError: The name of a file is unsafe, or its suffix is of another kind.
        ConflictError: Another file of this name is dropped in.
        OSError: A file cannot be read or written.
    """
    dropped = Dropped()
    strangers = []
    for path in paths:  # all are checked before the first one is copied
        source = Path(os.path.abspath(os.path.expanduser(path)))
        check_file(source, path)
        name = _find_name(settings, source)
        if name is None:
            check_writable(settings)
            name = source.name
            strangers.append((source, name))
        is_image = names.is_image_name(_check(name, path))
        (dropped.images if is_image else dropped.models).append(name)
    for source, name in strangers:
        try:
            if not os.path.lexists(f"{settings.uploads}/{name}"):
                check(str(source))
        except DescribedError as error:
            dropped.refused[name] = error
            continue
        if _copy(settings, source, name):
            dropped.new.append(name)
    return dropped


def drop_bytes_in(settings: Settings, name: str, data: bytes, source: str) -> bool:
    """Drop in a file. One that lies there already with the same bytes is left as it is.

    Args:
        settings: The current ones.
        name: The name of the file.
        data: Its content.
        source: What it comes from, for messages.

    Returns:
        Whether it was not dropped in before.

    Raises:
        ConflictError: Another file of this name is dropped in.
        InvalidNameError: Something of this name is there that is not a file.
        OSError: It cannot be written.
    """
    path = f"{settings.uploads}/{name}"
    is_new = not os.path.lexists(path)
    if not is_new and (error := find_no_drop_in(settings.uploads, name)):
        raise error
    try:
        with target_at(path, create_only=True).temporary_path() as temporary_path:
            Path(temporary_path).write_bytes(data)
    except AlreadyExistsError as error:
        raise _conflict(path, source, hashlib.sha256(data).hexdigest()) from error
    return is_new


def check_file(source: str | os.PathLike[str], path: str) -> None:
    """Check that a path, spelled `path` on the command line, leads to a regular file.

    Raises:
        SettingsError: It does not.
    """
    source = Path(source)
    if source.is_file():
        return
    if source.is_dir():
        reason = "a folder"
        place = shlex.quote(path)
        remedy = f"name the files in it, or use it in place with --uploads {place}"
    elif source.exists():
        reason, remedy = "not a regular file", "name a regular file"
    else:
        reason = "there is no such file"
        remedy = "check the path, or name an image that is dropped in or in the remote with --image"
    raise SettingsError(reason, path=path, remedy=remedy)


def _find_name(settings: Settings, source: Path) -> str | None:
    """Return the name of a file among the drop-ins; None if it lies elsewhere."""
    uploads = os.path.realpath(settings.uploads)
    file = Path(os.path.realpath(source.parent), source.name)
    return file.relative_to(uploads).as_posix() if file.is_relative_to(uploads) else None


def _check(name: str, path: str) -> str:
    if names.is_image_name(name):
        return names.check_image_name(name)
    if names.is_model_file(name):
        return names.check_model_file(name)
    raise describe_stranger(path)


def _copy(settings: Settings, source: Path, name: str) -> bool:
    """Copy a file into the uploads folder, and return whether it is new there."""
    from neural_style.formats.model_file import MAX_STYLE_BYTES
    from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

    path = f"{settings.uploads}/{name}"
    is_new = not os.path.lexists(path)
    if settings.dry_run:
        if not is_new and file_digest(path) != file_digest(source):
            raise _describe_rival(settings, source, name)
        stand_in(name, str(source))
        return is_new
    max_bytes = MAX_PICTURE_BYTES if names.is_image_name(name) else MAX_STYLE_BYTES
    status = source.stat()
    try:
        copy(target_at(str(source)), target_at(path, create_only=True), max_bytes)
    except AlreadyExistsError as error:
        raise _describe_rival(settings, source, name) from error
    if is_new:
        # Complete since it was renamed: nobody has to wait for a program that may be writing it.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return is_new


def stand_in(name: str, path: str) -> None:
    """Have a file stand for the drop-in of a name, without being copied, in this command."""
    context.current().keep(_make_stand_ins)[name] = path


def find_stand_in(name: str) -> str | None:
    """Return the file that stands for the drop-in of a name; None if it lies there itself."""
    return context.current().keep(_make_stand_ins).get(name)


def _make_stand_ins(settings: Settings) -> dict[str, str]:
    """Return an empty dictionary for the files that stand for drop-ins, by name."""
    return {}


def _describe_rival(settings: Settings, source: Path, name: str) -> DescribedError:
    """Return the error about what has a file's place among the drop-ins."""
    found = find_no_drop_in(settings.uploads, name)
    return found or _conflict(f"{settings.uploads}/{name}", source, file_digest(source))


def _conflict(path: str, source: str | Path, digest: str) -> ConflictError:
    return ConflictError(
        f"conflict: the drop-in (SHA-256 {file_digest(path)}) differs from {source} "
        f"(SHA-256 {digest})",
        path=path,
        remedy="rename one of them, and run again",
    )
