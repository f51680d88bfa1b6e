"""Reading models from an untrusted zip archive.

No name in the archive is ever used as a path, so none can lead outside the archive's folder. An
archive with such a name is refused anyway, because it is not the expected one.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import ArchiveError

MAX_MODEL_BYTES = 1 << 25
"""The largest model that is unpacked: five times the size of an official one."""

# The folder of the models in the official archive.
_FOLDER = "saved_models/"

# Bytes read at a time. It limits the table of contents, too; the official one has some hundreds.
_CHUNK_SIZE = 1 << 20

# zipfile unpacks them in chunks. One chunk of the other methods can fill the memory.
_COMPRESSIONS = frozenset([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])

# A bit in the flags of an entry (PKWARE's APPNOTE.TXT, 4.4.4).
_ENCRYPTED = 0x1

_ZIP_MAGIC = b"PK"

# The most characters or bytes of the archive that an error repeats.
_MAX_SHOWN = 80


@dataclass(frozen=True)
class ModelArchive:
    """An open archive that holds the expected models."""

    models: Mapping[str, zipfile.ZipInfo]
    """The entry of each model by its name."""
    others: list[str]
    """The names of all other files."""
    _archive: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """Return the bytes of a model.

        Raises:
            ArchiveError: The model is larger than `MAX_MODEL_BYTES`, damaged, encrypted, or
                compressed by an unsupported method.
        """
        entry = self.models[name]
        _check_entry(entry)
        data = bytearray()
        with _translated_errors(entry.filename), self._archive.open(entry) as file:
            while chunk := file.read(_CHUNK_SIZE):
                data += chunk
                if len(data) > MAX_MODEL_BYTES:
                    raise _too_large(entry, "more")
        return bytes(data)


@contextmanager
def open_archive(path: str, names: Collection[str]) -> Iterator[ModelArchive]:
    """Open the archive at `path`, which must hold a model of each name.

    Errors do not name the archive.

    Raises:
        ArchiveError: The file is not a zip archive, lacks a model, or has names or links that lead
            outside the archive's folder.
    """
    with open(path, "rb", buffering=0) as raw, _BoundedReader(raw) as file:
        start = file.peek()[:_MAX_SHOWN]
        if not start.startswith(_ZIP_MAGIC):
            raise ArchiveError(f"expected a zip archive, got a file that begins {start!r}")
        with _translated_errors():
            archive = zipfile.ZipFile(file)
        entries = archive.infolist()
        for entry in entries:
            _check_name(entry)
        yield ModelArchive(*_find_models(entries, names), archive)


class _BoundedReader(io.BufferedReader):
    """A file that refuses long reads.

    `zipfile` reads the table of contents at once, and creates an object for each of its lines.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        rest = os.fstat(self.fileno()).st_size - self.tell()
        if (rest if size is None or size < 0 else min(size, rest)) > _CHUNK_SIZE:
            raise ArchiveError(
                f"expected a table of contents of at most {_CHUNK_SIZE:,} bytes, got a larger one"
            )
        return super().read(size)


def _find_models(
    entries: list[zipfile.ZipInfo], names: Collection[str]
) -> tuple[dict[str, zipfile.ZipInfo], list[str]]:
    """Return the entries of the models, and the names of the other files."""
    models: dict[str, zipfile.ZipInfo] = {}
    others = []
    for entry in entries:
        name = entry.filename.removeprefix(_FOLDER)
        if entry.filename != _FOLDER + name or name not in names:
            others.append(entry.filename)
        elif name in models:
            raise ArchiveError(f"expected one {_FOLDER}{name}, got two")
        else:
            models[name] = entry
    others = [name for name in others if not _is_clutter(name)]
    _check_complete(models, others, names)
    return models, others


def _check_complete(models: Collection[str], others: list[str], names: Collection[str]) -> None:
    missing = [_FOLDER + name for name in names if name not in models]
    if missing:
        found = ", ".join(map(_shorten, others[:3])) or "nothing"
        raise ArchiveError(f"expected the archive to hold {', '.join(missing)}, got {found}")


def _is_clutter(name: str) -> bool:
    """Return True for folders, and for files that macOS adds to archives."""
    return name.endswith(("/", "/.DS_Store")) or name.startswith("__MACOSX/")


def _check_name(entry: zipfile.ZipInfo) -> None:
    """Raise ArchiveError if the entry is a link, or its name leads outside the folder."""
    name = entry.orig_filename  # as the archive has it; `filename` ends before a NUL
    parts = re.split(r"[/\\]", name)
    if "\0" in name or parts[0] == "" or ":" in parts[0] or ".." in parts:
        raise ArchiveError(f"expected names inside the archive's folder, got {_shorten(name)}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveError(f"expected files, got the link {_shorten(name)}")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"expected {entry.filename} without encryption, got it encrypted")
    if entry.compress_type not in _COMPRESSIONS:
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


def _shorten(name: str) -> str:
    return repr(name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "...")


@contextmanager
def _translated_errors(entry_name: str = "the zip archive") -> Iterator[None]:
    """Translate what zipfile raises about damaged bytes to `ArchiveError`."""
    try:
        yield
    except ArchiveError:
        raise
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, ...
        reason = f"{entry_name} is damaged ({error})"
        raise ArchiveError(reason, remedy="run again to download it again") from error
