"""The structure of TIFF files: their pages, and which of them is the picture.

The terms and tags are those of TIFF 6.0 and, for files with 64-bit offsets, of BigTIFF.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_ENTRIES = 2**20  # of all directories; bounds the time that a hostile file takes
_ENTRIES_PER_PAGE = 8  # a directory takes as long to read as this many entries
_NUMBERS_PER_ENTRY = 4
_CCITT = (2, 3, 4)  # compressions
_NEW_JPEG = 7
_SEPARATE = 2  # planar configuration
_END_OF_IMAGE = b"\xff\xd9"  # a marker of JPEG
_MAX_PADDING = 4096  # bytes behind it
_SIZES_APART = 3  # a first page this many times smaller on both sides is a preview

_NUMBER_TYPES = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 18: "u8"}
_BYTES_TYPES = {2: "u1", 7: "u1"}
_VALUE_BYTES = {5: 8, 10: 8, 11: 4, 12: 8, 17: 8}  # of the types that no tag used here has


JPEG_COMPRESSIONS = (6, 7)
"""The numbers of JPEG, in the old and the new form."""


class Tag(IntEnum):
    """The tags that this package reads."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    PLANAR = 284
    PREDICTOR = 317
    COLOR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SUB_DIRECTORIES = 330
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    SUBSAMPLING = 530
    ICC_PROFILE = 34675


class _Layout:
    """The byte order and the widths of the fields of one file."""

    def __init__(self, data: bytes) -> None:
        """Read the header.

        Raises:
            ValueError: The header is not one of TIFF.
        """
        self.order = {b"II": "<", b"MM": ">"}[data[:2]] if data[:2] in (b"II", b"MM") else ""
        version = _read(data, 2, f"{self.order}u2") if self.order and len(data) > 8 else 0
        if version not in (42, 43):
            raise ValueError("not a TIFF file")
        self.is_big = version == 43
        self.offset_type = f"{self.order}u{8 if self.is_big else 4}"
        self.first_at = 8 if self.is_big else 4
        self.count_type = f"{self.order}u{8 if self.is_big else 2}"
        width = 8 if self.is_big else 4
        self.entry_type = np.dtype(
            [
                ("tag", f"{self.order}u2"),
                ("type", f"{self.order}u2"),
                ("count", f"{self.order}u{width}"),
                ("value", f"V{width}"),
            ]
        )


@dataclass(frozen=True)
class Page:
    """One image file directory, which describes one image."""

    data: bytes
    """The file."""
    offset: int
    """Where the directory begins in the file."""
    order: str
    """NumPy's sign of the byte order: < or >."""
    places: Mapping[int, tuple[int, int, int]]
    """For each tag the type, the number of values, and where they begin in the file."""

    def array(self, tag: Tag) -> NDArray[Any]:
        """Return the values of a tag; empty if there is none, or of another type.

        Raises:
            ValueError: The values are beyond the end of the file.
        """
        kind, count, place = self.places.get(tag, (0, 0, 0))
        dtype = _NUMBER_TYPES.get(kind) or _BYTES_TYPES.get(kind)
        if dtype is None:
            return np.empty(0, np.int64)
        return np.frombuffer(self.data, f"{self.order}{dtype}", count, place)

    def number(self, tag: Tag, default: int = 0) -> int:
        """Return the first value of a tag."""
        values = self.array(tag)
        return int(values[0]) if values.size else default

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.number(Tag.WIDTH), self.number(Tag.HEIGHT)

    @property
    def photometric(self) -> int:
        """The photometric interpretation; where the tag is missing, the one that libtiff takes."""
        if Tag.PHOTOMETRIC in self.places:
            return self.number(Tag.PHOTOMETRIC)
        colors = self.number(Tag.SAMPLES, 1) - self.array(Tag.EXTRA_SAMPLES).size
        gray = 0 if self.number(Tag.COMPRESSION) in _CCITT else 1
        return {1: gray, 3: 2}.get(colors, -1)

    @property
    def strip_bytes(self) -> float:
        """The bytes of the largest strip, divided by the number of pixels in the picture."""
        width, height = self.size
        if self.is_tiled or not width * height:
            return 0
        part = min(self.number(Tag.ROWS_PER_STRIP, height), height) / height
        return part * self.number(Tag.SAMPLES, 1) * self.number(Tag.BITS, 1) / 8

    @property
    def is_reduced(self) -> bool:
        """Whether the page is a preview, or the mask, of another one."""
        return bool(self.number(Tag.SUBFILE_TYPE) & 0b101)

    @property
    def is_separate(self) -> bool:
        """Whether each component is in a plane of its own."""
        return self.number(Tag.PLANAR, 1) == _SEPARATE

    @property
    def is_tiled(self) -> bool:
        """Whether the page is stored in tiles and not in strips."""
        return Tag.TILE_WIDTH in self.places or Tag.TILE_OFFSETS in self.places

    @property
    def parts(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The offsets and the byte counts of all strips or tiles.

        Some writers put those of tiles into the tags of strips.
        """
        tags = (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS)
        if Tag.TILE_OFFSETS in self.places:
            tags = (Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS)
        return self.array(tags[0]), self.array(tags[1])

    def ends_within_file(self) -> bool:
        """Return True if the file contains all strips or tiles."""
        offsets, counts = (values.astype(np.float64) for values in self.parts)
        ends = offsets + counts if offsets.shape == counts.shape else offsets
        return bool(ends.max(initial=0) <= len(self.data))

    def contains_jpeg_ends(self) -> bool:
        """Return True unless the page has JPEG data of which a strip or tile ends too early.

        libtiff only warns of it, and sets what is missing to gray.
        """
        if self.number(Tag.COMPRESSION) != _NEW_JPEG:
            return True
        parts = zip(*(values.tolist() for values in self.parts), strict=False)
        ends = ((max(start, start + size - _MAX_PADDING), start + size) for start, size in parts)
        return all(self.data.rfind(_END_OF_IMAGE, *end) >= 0 for end in ends)


def read_pages(data: bytes) -> list[Page]:
    """Return the pages of a TIFF file in order; the pages inside another one follow it.

    Raises:
        ValueError: The file is not TIFF, or a directory is damaged or beyond the end of the file.
    """
    return [page for page, _ in _walk(data)]


def choose_page(data: bytes) -> tuple[Page, bool]:
    """Return the page that is the picture, and whether there are more.

    It is the first page that is neither a preview nor a mask, unless a later one is at least three
    times as wide and as high: then the first is a preview that is not declared as one.

    Raises:
        ValueError: See `read_pages`.
    """
    walked = list(_walk(data))
    pages = [page for page, _ in walked if not page.is_reduced] or [walked[0][0]]
    top_level = [page for page, is_inner in walked if not page.is_reduced and not is_inner]
    first = pages[0]
    larger = [page for page in pages[1:] if _is_preview(first, page)]
    chosen = max(larger, key=lambda page: page.size, default=first)
    previews = sum(page is not chosen and _is_preview(page, chosen) for page in top_level)
    return chosen, len(top_level) - previews > 1


def start_with(page: Page) -> bytes:
    """Return the file with its header changed so that `page` is the first one.

    In JPEG data, the order of bits has no meaning, nor has it one that a single component is in a
    plane of its own: both are changed to the usual value.
    """
    layout = _Layout(page.data)
    data = _replace(page.data, layout.first_at, np.array(page.offset, layout.offset_type).tobytes())
    if page.number(Tag.COMPRESSION) not in JPEG_COMPRESSIONS:
        return data
    has_one = page.number(Tag.SAMPLES, 1) == 1
    for tag in (Tag.FILL_ORDER, Tag.PLANAR) if has_one else (Tag.FILL_ORDER,):
        kind, _, place = page.places.get(tag, (0, 0, 0))
        if kind in _NUMBER_TYPES:
            data = _replace(data, place, np.array(1, page.order + _NUMBER_TYPES[kind]).tobytes())
    return data


def _replace(data: bytes, place: int, part: bytes) -> bytes:
    if data.startswith(part, place):
        return data
    return b"".join((data[:place], part, memoryview(data)[place + len(part) :]))


def _is_preview(page: Page, of: Page) -> bool:
    sides = zip(page.size, of.size, strict=True)
    return all(_SIZES_APART * small <= large for small, large in sides)


def _walk(data: bytes) -> Iterator[tuple[Page, bool]]:
    """Yield the pages, each with whether it is inside another one (tag SubIFDs)."""
    layout = _Layout(data)
    offset, seen, entries = _read(data, layout.first_at, layout.offset_type), {0}, 0
    pending = [(offset, False)]
    while pending:
        offset, is_inner = pending.pop()
        if offset in seen:
            continue
        seen.add(offset)
        page, following = _read_page(data, offset, layout)
        numbers = sum(n for kind, n, _ in page.places.values() if _value_bytes(kind) > 1)
        entries += _ENTRIES_PER_PAGE + len(page.places) + numbers // _NUMBERS_PER_ENTRY
        if entries > _MAX_ENTRIES:
            raise ValueError("more directories, or longer lists in them, than a picture has")
        yield page, is_inner
        if not is_inner:
            pending.append((following, False))
        inner = page.array(Tag.SUB_DIRECTORIES)[:_MAX_ENTRIES]
        pending += ((int(place), True) for place in inner[::-1])
    if len(seen) == 1:
        raise ValueError("no page")


def _read_page(data: bytes, offset: int, layout: _Layout) -> tuple[Page, int]:
    """Return the page at `offset`, and the offset of the next one, which is 0 for the last."""
    count_bytes = np.dtype(layout.count_type).itemsize
    count, begin = _read(data, offset, layout.count_type), offset + count_bytes
    if count > _MAX_ENTRIES:
        raise ValueError(f"{count} entries in a directory")
    entries = np.frombuffer(data, layout.entry_type, count, begin)
    places = {}
    width = layout.entry_type.itemsize
    values_in_entry = layout.entry_type["value"].itemsize
    for index, (tag, kind, number, _) in enumerate(entries.tolist()):
        place = begin + (index + 1) * width - values_in_entry
        if number * _value_bytes(kind) > values_in_entry:
            place = _read(data, place, layout.offset_type)
        if place + number * _value_bytes(kind) > len(data):
            raise ValueError(f"the values of tag {tag} are beyond the end of the file")
        places[tag] = kind, number, place
    following = _read(data, begin + count * width, layout.offset_type)
    return Page(data, offset, layout.order, places), following


def _value_bytes(kind: int) -> int:
    dtype = _NUMBER_TYPES.get(kind) or _BYTES_TYPES.get(kind)
    return int(dtype[1:]) if dtype else _VALUE_BYTES.get(kind, 0)


def _read(data: bytes, offset: int, dtype: str) -> int:
    """Return one number; a ValueError if it is beyond the end of the file."""
    if offset > len(data):  # NumPy has another error for offsets above 2**63
        raise ValueError(f"offset {offset} is beyond the end of the file")
    return int(np.frombuffer(data, dtype, 1, offset)[0])
