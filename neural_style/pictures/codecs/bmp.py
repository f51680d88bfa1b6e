"""BMP files: colors in other bits than Pillow knows, and pixels in runs.

The header is BITMAPINFOHEADER or one of its successors, as
https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-header-types describes them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

_HEADER = struct.Struct("<10xIIiiHHI")  # where the pixels are, then the header as far as needed
_SIZE_AT = 2  # the size of the file
_STORED = (0, 3, 6)  # compressions: pixels as they are
_SIGNATURE = b"BM"
_OLDEST = 40  # the size of the header that Windows wrote first
_MASKS_AT = 54  # behind the oldest header, or in a later one
_BIT_FIELDS = (3, 6)  # compressions: with three masks, and with a fourth one for alpha
_WITH_ALPHA_MASK = 56  # the size of the first header with a fourth mask
_ROWS_AT_ONCE = 2**20  # pixels of them
_RUNS = re.compile(rb"(?:[^\0].)+", re.DOTALL)
_RUNS_AT_ONCE = 4096
_END_OF_ROW, _END_OF_PICTURE, _SKIP = 0, 1, 2  # in place of the pixels of a run

_KNOWN = {
    32: {
        (0xFF0000, 0xFF00, 0xFF, 0), (0xFF000000, 0xFF0000, 0xFF00, 0),
        (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    },
    16: {(0xF800, 0x7E0, 0x1F, 0), (0x7C00, 0x3E0, 0x1F, 0)},
}  # fmt: skip
"""The masks that Pillow decodes, by the bits of a pixel."""


_Pixels = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class BitFields:
    """Where the colors of a pixel are."""

    size: tuple[int, int]
    """Width and height in px."""
    is_upside_down: bool
    """Whether the last row comes first, as usual."""
    bits: int
    """Of a pixel: 16 or 32."""
    masks: tuple[int, int, int, int]
    """The bits of red, green, blue and alpha, which may be none."""
    start: int
    """Where the pixels begin in the file."""

    def decode(self, data: bytes) -> Image.Image:
        """Return the picture in mode RGB or RGBA.

        Raises:
            ValueError: The data end before the last row.
        """
        width, height = self.size
        stride = -(-width * self.bits // 32) * 4
        if self.start + stride * height > len(data):
            raise ValueError("the data end before the last row")
        rows = np.frombuffer(data, np.uint8, stride * height, self.start).reshape(height, stride)
        pixels = rows.view(f"<u{self.bits // 8}")[:, :width]
        if self.is_upside_down:
            pixels = pixels[::-1]
        masks = self.masks if self.masks[3] else self.masks[:3]
        picture = Image.new("RGBA" if len(masks) == 4 else "RGB", self.size, None)
        for top, part in _split(pixels):
            levels = np.stack([_select(part, mask) for mask in masks], axis=2)
            picture.paste(Image.fromarray(levels), (0, top))
        return picture


def find_bit_fields(data: bytes) -> BitFields | None:
    """Return where the colors are, if it is not where Pillow expects them; else None."""
    if not data.startswith(_SIGNATURE):
        return None
    try:
        start, header, width, height, _, bits, compression = _HEADER.unpack_from(data)
        masks = list(struct.unpack_from("<4I", data, _MASKS_AT))
    except struct.error:
        return None
    if compression != _BIT_FIELDS[1] and header < _WITH_ALPHA_MASK:
        masks[3] = 0
    red, green, blue, alpha = masks
    fields = (red, green, blue, alpha)
    if header < _OLDEST or compression not in _BIT_FIELDS or fields in _KNOWN.get(bits, {fields}):
        return None
    if width < 1 or not height or not any(fields) or not all(map(_is_in_sequence, fields)):
        return None
    return BitFields((width, abs(height)), height > 0, bits, fields, start)


def contains_rows(data: bytes) -> bool:
    """Return False if a file ends before its last row does.

    Where the pixels are in runs, the size counts that the file says it has. Elsewhere it does not:
    some programs write a wrong one.
    """
    (end,) = struct.unpack_from("<I", data, _SIZE_AT)
    with suppress(struct.error):
        start, header, width, height, _, bits, compression = _HEADER.unpack_from(data)
        if header >= _OLDEST and compression in _STORED:
            end = start + -(-width * bits // 32) * 4 * (abs(height) - 1) + -(-width * bits // 8)
    return len(data) >= end


def is_in_runs(picture: ImageFile) -> bool:
    """Return whether an opened picture's pixels are stored in runs."""
    return any(tile.codec_name == "bmp_rle" for tile in picture.tile)


def load_runs(picture: ImageFile, data: bytes) -> None:
    """Decode a picture that is opened from `data`, and whose pixels are stored in runs.

    Pixels that the file skips have index 0. For Pillow, they may not be the last ones.

    Raises:
        ValueError: The data end before the picture does.
    """
    (tile,) = picture.tile
    _, is_4_bit, direction = cast("tuple[str, bool, int]", tile.args)
    try:
        indices = _expand_runs(data, tile.offset, picture.size, 4 if is_4_bit else 8)
    except IndexError:
        raise ValueError("the data end before the last row") from None
    picture.load_prepare()
    picture.frombytes(indices, "raw", ("P" if picture.mode == "P" else "L", 0, direction))
    picture.tile = []


def _expand_runs(data: bytes, place: int, size: tuple[int, int], bits: int) -> bytes:
    """Return the index of each pixel, in the order of rows in the file."""
    (width, height), indices = size, bytearray(size[0] * size[1])
    x = y = wasted = 0
    while (y, x) < (height - 1, width):
        before, run = (y, x), b""
        if found := _RUNS.match(data, place, place + 2 * min(width, _RUNS_AT_ONCE)):
            run, place = _repeat(found[0], bits), found.end()
        else:
            value, place = data[place + 1], place + 2
            if value == _END_OF_ROW:
                x, y = 0, y + 1
            elif value == _END_OF_PICTURE:
                break
            elif value == _SKIP:
                x, y = min(x + data[place], width), y + data[place + 1]
                place += 2
            else:
                stored = data[place : place + -(-value * bits // 8)]
                run, place = _unpack(stored, bits)[:value], place + len(stored) + len(stored) % 2
        end = min(x + len(run), width)
        if x < end:
            indices[y * width + x : y * width + end] = run[: end - x]
        x = min(x + len(run), width)
        wasted += (y, x) == before
        if wasted > height:
            raise ValueError("more runs than pixels")
    return bytes(indices)


def _repeat(runs: bytes, bits: int) -> bytes:
    """Return the indices of runs, each of which is a count, and an index or two that alternate."""
    counts, values = np.frombuffer(runs, np.uint8).reshape(-1, 2).T
    indices = np.repeat(values, counts)
    if bits == 4:
        starts = np.cumsum(counts, dtype=np.int64) - counts
        is_second = (np.arange(indices.size) - np.repeat(starts, counts)) & 1
        indices = np.where(is_second, indices & 0xF, indices >> 4)
    return indices.tobytes()


def _unpack(stored: bytes, bits: int) -> bytes:
    return stored if bits == 8 else bytes(n for b in stored for n in (b >> 4, b & 0xF))


def _is_in_sequence(mask: int) -> bool:
    lowest = mask & -mask
    return mask & (mask + lowest) == 0


def _split(pixels: _Pixels) -> Iterator[tuple[int, _Pixels]]:
    """Yield the first row's number, and some rows."""
    height = max(1, _ROWS_AT_ONCE // pixels.shape[1])
    for top in range(0, len(pixels), height):
        yield top, pixels[top : top + height]


def _select(pixels: _Pixels, mask: int) -> NDArray[np.uint8]:
    """Return the levels of one color, 0..255."""
    if not mask:
        return np.zeros(pixels.shape, np.uint8)
    lowest = mask & -mask
    return np.round((pixels & mask) // lowest * (255 / (mask // lowest))).astype(np.uint8)
