"""The chunks of PNG files, and whether those that every decoder has to know can be decoded.

Chunks and their content are those of the PNG specification, third edition
(https://www.w3.org/TR/png-3/).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...errors import PictureError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""The first bytes of a PNG file."""

GRAY, RGB, PALETTE = 0, 2, 3
"""Color types."""

CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
"""The chunks that every decoder has to know."""

_MAX_CHUNKS = 2**18  # twice those of the largest file that is read, in the usual 8 KiB
_IS_ANCILLARY = 0x20  # the bit of the first letter of a chunk's type
_WIDTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""The bits that a sample may have, by color type."""


class Chunk(NamedTuple):
    """A chunk that the file contains whole."""

    kind: bytes
    """Its type."""
    start: int
    """Where its content begins."""
    end: int
    """Where its content ends; the checksum follows."""


class Header(NamedTuple):
    """The content of the chunk IHDR."""

    width: int
    height: int
    bits: int
    """Of a sample."""
    color_type: int
    compression: int
    filtering: int
    interlacing: int


def read_chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a file up to IEND, or up to where the file is cut off.

    Raises:
        ValueError: There are more chunks than any encoder writes.
    """
    position, kind = len(SIGNATURE), b""
    for _ in range(_MAX_CHUNKS):
        header = data[position : position + 8]
        if len(header) < 8 or kind == b"IEND":
            return
        length, kind = struct.unpack(">I4s", header)
        start, end = position + 8, position + 8 + length
        position = end + 4
        if position > len(data):
            return
        yield Chunk(kind, start, end)
    raise ValueError(f"more than {_MAX_CHUNKS} chunks")


def is_intact(data: bytes, chunk: Chunk) -> bool:
    """Return True if the checksum of a chunk is right."""
    checksum = zlib.crc32(memoryview(data)[chunk.start - 4 : chunk.end])
    return struct.unpack_from(">I", data, chunk.end) == (checksum,)


def read_header(content: bytes) -> Header:
    """Return the content of the chunk IHDR.

    Raises:
        ValueError: There is no header, or it describes no PNG picture.
    """
    try:
        header = Header(*struct.unpack(">IIBBBBB", content))
    except struct.error:
        raise ValueError("no header") from None
    if not (header.width and header.height):
        raise ValueError(f"{header.width}x{header.height} px")
    if header.bits not in _WIDTHS.get(header.color_type, ()):
        raise ValueError(f"{header.bits} bits in the color type {header.color_type}")
    if header.compression or header.filtering or header.interlacing > 1:
        raise ValueError(f"an unknown method in the header: {header[-3:]}")
    return header


def check_critical(chunks: Sequence[Chunk], color_type: int) -> None:
    """Check that the chunks before the pixels are those that decoding needs, and no others.

    Raises:
        PictureError: There is a chunk that a decoder has to know, and none but that of Apple's apps
            does. The error has no path.
        ValueError: The palette is missing, or there are two.
    """
    kinds = [chunk.kind for chunk in chunks]
    kinds = kinds[: kinds.index(b"IDAT")] if b"IDAT" in kinds else kinds
    for kind in kinds:
        if kind not in CRITICAL and not kind[0] & _IS_ANCILLARY:
            raise PictureError(
                f"expected a standard PNG file, got one with the chunk {kind.decode('latin-1')!r}",
                remedy="save it again as PNG",
            )
    palettes = kinds.count(b"PLTE")
    if palettes > 1 or (not palettes and color_type == PALETTE):
        raise ValueError("two palettes" if palettes else "no palette")
