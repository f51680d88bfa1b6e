"""Names that are equal on this machine's disk, where one file would overwrite the other.

macOS, Windows and exFAT take ``A.png`` and ``a.png`` for one name; macOS also takes a composed and
a decomposed accent for one. A remote on S3 or on a Linux disk has both. The same holds for folders:
two that are equal on a disk would become one there.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import luigi

from csci_utils.atomic import make_temporary_name
from csci_utils.text import without_joiners

from .. import names
from ..errors import InvalidNameError
from ..places import IMAGES, MODELS, is_s3
from ..settings import Settings
from ..storage.remote import list_paths
from ..tasks.batch import leave_out, list_pieces
from ..tasks.upload import UploadTask
from .outcome import Failure


def split_clashes(
    tasks: Sequence[luigi.Task], settings: Settings
) -> tuple[list[luigi.Task], list[Failure]]:
    """Return the tasks without names that would overwrite another's file, and their failures.

    Of two names, the one that is cached already wins, else that of the first task. The disk is
    written to only if two names differ by no more than case or accents.
    """
    if not tasks:
        return [], []
    seen = {
        "image": _Spellings(list_paths(f"{settings.data}/{IMAGES}"), settings.dry_run),
        "model": _Spellings(list_paths(f"{settings.data}/{MODELS}"), settings.dry_run),
    }
    kept: list[luigi.Task] = []
    failures: list[Failure] = []
    for task in tasks:
        if isinstance(task, UploadTask):  # it writes to the remote only, which keeps what it has
            kept.append(task)
            continue
        folders = _list_folders(task, settings)
        clashing = []
        for piece in list_pieces(task):
            files = [("model", file) for file in _files_of(piece.model)]
            for kind, name in (("image", piece.image), *files):
                if name and (other := seen[kind].find_clash(name, folders)):
                    failures.append(Failure(piece, _describe(name, other)))
                    clashing.append(piece)
        if clashing:
            kept += leave_out(task, clashing)
        else:
            kept.append(task)
    return kept, failures


class _Spellings:
    """The spellings of files and folders, by what any disk takes for equal in the same folder."""

    def __init__(self, names: Sequence[str], dry_run: bool) -> None:
        self._parts: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._known: set[str] = set()
        # To try it, a file has to be written, which a dry run does not do.
        self._can_hold_both = cache(_assume_both if dry_run else can_hold_both)
        for name in names:
            for folder, part in _split(name):
                self._remember(folder, part)

    def find_clash(self, name: str, roots: Sequence[str]) -> str | None:
        """Return a file or folder seen earlier that is equal on a disk; else remember the name."""
        if name in self._known:
            return None
        for folder, part in _split(name):
            for other in self._parts[folder, _fold(part)]:
                if other != part and not all(
                    self._can_hold_both(root, other, part) for root in roots
                ):
                    return folder + other
        for folder, part in _split(name):
            self._remember(folder, part)
        return None

    def _remember(self, folder: str, part: str) -> None:
        path = folder + part
        if path not in self._known:
            self._known.add(path)
            self._parts[folder, _fold(part)].append(part)


def _split(name: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a name, each with the path of the folder that it is in."""
    parts = name.split("/")
    folders = accumulate((f"{part}/" for part in parts[:-1]), initial="")
    return zip(folders, parts, strict=True)


def can_hold_both(folder: str, first: str, second: str) -> bool:
    """Try, in a temporary folder, whether a disk tells two names apart.

    Where nothing can be written, the answer is True: nothing can be overwritten either.

    Args:
        folder: Where the disk is mounted, or a folder on it, which may not exist yet.
        first: A file name.
        second: Another file name.
    """
    existing = next(path for path in (Path(folder), *Path(folder).parents) if path.is_dir())
    prefix = f"{make_temporary_name()}."
    with suppress(OSError), TemporaryDirectory(dir=existing, prefix=prefix) as scratch:
        Path(scratch, first).touch()
        return not os.path.lexists(os.path.join(scratch, second))
    return True


def _assume_both(folder: str, first: str, second: str) -> bool:
    return True


def _list_folders(task: luigi.Task, settings: Settings) -> list[str]:
    """Return the roots that a task writes to on disks of this machine."""
    is_published = getattr(task, "upload", False) and not is_s3(settings.remote)
    return [settings.data, settings.remote] if is_published else [settings.data]


@lru_cache(maxsize=1024)  # each style has many results
def _files_of(model: str | None) -> Sequence[str]:
    """Return the names of the files of a model, which may have a number, or be a blend."""
    return names.parse_model_name(model).files if model else ()


def _fold(name: str) -> str:
    """Return a text that is the same for all names that any disk takes for equal."""
    if name.isascii():
        return name.lower()
    # HFS+ and Linux's folders that ignore case compare no joiners.
    decomposed = unicodedata.normalize("NFD", without_joiners(name))
    return unicodedata.normalize("NFC", decomposed.casefold())


def _describe(name: str, other: str) -> InvalidNameError:
    return InvalidNameError(
        f"this disk cannot hold it beside {other}, whose name is equal here",
        path=name,
        remedy="rename one of them, or remove the other from the cache",
    )
