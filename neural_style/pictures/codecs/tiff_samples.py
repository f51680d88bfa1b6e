"""TIFF samples that Pillow cannot decode, or decodes wrongly.

Pillow knows a list of combinations of sample type, number of samples and photometric
interpretation. This module decodes the others: it lets libtiff, through Pillow, decompress the
strips or tiles as if they were 8-bit gray, and interprets the bytes itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..conversion import split_rows
from ..levels import Samples, find_full_range, to_8_bits
from .tiff import Page, Tag
from .tiff_bytes import decompress_plane
from .tiff_layout import (
    DIFFERENCES,
    FLOAT_DIFFERENCES,
    PALETTE,
    PREMULTIPLIED,
    WHITE_IS_ZERO,
    SampleLayout,
)


def decode_samples(page: Page, layout: SampleLayout) -> tuple[Image.Image, Image.Image | None]:
    """Return the colors of a page in mode L, P, RGB or CMYK, and its alpha channel if it has one.

    Raises:
        ValueError: The file is damaged.
    """
    planes = [decompress_plane(page, layout, plane) for plane in range(layout.planes)]
    color_range, alpha_range = _find_ranges(planes, layout)
    colors = Image.new(layout.mode, layout.size, None)  # all rows follow
    if layout.photometric == PALETTE:
        colors.putpalette(read_palette(page, layout.bits))
        color_range = 0xFF  # the samples are indices
    alpha = Image.new("L", layout.size, None) if layout.alpha else None
    for top, samples in _read_samples(planes, layout):
        levels = to_8_bits(samples[..., : layout.colors], color_range)
        if layout.photometric == WHITE_IS_ZERO:
            levels = 255 - levels
        if alpha is not None:
            opacity = to_8_bits(samples[..., layout.alpha_at], alpha_range)
            alpha.paste(Image.fromarray(opacity), (0, top))
            if layout.alpha == PREMULTIPLIED:
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


def _read_samples(planes: list[Image.Image], layout: SampleLayout) -> Iterator[tuple[int, Samples]]:
    """Yield the first row's number, and the samples of some rows: rows x width x samples."""
    for strips in zip(*(split_rows(plane) for plane in planes), strict=True):
        samples = [_interpret(np.asarray(rows), layout) for _, rows in strips]
        joined = np.concatenate(samples, axis=2) if len(samples) > 1 else samples[0]
        yield strips[0][0], joined[:, : layout.size[0]]


def _interpret(rows: NDArray[np.uint8], layout: SampleLayout) -> Samples:
    """Return the samples of rows of a plane: rows x whole tiles x samples."""
    samples, count = layout.samples // layout.planes, len(rows)
    if layout.is_packed:
        return _unpack(rows, layout).reshape(count, -1, samples)
    width = layout.bits // 8
    tiles = np.ascontiguousarray(rows).reshape(count, -1, layout.tile_width * samples * width)
    if layout.predictor == FLOAT_DIFFERENCES:
        values = _undo_float_differences(tiles, samples, width)
    else:
        values = tiles.view(f"{layout.order}u{width}").astype(f"u{width}", copy=False)
        if layout.predictor == DIFFERENCES:
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
        parts.append(slice(layout.alpha_at, layout.alpha_at + 1))
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
