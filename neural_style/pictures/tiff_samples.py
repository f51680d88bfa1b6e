"""TIFF samples that Pillow cannot decode, or decodes wrongly.

Pillow knows a list of combinations of sample type, number of samples and photometric
interpretation. This module decodes the others: it lets libtiff, through Pillow, decompress the
strips or tiles as if they were 8-bit gray, and interprets the bytes itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .conversion import split_rows
from .decoding_memory import PLAIN_BYTES
from .levels import Samples, find_full_range, to_8_bits
from .tiff import Page, Tag

_MODES = {0: "L", 1: "L", 2: "RGB", 3: "P", 5: "CMYK"}  # by photometric interpretation
_WHITE_IS_ZERO, _PALETTE = 0, 3
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}  # NumPy's, by sample format
_WIDTHS = {"u": (8, 16, 32, 64), "i": (8, 16, 32, 64), "f": (16, 32, 64)}  # in bits
_SEPARATE = 2  # planar configuration: each component in a plane of its own
_PREMULTIPLIED, _ALPHA = 1, 2  # extra samples
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3  # predictors
_BYTE_COMPRESSIONS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
"""None, LZW, Deflate, PackBits, old Deflate, LZMA and Zstandard: they know bytes, not samples."""


@dataclass(frozen=True)
class SampleLayout:
    """How the samples of a page are stored."""

    size: tuple[int, int]
    """Width and height in px."""
    photometric: int
    """0 and 1 for gray (0: white is zero), 2 for RGB, 3 for a palette, 5 for CMYK."""
    bits: int
    """Of a sample."""
    kind: str
    """NumPy's: u, i or f."""
    samples: int
    """In a pixel."""
    is_separate: bool
    """Whether each component has a plane of its own."""
    predictor: int
    """How the samples of a row are made from their neighbors."""
    tile_width: int
    """In px; the picture's width if it is stored in strips."""
    alpha: int
    """0 without alpha, else `_PREMULTIPLIED` or `_ALPHA`."""
    order: str
    """NumPy's sign of the byte order."""

    @property
    def mode(self) -> str:
        """The mode of the colors."""
        return _MODES[self.photometric]

    @property
    def colors(self) -> int:
        """The number of color components."""
        return len(self.mode)

    @property
    def planes(self) -> int:
        """The number of planes that are stored."""
        return self.samples if self.is_separate else 1

    @property
    def row_bytes(self) -> int:
        """The bytes in a row of a plane, with whole tiles."""
        tiles = -(-self.size[0] // self.tile_width)
        samples = self.samples // self.planes
        return tiles * -(-self.tile_width * samples * self.bits // 8)

    @property
    def bytes_per_pixel(self) -> float:
        """The bytes of a pixel that decoding takes at most.

        These are the stored bytes, with a copy of a plane if it is one strip, or with what is made
        from them; then the latter and the plain picture.
        """
        stored = self.planes * self.row_bytes / self.size[0]
        made = (PLAIN_BYTES if self.colors > 1 else 1) + bool(self.alpha)
        return max(stored + max(stored / self.planes, made), made + PLAIN_BYTES)


def read_layout(page: Page) -> SampleLayout | None:
    """Return how the samples of a page are stored; None if this module cannot decode them."""
    samples = page.number(Tag.SAMPLES, 1)
    bits = page.array(Tag.BITS)[:samples].tolist() or [1]
    formats = page.array(Tag.SAMPLE_FORMAT)[:samples].tolist() or [1]
    photometric = page.number(Tag.PHOTOMETRIC)
    if (
        page.number(Tag.COMPRESSION, 1) not in _BYTE_COMPRESSIONS
        or photometric not in _MODES
        or len({*bits}) != 1
        or len({*formats}) != 1
        or not len(_MODES[photometric]) <= samples <= 8
        or 0 in page.size
    ):
        return None
    layout = SampleLayout(
        size=page.size,
        photometric=photometric,
        bits=bits[0],
        kind=_KINDS.get(formats[0], ""),
        samples=samples,
        is_separate=page.number(Tag.PLANAR, 1) == _SEPARATE and samples > 1,
        predictor=page.number(Tag.PREDICTOR, 1),
        tile_width=page.number(Tag.TILE_WIDTH) if page.is_tiled else page.size[0],
        alpha=_read_alpha(page, samples - len(_MODES[photometric])),
        order=page.order,
    )
    return layout if _is_known(layout) else None


def decode_samples(page: Page, layout: SampleLayout) -> tuple[Image.Image, Image.Image | None]:
    """Return the colors of a page in mode L, P, RGB or CMYK, and its alpha channel if it has one.

    Raises:
        ValueError: The file is damaged.
    """
    planes = [_decompress(page, layout, plane) for plane in range(layout.planes)]
    color_range, alpha_range = _find_ranges(planes, layout)
    colors = Image.new(layout.mode, layout.size, None)  # all rows follow
    if layout.photometric == _PALETTE:
        colors.putpalette(read_palette(page, layout.bits))
        color_range = 0xFF  # the samples are indices
    alpha = Image.new("L", layout.size, None) if layout.alpha else None
    for top, samples in _read_samples(planes, layout):
        levels = to_8_bits(samples[..., : layout.colors], color_range)
        if layout.photometric == _WHITE_IS_ZERO:
            levels = 255 - levels
        if alpha is not None:
            opacity = to_8_bits(samples[..., layout.colors], alpha_range)
            alpha.paste(Image.fromarray(opacity), (0, top))
            if layout.alpha == _PREMULTIPLIED:
                levels = _divide(levels, opacity)
        colors.paste(_to_picture(levels, layout.mode), (0, top))
    return colors, alpha


def read_palette(page: Page, bits: int) -> bytes:
    """Return the colors of a palette: red, green and blue of each.

    The file has 16 bits for each; the upper 8 of some old writers are 0.
    """
    levels = page.array(Tag.COLOR_MAP)[: 3 * 2**bits]
    if levels.size < 3 * 2**bits:
        raise ValueError("the palette is too short")
    if levels.max() > 0xFF:
        levels = levels >> 8
    return levels.reshape(3, -1).T.astype(np.uint8).tobytes()


def _read_alpha(page: Page, extra: int) -> int:
    """Return the kind of the first extra sample; a single one that has no kind counts as alpha."""
    if extra <= 0:
        return 0
    kinds = page.array(Tag.EXTRA_SAMPLES)
    kind = int(kinds[0]) if kinds.size else _ALPHA
    return kind if kind in (_PREMULTIPLIED, _ALPHA) else 0


def _is_known(layout: SampleLayout) -> bool:
    if layout.photometric == _PALETTE and (layout.kind != "u" or layout.bits > 8):
        return False
    if layout.tile_width < 1:
        return False
    if layout.bits in _WIDTHS.get(layout.kind, ()):
        return layout.predictor in (1, _DIFFERENCES) or (
            layout.predictor == _FLOAT_DIFFERENCES and layout.kind == "f"
        )
    return layout.kind == "u" and 0 < layout.bits < 16 and layout.predictor == 1


def _decompress(page: Page, layout: SampleLayout, plane: int) -> Image.Image:
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
    for tag in stored:
        tags += [(tag, page.array(tag)[plane * count :][:count].tolist())]
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


def _read_samples(planes: list[Image.Image], layout: SampleLayout) -> Iterator[tuple[int, Samples]]:
    """Yield the first row's number, and the samples of some rows: rows x width x samples."""
    for strips in zip(*(split_rows(plane) for plane in planes), strict=True):
        samples = [_interpret(np.asarray(rows), layout) for _, rows in strips]
        joined = np.concatenate(samples, axis=2) if len(samples) > 1 else samples[0]
        yield strips[0][0], joined[:, : layout.size[0]]


def _interpret(rows: NDArray[np.uint8], layout: SampleLayout) -> Samples:
    """Return the samples of rows of a plane: rows x whole tiles x samples."""
    samples, count = layout.samples // layout.planes, len(rows)
    if layout.bits not in _WIDTHS[layout.kind]:
        return _unpack(rows, layout).reshape(count, -1, samples)
    width = layout.bits // 8
    tiles = np.ascontiguousarray(rows).reshape(count, -1, layout.tile_width * samples * width)
    if layout.predictor == _FLOAT_DIFFERENCES:
        values = _undo_float_differences(tiles, samples, width)
    else:
        values = tiles.view(f"{layout.order}u{width}").astype(f"u{width}", copy=False)
        if layout.predictor == _DIFFERENCES:
            values = values.reshape(count, -1, layout.tile_width, samples)
            values = values.cumsum(axis=2, dtype=values.dtype)
    values = values.view(f"{layout.kind}{width}")
    if layout.kind == "f" and width == 2:  # NumPy is slow with them
        values = values.astype(np.float32)
    return values.reshape(count, -1, samples)


def _undo_float_differences(
    tiles: NDArray[np.uint8], samples: int, width: int
) -> NDArray[np.unsignedinteger]:
    """Undo predictor 3 (Adobe Photoshop TIFF Technical Note 3), most significant bytes first."""
    count, across, length = tiles.shape
    differences = tiles.reshape(count, across, length // samples, samples)
    planes = differences.cumsum(axis=2, dtype=np.uint8).reshape(count, across, width, -1)
    values = np.ascontiguousarray(planes.swapaxes(2, 3)).view(f">u{width}")
    return values.astype(f"u{width}")


def _unpack(rows: NDArray[np.uint8], layout: SampleLayout) -> NDArray[np.uint16]:
    """Return samples of fewer than 16 bits; each row of a tile is padded to whole bytes."""
    count, bits = len(rows), layout.bits
    samples = layout.tile_width * layout.samples // layout.planes
    tiles = rows.reshape(count, layout.row_bytes // -(-samples * bits // 8), -1)
    single = np.unpackbits(tiles, axis=2, count=samples * bits)
    padded = np.zeros((*single.shape[:2], samples, 16), np.uint8)
    padded[..., 16 - bits :] = single.reshape(*single.shape[:2], samples, bits)
    return np.packbits(padded, axis=3).view(">u2")[..., 0].astype(np.uint16)


def _find_ranges(planes: list[Image.Image], layout: SampleLayout) -> tuple[float, float]:
    """Return the values of full intensity and of full opacity."""
    if layout.kind == "u" and layout.bits <= 16:
        full = 2**layout.bits - 1
        return full, full
    parts = [slice(layout.colors)]
    if layout.alpha:
        parts.append(slice(layout.colors, layout.colors + 1))
    ranges = [
        find_full_range(samples[..., part] for _, samples in _read_samples(planes, layout))
        for part in parts
    ]
    return ranges[0], ranges[-1]


def _divide(levels: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo the multiplication by alpha; a fully transparent pixel is black."""
    divisor = np.maximum(opacity, 1)[..., np.newaxis].astype(np.uint16)
    divided = np.minimum(levels.astype(np.uint16) * 255 // divisor, 255)
    return np.where(opacity[..., np.newaxis] == 0, 0, divided).astype(np.uint8)


def _to_picture(levels: NDArray[np.uint8], mode: str) -> Image.Image:
    height, width = levels.shape[:2]
    return Image.frombytes(mode, (width, height), levels.tobytes())
