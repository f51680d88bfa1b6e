"""Archives of models like the official one, and spoiled ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

Models = dict[str, bytes]
"""The contents of model files by their name."""

Spoil = Callable[[bytes], bytes]
"""Returns a spoiled copy of an archive."""

# The magic numbers of an entry in the table of contents and of its end (APPNOTE 4.3.12, 4.3.16).
_ENTRY = b"PK\x01\x02"
_END = b"PK\x05\x06"


def pack(models: Models, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive with the layout of the official one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("saved_models/", b"")
        for name, content in models.items():
            archive.writestr(f"saved_models/{name}", content)
    return file.getvalue()


def add_entry(archive: bytes, name: str | zipfile.ZipInfo, content: bytes) -> bytes:
    """Return a copy of the archive with one more entry."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr(name, content)
    return file.getvalue()


def adding(name: str | zipfile.ZipInfo, content: bytes = b"x") -> Spoil:
    """Return a function that adds an entry to an archive."""
    return lambda archive: add_entry(archive, name, content)


def link_entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = 0o120777 << 16
    return entry


def repeat_contents(archive: bytes) -> bytes:
    """Return a copy with a table of contents of 30,000 equal entries."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        start = opened.start_dir
    end = archive.rindex(_END)
    contents = archive[start:end]
    first = contents[: contents.index(_ENTRY, len(_ENTRY))] * 30_000
    sizes = len(first).to_bytes(4, "little") + start.to_bytes(4, "little")
    return archive[:start] + first + archive[end : end + 12] + sizes + b"\0\0"


def set_in_entry(archive: bytes, offset: int, value: bytes, name: bytes = b"candy.pth") -> bytes:
    """Return a copy with other bytes at an offset of an entry in the table of contents."""
    at = archive.rindex(_ENTRY, 0, archive.rindex(name)) + offset
    return archive[:at] + value + archive[at + len(value) :]


def flip_byte(archive: bytes, content: bytes) -> bytes:
    """Return a copy with one bit changed in the middle of an uncompressed entry's content."""
    at = archive.index(content) + len(content) // 2
    return archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]
