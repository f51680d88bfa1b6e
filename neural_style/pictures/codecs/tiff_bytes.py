"""The bytes of TIFF strips and tiles, decompressed by libtiff."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from .tiff import Page, Tag
from .tiff_layout import SampleLayout

_DEFLATE = (8, 32946)  # compressions
_BLOCK_BYTES = 2**20
_MAX_CHECKED = 2**30  # bytes of strips; the rest is not checked


def matches_checksums(page: Page) -> bool:
    """Return False if Deflate data differ from their checksum, which libtiff does not look at."""
    if page.number(Tag.COMPRESSION) not in _DEFLATE:
        return True
    view, checked = memoryview(page.data), 0
    for start, size in zip(*(values.tolist() for values in page.parts), strict=False):
        inflater = zlib.decompressobj()
        rest: bytes | memoryview[int] = view[start : start + size]
        try:
            while rest and not inflater.eof and checked < _MAX_CHECKED:
                checked += len(inflater.decompress(rest, _BLOCK_BYTES))
                rest = inflater.unconsumed_tail
            if not rest:
                inflater.flush()
        except zlib.error:
            return False
    return True


def decompress_plane(page: Page, layout: SampleLayout, plane: int) -> Image.Image:
    """Return the bytes of one plane, each as a pixel of mode L."""
    data, offset = _describe_as_bytes(page, layout, plane)
    size = (layout.row_bytes, layout.size[1])
    return Image.frombytes("L", size, data, "libtiff", ("L", False, offset))


def _describe_as_bytes(page: Page, layout: SampleLayout, plane: int) -> tuple[bytes, int]:
    """Return the file with one page, and the page's offset.

    The page consists of the same strips or tiles as one plane of `page`, but of 8-bit gray.
    """
    width, height = layout.row_bytes, layout.size[1]
    tags = [(Tag.WIDTH, [width]), (Tag.HEIGHT, [height]), (Tag.BITS, [8])]
    tags += [(Tag.COMPRESSION, [page.number(Tag.COMPRESSION, 1)]), (Tag.PHOTOMETRIC, [1])]
    tags += [(Tag.FILL_ORDER, [page.number(Tag.FILL_ORDER, 1)]), (Tag.SAMPLES, [1])]
    if page.is_tiled:
        rows = page.number(Tag.TILE_HEIGHT)
        tile_bytes = -(-layout.tile_width * layout.samples // layout.planes * layout.bits // 8)
        tags += [(Tag.TILE_WIDTH, [tile_bytes]), (Tag.TILE_HEIGHT, [rows])]
        stored, across = (Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS), width // tile_bytes
    else:
        rows = min(page.number(Tag.ROWS_PER_STRIP, height), height)
        tags += [(Tag.ROWS_PER_STRIP, [rows])]
        stored, across = (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS), 1
    if rows < 1:
        raise ValueError("strips or tiles without rows")
    count = -(-height // rows) * across
    for tag, values in zip(stored, page.parts, strict=True):
        tags += [(tag, values[plane * count :][:count].tolist())]
    directory_at = len(page.data) + len(page.data) % 2
    directory = _encode_directory(sorted(tags), directory_at)
    header = struct.pack("<2sHI", b"II", 42, directory_at)
    content = memoryview(page.data)[len(header) :]
    return b"".join((header, content, b"\0" * (len(page.data) % 2), directory)), directory_at


def _encode_directory(tags: list[tuple[Tag, list[int]]], offset: int) -> bytes:
    """Return a directory, and behind it the values that do not fit into it."""
    tags = [(tag, values) for tag, values in tags if values]
    entries, behind = struct.pack("<H", len(tags)), b""
    behind_at = offset + 2 + 12 * len(tags) + 4
    for tag, values in tags:
        content = np.array(values, "<u4").tobytes()
        if len(values) > 1:
            behind, content = behind + content, struct.pack("<I", behind_at + len(behind))
        entries += struct.pack("<HHI", tag, 4, len(values)) + content
    return entries + struct.pack("<I", 0) + behind
