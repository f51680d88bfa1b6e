"""What Pillow does not read of JPEG 2000: profiles, and samples of other than 8 bits.

Markers are those of ISO/IEC 15444-1, annex A, and boxes those of annex I.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ...errors import PictureError
from ..conversion import split_rows

_START = b"\xff\x4f\xff\x51"  # markers SOC and SIZ
SIGNATURES = (_START, b"\0\0\0\x0cjP  ")
"""The first bytes of a codestream, and of a JP2 file."""

_SIDES_AT = 8  # from SOC: the sides and the origin of the picture and of its tiles
_COUNT_AT, _COMPONENTS_AT = 40, 42  # from SOC: how many components, and 3 bytes for each
_SOT, _SOD, _COD, _COC, _QCD, _QCC = 0xFF90, 0xFF93, 0xFF52, 0xFF53, 0xFF5C, 0xFF5D  # markers
_SOT_BYTES = 12  # of a part of a tile, with nothing in it
_MANY_COMPONENTS = 257  # from here on, their numbers have two bytes
_STYLE_BYTES = 6  # of a coding style, before the precincts
_MAX_PARTS = 2**20
_STYLE, _NOT_QUANTIZED = 0x1F, 0  # the lower bits of a quantization's first byte
_GUARD_BIT, _EXPONENT = 1 << 5, 1 << 3  # units of that byte, and of the first of each step
_WITH_PROFILE = (2, 3)  # methods of the box "colr": a profile of a restricted kind, and any
_MAX_BOXES = 1000
_SCALED_MODES = frozenset({"L", "LA", "RGB", "RGBA"})


def find_profile(data: bytes) -> bytes:
    """Return the ICC profile of the colors; empty if the file has none."""
    for kind, header in list_boxes(data):
        if kind == b"jp2h":
            colors = (content for kind, content in list_boxes(header) if kind == b"colr")
            return next((bytes(c[3:]) for c in colors if c[:1] and c[0] in _WITH_PROFILE), b"")
    return b""


def read_widths(data: bytes) -> set[int]:
    """Return how many bits the samples of the components have; empty if the file is damaged."""
    start, count = _find_components(data)
    return {(depth & 0x7F) + 1 for depth in data[start : start + 3 * count : 3]}


def get_codestream(data: bytes) -> bytes:
    """Return the codestream in a file, without what the file says about it."""
    return data[_find_codestream(data) :]


def stretch(data: bytes, picture: Image.Image) -> Image.Image:
    """Return a picture with fewer than 8 bits a component scaled to 0..255.

    Pillow leaves the lower bits 0, so that white is 128 if there is 1 bit.
    """
    widths = read_widths(data)
    if picture.mode not in _SCALED_MODES or len(widths) != 1 or min(widths) >= 8:
        return picture
    (width,) = widths
    full = 2**width - 1
    levels = [round((level >> (8 - width)) * 255 / full) for level in range(256)]
    return picture.point(levels * len(picture.getbands()))


def restore_indices(data: bytes, picture: Image.Image) -> Image.Image:
    """Return a picture with fewer than 8 bits a component with the values in the file.

    Raises:
        ValueError: They have more than 8 bits, or different widths.
    """
    widths = read_widths(data)
    if len(widths) != 1 or max(widths) > 8:
        raise ValueError("a palette for components of other than 8 bits")
    (width,) = widths
    levels = [level >> (8 - width) for level in range(256)]
    return picture.point(levels * len(picture.getbands()))


def check_subsampling(data: bytes) -> None:
    """Raise an error if Pillow mixes up the rows of subsampled components.

    It takes them for as wide and as high as the tile divided by the steps, rounded down.

    Raises:
        PictureError: A side of the picture or of a tile is no multiple of a step. The error has no
            path.
    """
    start, count = _find_components(data)
    if not count:
        return
    sides = struct.unpack_from(">8I", data, start - _COMPONENTS_AT + _SIDES_AT)
    for axis in (0, 1):
        steps = {*data[start + 1 + axis : start + 3 * count : 3]} - {0}
        end, origin, tile, first_tile = sides[axis::2]
        edges = (end, origin) if first_tile + tile >= end else (end, origin, tile, first_tile)
        if any(edge % step for edge in edges for step in steps):
            raise PictureError(
                "expected a JPEG 2000 file whose sides are multiples of its subsampling, got "
                f"{sides[0] - sides[2]}x{sides[1] - sides[3]} px with one sample for "
                f"{max(steps)} px",
                remedy="save it without subsampling",
            )


def check_blocks(data: bytes) -> None:
    """Raise an error if a file has so many parts that decoding takes gigabytes, or minutes.

    A few bytes of a header can ask for millions of code-blocks, precincts and layers.

    Raises:
        PictureError: It has more than encoders write. The error has no path.
        ValueError: Its header is damaged.
    """
    start, components = _find_components(data)
    if not components:
        raise ValueError("no codestream")
    sides = struct.unpack_from(">8I", data, start - _COMPONENTS_AT + _SIDES_AT)
    if not (sides[4] and sides[5]):
        raise ValueError("tiles without pixels")
    tiles = math.prod(-(-(sides[axis] - sides[6 + axis]) // sides[4 + axis]) for axis in (0, 1))
    tile_size = min(sides[0], sides[4]), min(sides[1], sides[5])
    layers, styles = 1, set()
    for marker, place, end in _list_segments(data):
        if marker == _COD:
            layers = max(layers, int.from_bytes(data[place + 2 : place + 4], "big"))
            styles.add(data[place : place + 1] + data[place + 5 : end])
        elif marker == _COC:
            styles.add(data[place + (1 if components < _MANY_COMPONENTS else 2) : end])
    parts = max((_count_parts(style, tile_size, layers) for style in styles), default=0)
    if parts * tiles * components > _MAX_PARTS:
        raise PictureError(
            f"expected a JPEG 2000 file of at most {_MAX_PARTS:,} code-blocks and packets, got "
            f"{parts * tiles * components:,}",
            remedy="save it again",
        )


def _count_parts(style: bytes, size: tuple[int, int], layers: int) -> int:
    """Return about how many code-blocks and packets one component of a tile has."""
    if len(style) < _STYLE_BYTES:
        raise ValueError("its coding style is damaged")
    has_precincts, levels, *block_sides = style[0] & 1, style[1], style[2] + 2, style[3] + 2
    precincts = style[_STYLE_BYTES:] if has_precincts else b"\xff" * (levels + 1)
    parts = 0
    for level, precinct in enumerate(precincts[: levels + 1]):
        sides = [-(-side >> (levels - level)) for side in size]
        precinct_sides = precinct & 0xF, precinct >> 4
        packets = math.prod(-(-a >> b) for a, b in zip(sides, precinct_sides, strict=True))
        smallest = map(min, block_sides, precinct_sides)
        blocks = math.prod(-(-a >> b) for a, b in zip(sides, smallest, strict=True))
        parts += blocks + packets * layers
    return parts


def center(data: bytes) -> bytes | None:
    """Return the file with samples in the middle half of their range, for `restore_white`.

    None if Pillow decodes the file rightly.
    """
    start, count = _find_components(data)
    if count < 2 or max(read_widths(data), default=0) <= 8:
        return None
    centered = bytearray(data)
    prefix = 1 if count < _MANY_COMPONENTS else 2  # which component it is
    quantizations = [
        (place + (prefix if marker == _QCC else 0), end)
        for marker, place, end in _list_segments(data)
        if marker in (_QCD, _QCC)
    ]
    if all(data[place] & _STYLE == _NOT_QUANTIZED for place, _ in quantizations):
        # One more bit in each: the same coefficients, but twice as much is added to center them.
        for place in range(start, start + 3 * count, 3):
            centered[place] += 1
        return bytes(centered)
    for place, end in quantizations:  # steps of half the size, for as many bits of coefficients
        if data[place] < _GUARD_BIT:
            raise ValueError("no guard bits")
        centered[place] -= _GUARD_BIT
        for exponent in range(place + 1, end, 2):
            centered[exponent] = min(centered[exponent] + _EXPONENT, 0xFF)
    return bytes(centered)


def restore_white(picture: Image.Image, centered: Image.Image) -> None:
    """Set samples to 255 where Pillow rounded up to 256 and kept the lower 8 bits, which are 0."""
    for (top, rows), (_, in_middle) in zip(split_rows(picture), split_rows(centered), strict=True):
        levels = np.array(rows)
        levels[(levels == 0) & (np.asarray(in_middle) > 128)] = 255
        restored = Image.frombytes(picture.mode, rows.size, levels.tobytes())
        picture.paste(restored, (0, top))


def _list_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment of all headers, where its content begins, and ends."""
    place = _find_codestream(data) + 2
    tile_end = 0
    while 2 <= place <= len(data) - 4:
        marker, length = struct.unpack_from(">HH", data, place)
        if marker == _SOD:
            if tile_end <= place:
                return
            place = tile_end
            continue
        end = place + 2 + length
        if marker == _SOT and end <= len(data):
            (part,) = struct.unpack_from(">I", data, place + 6)
            tile_end = place + part if part >= _SOT_BYTES else len(data)
        if length < 2 or end > len(data):
            return
        yield marker, place + 4, end
        place = end


def _find_codestream(data: bytes) -> int:
    """Return where the codestream begins; the length of the data if there is none.

    Other boxes may contain something that looks like one.
    """
    place = 0
    for _ in range(_MAX_BOXES):
        if data.startswith(_START, place):
            return place
        header = data[place : place + 16].ljust(16, b"\0")
        size, kind, large_size = struct.unpack(">I4sQ", header)
        if kind == b"jp2c":
            return place + (16 if size == 1 else 8)
        size = large_size if size == 1 else size
        if size < 8:
            break
        place += size
    return len(data)


def _find_components(data: bytes) -> tuple[int, int]:
    """Return where the components are described, and how many there are."""
    start = _find_codestream(data)
    if not data.startswith(_START, start):
        return 0, 0
    count = int.from_bytes(data[start + _COUNT_AT :][:2], "big")
    start += _COMPONENTS_AT
    return start, min(count, (len(data) - start) // 3)


def list_boxes(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the kind and the content of each box; nothing in a mere codestream."""
    rest = memoryview(data)
    for _ in range(_MAX_BOXES):
        if len(rest) < 8:
            return
        size, kind = struct.unpack_from(">I4s", rest)
        if not 8 <= size <= len(rest):  # the last one, or not a box
            return
        yield kind, rest[8:size]
        rest = rest[size:]
