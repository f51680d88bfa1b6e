"""PNG files: what of one Pillow needs, and what Pillow decodes wrongly.

Chunks and their content are those of the PNG specification, third edition
(https://www.w3.org/TR/png-3/).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ..conversion import TRANSPARENCY, split_rows
from .png_chunks import (
    CRITICAL,
    GRAY,
    PALETTE,
    RGB,
    SIGNATURE,
    Chunk,
    check_critical,
    is_intact,
    read_chunks,
    read_header,
)

_MAX_PROFILE = 16 * 2**20  # bytes; the largest in use have about 4 MiB
_MAX_TEXT = PngImagePlugin.MAX_TEXT_CHUNK
_BLOCK_BYTES = 2**20

_METADATA = frozenset({b"IHDR", b"PLTE", b"acTL", b"eXIf", b"iCCP", b"pHYs", b"tRNS"})
_ORIENTED_TEXT = re.compile(rb"(Raw profile type exif|XML:com\.adobe\.xmp)\x00")
_TEXTS = {
    b"tEXt": None,
    b"zTXt": re.compile(rb"[^\x00]*\x00\x00"),
    b"iTXt": re.compile(rb"[^\x00]*\x00\x01\x00[^\x00]*\x00[^\x00]*\x00"),
}
"""For each kind of text, what comes before a compressed text."""
_SIZES = {b"pHYs": 9}
"""The bytes that a chunk has if Pillow reads it."""
_ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip
"""For each pass the first column and row, and the steps to the next ones."""
_MARKS: dict[str, int | tuple[int, ...]] = {
    "RGB": (90, 3, 171),
    "RGBA": (90, 3, 171, 5),
    "LA": (90, 5),
    "I;16": 0x5A03,
    "L": 90,
}
"""Unlikely colors for a whole row, by mode."""


@dataclass(frozen=True)
class PngFile:
    """A PNG file reduced to its first frame and to what matters for its pixels."""

    data: bytes
    """A file that Pillow decodes."""
    profile: bytes
    """The ICC profile; empty if there is none."""
    header: tuple[int, int, int, int]
    """Width, height, bits of a sample, and color type."""
    is_interlaced: bool
    """Whether the rows are stored in seven passes."""
    key: tuple[int, ...]
    """The transparent color: a gray level or red, green and blue; empty if there is none."""
    has_more_frames: bool
    """Whether the file is an animation of several frames."""

    @property
    def has_deep_key(self) -> bool:
        """Whether the transparent color has more bits than Pillow keeps."""
        return len(self.key) == 3 and self.header[2] == 16

    def decode_key(self, picture: Image.Image) -> None:
        """Make the transparent color known to Pillow, or turn it into an alpha channel.

        Args:
            picture: The decoded picture.
        """
        bits = self.header[2]
        if not self.key:
            return
        if self.has_deep_key:
            picture.putalpha(self._compare_deep_colors(picture))
        elif len(self.key) == 3:
            picture.info[TRANSPARENCY] = self.key
        else:
            # Pillow scales 1, 2 and 4 bits to 8.
            picture.info[TRANSPARENCY] = self.key[0] * (0xFF // (2**bits - 1) if bits < 8 else 1)

    def _compare_deep_colors(self, picture: Image.Image) -> Image.Image:
        """Return the alpha channel of 16-bit colors, of which `picture` has the upper bytes."""
        upper = _compare(picture, tuple(level >> 8 for level in self.key))
        with Image.open(BytesIO(self.data), formats=("PNG",)) as lower_bytes:
            lower_bytes.tile = [tile._replace(args="RGB;16L") for tile in lower_bytes.tile]
            lower_bytes.load()
            lower = _compare(lower_bytes, tuple(level & 0xFF for level in self.key))
        return Image.fromarray(np.where(upper & lower, np.uint8(0), np.uint8(255)))

    def count_bytes(self) -> int:
        """Return the number of bytes that all rows have before they are compressed."""
        width, height, bits, color_type = self.header
        channels = {RGB: 3, 4: 2, 6: 4}.get(color_type, 1)
        sizes = _interlaced_sizes(width, height) if self.is_interlaced else [(width, height)]
        return sum(rows * (1 + -(-columns * bits * channels // 8)) for columns, rows in sizes)

    def contains_all_rows(self) -> bool:
        """Return True if the compressed data contain as many bytes as the rows have.

        This takes about as long as decoding the picture.

        Raises:
            zlib.error: The data are damaged.
        """
        missing, inflater = self.count_bytes(), zlib.decompressobj()
        for chunk in read_chunks(self.data):
            if chunk.kind == b"IDAT":
                rest: bytes | memoryview = memoryview(self.data)[chunk.start : chunk.end]
                while rest and missing > 0 and not inflater.eof:
                    missing -= len(inflater.decompress(rest, _BLOCK_BYTES))
                    rest = inflater.unconsumed_tail
        return missing <= 0


def reduce_png(data: bytes) -> PngFile:
    """Return the first frame of a file without the metadata that this package does not use.

    Pillow refuses pictures with large or damaged metadata; other programs ignore them. So does
    this function: an ancillary chunk with a wrong checksum does not count.

    Raises:
        ValueError: The file has too many chunks, or critical ones are missing or damaged.
        PictureError: See `check_critical`.
    """
    chunks = list(read_chunks(data))
    contents = _read_metadata(data, chunks)
    header = read_header(contents.get(b"IHDR", b""))
    bits, color_type = header.bits, header.color_type
    check_critical(chunks, color_type)
    if color_type == PALETTE and b"PLTE" not in contents:
        raise ValueError("the palette does not match its checksum")
    wanted = {b"eXIf", b"pHYs"} | ({b"tRNS"} if color_type == PALETTE else set())
    return PngFile(
        data=_join(data, chunks, wanted & contents.keys()),
        profile=_inflate_profile(contents.get(b"iCCP", b"")),
        header=header[:4],
        is_interlaced=header.interlacing == 1,
        key=_read_key(contents.get(b"tRNS", b""), bits, color_type),
        has_more_frames=_count_frames(contents.get(b"acTL", b""), chunks) > 1,
    )


def load_rows(png: PngFile, picture: Image.Image) -> None:
    """Decode `png` into `picture`, which is opened from it.

    Pillow takes compressed data that end too early for the whole picture. So the last row is
    marked before; where the mark is still there, the length of the data decides.

    Raises:
        Exception: The data are damaged or end too early; the type of Pillow's errors varies.
    """
    mark = Image.new(picture.mode, (picture.width, 1), _MARKS.get(picture.mode, 1))
    canvas = Image.new(picture.mode, picture.size, None)
    canvas.paste(mark, (0, picture.height - 1))
    picture.im = canvas.im
    picture.load()
    last_row = picture.crop((0, picture.height - 1, *picture.size))
    may_lack_rows = png.is_interlaced or last_row.tobytes() == mark.tobytes()
    if may_lack_rows and not png.contains_all_rows():
        raise ValueError("the data end before the last row")


def _read_metadata(data: bytes, chunks: list[Chunk]) -> dict[bytes, bytes]:
    """Return the content of the first chunk of each kind that is used here and intact."""
    contents: dict[bytes, bytes] = {}
    for chunk in chunks:
        kind, start, end = chunk
        is_first = kind in _METADATA and kind not in contents
        if is_first and end - start == _SIZES.get(kind, end - start) and is_intact(data, chunk):
            contents[kind] = data[start:end]
    return contents


def _join(data: bytes, chunks: list[Chunk], kinds: set[bytes]) -> bytes:
    """Return a file of the critical chunks, those of `kinds`, and texts with an orientation."""
    view, wanted = memoryview(data), kinds | _TEXTS.keys()
    kept: list[bytes | memoryview] = [SIGNATURE]
    for chunk in chunks:
        is_wanted = chunk.kind in wanted
        if is_wanted and chunk.kind in _TEXTS:
            is_wanted = _tells_orientation(data, chunk)
        if is_wanted:
            wanted.discard(chunk.kind)  # others of the kind do not count
        if is_wanted or chunk.kind in CRITICAL:
            kept.append(view[chunk.start - 8 : chunk.end + 4])
    return b"".join(kept)


def _tells_orientation(data: bytes, chunk: Chunk) -> bool:
    """Return True if a chunk of text is of a kind that contains the orientation."""
    kind, start, end = chunk
    if end - start > _MAX_TEXT or not _ORIENTED_TEXT.match(data, start):
        return False
    inflater = zlib.decompressobj()
    before = _TEXTS[kind]
    try:
        if before and (found := before.match(data, start, end)):
            inflater.decompress(memoryview(data)[found.end() : end], _MAX_TEXT)
    except zlib.error:
        return False
    return is_intact(data, chunk) and not inflater.unconsumed_tail


def _inflate_profile(content: bytes) -> bytes:
    """Return the ICC profile in a chunk iCCP; empty if it is damaged or too large."""
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(content.partition(b"\0")[2][1:], _MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if inflater.eof else b""


def _read_key(content: bytes, bits: int, color_type: int) -> tuple[int, ...]:
    """Return the transparent color in a chunk tRNS; of each value, only `bits` count."""
    count = {GRAY: 1, RGB: 3}.get(color_type, 0)
    if not count or len(content) != 2 * count:
        return ()
    return tuple(value & (2**bits - 1) for value in struct.unpack(f">{count}H", content))


def _count_frames(animation: bytes, chunks: list[Chunk]) -> int:
    """Return the number of frames; the default image counts, too, where it is not one of them."""
    frames = struct.unpack(">I4x", animation)[0] if len(animation) == 8 else 0
    if not 0 < frames <= 2**31:
        return 1
    first = next((kind for kind, *_ in chunks if kind in (b"fcTL", b"IDAT")), b"")
    return int(frames) + (first == b"IDAT")


def _interlaced_sizes(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield the width and height of each pass of Adam7 that is not empty."""
    for x, y, across, down in _ADAM7:
        columns, rows = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            yield columns, rows


def _compare(picture: Image.Image, key: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where an RGB picture has exactly the color `key`."""
    equal = np.empty((picture.height, picture.width), np.bool_)
    for top, rows in split_rows(picture):
        equal[top : top + rows.height] = (np.asarray(rows) == key).all(axis=2)
    return equal
