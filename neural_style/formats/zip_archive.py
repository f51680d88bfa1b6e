"""Zip archives in memory, without copies, strictly checked.

The layout is that of APPNOTE, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, without
encryption and without the extensions for archives of 4 GiB. Python's `zipfile` copies every member
that it reads, and takes gigabytes for a hostile directory.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import StyleError
from .model_file import ZIP_MAGIC, damaged

# The records that APPNOTE describes in 4.3.16, 4.3.12 and 4.3.7, without the fields that do not
# matter here.
_END = struct.Struct("<4s6xH2LH")
_ENTRY = struct.Struct("<4s6xH4x3L3H8xL")
_LOCAL = struct.Struct("<4s22x2H")
_END_SIGNATURE, _ENTRY_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02"
_MAX_COMMENT = 2**16 - 1

_STORED, _DEFLATED = 0, 8


class Member(NamedTuple):
    """What the directory says about a member."""

    method: int
    checksum: int
    """0 stands for none: `torch.serialization.set_crc32_options(False)` leaves it out."""
    size: int
    """When unpacked."""
    packed: memoryview


class ZipArchive:
    """An archive whose directory is read, and whose members are unpacked one by one."""

    members: dict[str, Member]
    """By name, in the order of the directory."""

    def __init__(self, data: bytes, max_bytes: int) -> None:
        """Read the directory.

        Raises:
            StyleError: It is damaged, or its members would unpack to more than `max_bytes`.
        """
        try:
            self.members = _read_members(data)
        except struct.error as error:
            raise _damaged("it is cut off") from error
        unpacked = sum(member.size for member in self.members.values())
        if unpacked > max_bytes:
            raise StyleError(
                f"expected at most {max_bytes:,} bytes when unpacked, got {unpacked:,}",
                remedy="is this the right file?",
            )

    def read(self, name: str) -> memoryview:
        """Return the content of a member: a view if it is stored, else a copy.

        Raises:
            StyleError: There is no such member, or it is damaged.
        """
        member = self.members.get(name)
        if member is None:
            raise damaged(f"a zip archive without {name:.50}")
        content = _unpack(member, name)
        if len(content) != member.size:
            raise _damaged(f"{name:.50} in it does not have the size {member.size:,}")
        if member.checksum and zlib.crc32(content) != member.checksum:
            raise damaged(f"{name:.50} in it does not match its checksum")
        return content


def _read_members(data: bytes) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for name, member in _walk_directory(data):
        if name in members:
            raise _damaged(f"it has two members named {name:.50}")
        members[name] = member
    return members


def _walk_directory(data: bytes) -> Iterator[tuple[str, Member]]:
    count, position = _find_directory(data)
    for _ in range(count):
        fields = _ENTRY.unpack_from(data, position)
        signature, method, checksum, packed_size, size, name_size, extra, comment, offset = fields
        position += _ENTRY.size
        name = data[position : position + name_size]
        if signature != _ENTRY_SIGNATURE:
            raise _damaged("its directory is damaged")
        packed = _find_content(data, offset, name, packed_size)
        yield name.decode(errors="backslashreplace"), Member(method, checksum, size, packed)
        position += name_size + extra + comment


def _find_directory(data: bytes) -> tuple[int, int]:
    """Return the number of entries in the directory, and where it starts."""
    end = data.rfind(_END_SIGNATURE, max(0, len(data) - _END.size - _MAX_COMMENT))
    if end < 0:
        raise _damaged("its end is missing")
    _, count, size, start, comment = _END.unpack_from(data, end)
    if end + _END.size + comment != len(data) or start + size > end:
        raise _damaged("its end is damaged")
    return count, start


def _find_content(data: bytes, offset: int, name: bytes, size: int) -> memoryview:
    """Return the packed content of a member, whose own header repeats its name."""
    signature, name_size, extra = _LOCAL.unpack_from(data, offset)
    start = offset + _LOCAL.size
    if signature != ZIP_MAGIC or data[start : start + name_size] != name:
        raise _damaged("its directory does not match its members")
    start += name_size + extra
    if start + size > len(data):
        raise _damaged("it is cut off")
    return memoryview(data)[start : start + size]


def _unpack(member: Member, name: str) -> memoryview:
    if member.method == _STORED:
        return member.packed
    if member.method != _DEFLATED:
        raise _damaged(f"{name:.50} in it is packed with method {member.method}")
    try:
        # One byte more than declared tells whether there is more.
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(member.packed, member.size + 1)
    except zlib.error as error:
        raise _damaged(f"{name:.50} in it cannot be unpacked") from error
    return memoryview(content)


def _damaged(detail: str) -> StyleError:
    return damaged(f"not an intact zip archive: {detail}")
