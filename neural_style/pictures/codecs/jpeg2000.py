"""What Pillow does not read of JPEG 2000: profiles, and samples of other than 8 bits.

Markers are those of ISO/IEC 15444-1, annex A, and boxes those of annex I.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..conversion import split_rows

_START = b"\xff\x4f\xff\x51"  # markers SOC and SIZ
SIGNATURES = (_START, b"\0\0\0\x0cjP  ")
"""The first bytes of a codestream, and of a JP2 file."""

_COUNT_AT, _COMPONENTS_AT = 40, 42  # from SOC: how many components, and 3 bytes for each
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
    return data[max(data.find(_START), 0) :]


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


def widen(data: bytes) -> bytes | None:
    """Return the file with one more bit in each component, for `restore_white`.

    The coefficients are the same, but the decoder adds twice as much to center them. So the
    samples are in the middle half of their range. None if Pillow decodes the file rightly.
    """
    start, count = _find_components(data)
    if count < 2 or max(read_widths(data), default=0) <= 8:
        return None
    widened = bytearray(data)
    for place in range(start, start + 3 * count, 3):
        widened[place] += 1
    return bytes(widened)


def restore_white(picture: Image.Image, widened: Image.Image) -> None:
    """Set samples to 255 where Pillow rounded up to 256 and kept the lower 8 bits, which are 0."""
    for (top, rows), (_, in_middle) in zip(split_rows(picture), split_rows(widened), strict=True):
        levels = np.array(rows)
        levels[(levels == 0) & (np.asarray(in_middle) > 128)] = 255
        restored = Image.frombytes(picture.mode, rows.size, levels.tobytes())
        picture.paste(restored, (0, top))


def _find_components(data: bytes) -> tuple[int, int]:
    """Return where the components are described, and how many there are."""
    start = data.find(_START)
    if start < 0:
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
