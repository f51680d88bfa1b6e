"""Taking models out of a zip that somebody else made: what is expected, and nothing else.

No name in the archive is ever used as a path, so that none can lead outside; one that would is
refused all the same, because an archive that tries is not the one that was meant.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import ArchiveError

FOLDER = "saved_models/"
"""Where the official archive has its models."""

MAX_MODEL_BYTES = 1 << 25
"""Five times the size of an official model."""

CHUNK_SIZE = 1 << 20
"""Bytes read at a time; also the most that a table of contents may have, of which an official
archive's takes a few hundred."""

READABLE_COMPRESSIONS = frozenset([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
"""Those that ``zipfile`` unpacks piece by piece: of the others one piece may fill the memory."""

ENCRYPTED = 0x1
"""The bit for it in an entry's flags (PKWARE's APPNOTE.TXT, 4.4.4)."""

ZIP_MAGIC = b"PK"

SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class ModelArchive:
    """An opened archive that has the expected models."""

    models: Mapping[str, zipfile.ZipInfo]
    """The entry of each, by name."""
    others: list[str]
    """What else it holds, and what is left alone."""
    _archive: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """The bytes of a model.

        Raises:
            ArchiveError: they are too many, or damaged.
        """
        entry = self.models[name]
        _check_entry(entry)
        data = bytearray()
        with _translated_errors(), self._archive.open(entry) as file:
            while chunk := file.read(CHUNK_SIZE):
                data += chunk
                if len(data) > MAX_MODEL_BYTES:
                    raise _too_large(entry, "more")
        return bytes(data)


@contextmanager
def open_archive(path: str, names: Collection[str]) -> Iterator[ModelArchive]:
    """The archive at `path`, which must have all of these models.

    Raises:
        ArchiveError: it has not, or is no zip, or has names or links that lead outside.
    """
    with open(path, "rb", buffering=0) as raw, _BoundedReader(raw) as file:
        beginning = file.peek()[:SHOWN_CHARACTERS]
        if not beginning.startswith(ZIP_MAGIC):
            raise ArchiveError(f"expected a zip archive, got what begins {beginning!r}")
        with _translated_errors():
            archive = zipfile.ZipFile(file)
        entries = archive.infolist()
        for entry in entries:
            _check_name(entry)
        yield ModelArchive(*_find_models(entries, names), archive)


class _BoundedReader(io.BufferedReader):
    """A file that is read in pieces only: `zipfile` reads a table of contents at once, and makes
    an object of each of its lines."""

    def read(self, size: int | None = -1, /) -> bytes:
        rest = os.fstat(self.fileno()).st_size - self.tell()
        if (rest if size is None or size < 0 else min(size, rest)) > CHUNK_SIZE:
            raise ArchiveError(
                f"expected a table of contents of at most {CHUNK_SIZE:,} bytes, got a larger one"
            )
        return super().read(size)


def _find_models(
    entries: list[zipfile.ZipInfo], names: Collection[str]
) -> tuple[dict[str, zipfile.ZipInfo], list[str]]:
    """The entries of the models, and the names of the other files."""
    models: dict[str, zipfile.ZipInfo] = {}
    others = []
    for entry in entries:
        name = entry.filename.removeprefix(FOLDER)
        if entry.filename != FOLDER + name or name not in names:
            if not _is_clutter(entry.filename):
                others.append(entry.filename)
        elif name in models:
            raise ArchiveError(f"expected one {FOLDER}{name}, got two")
        else:
            models[name] = entry
    missing = [FOLDER + name for name in names if name not in models]
    if missing:
        found = ", ".join(map(_show, others[:3])) or "nothing"
        raise ArchiveError(f"expected it to hold {', '.join(missing)}, got {found}")
    return models, others


def _is_clutter(name: str) -> bool:
    """Whether it is a folder, or what a Mac adds to an archive."""
    return name.endswith(("/", "/.DS_Store")) or name.startswith("__MACOSX/")


def _check_name(entry: zipfile.ZipInfo) -> None:
    """Raise ArchiveError for a name or a link that could lead out of the folder unpacked to."""
    name = entry.orig_filename  # as it is in the file: `filename` ends before a NUL
    parts = re.split(r"[/\\]", name)
    if "\0" in name or parts[0] == "" or ":" in parts[0] or ".." in parts:
        raise ArchiveError(f"expected names inside the archive's folder, got {_show(name)}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveError(f"expected files, got the link {_show(name)}")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & ENCRYPTED:
        raise ArchiveError(f"expected {entry.filename} in the clear, got it encrypted")
    if entry.compress_type not in READABLE_COMPRESSIONS:
        raise ArchiveError(
            f"expected {entry.filename} stored or deflated, got compression method "
            f"{entry.compress_type}"
        )
    if entry.file_size > MAX_MODEL_BYTES:
        raise _too_large(entry, f"{entry.file_size:,}")


def _too_large(entry: zipfile.ZipInfo, size: str) -> ArchiveError:
    return ArchiveError(
        f"expected {entry.filename} of at most {MAX_MODEL_BYTES:,} bytes unpacked, got {size}"
    )


def _show(name: str) -> str:
    return repr(name if len(name) <= SHOWN_CHARACTERS else name[:SHOWN_CHARACTERS] + "...")


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, ...
        raise ArchiveError(
            f"expected an intact zip archive, got a damaged one ({error})"
        ) from error
