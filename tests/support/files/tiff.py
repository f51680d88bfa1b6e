"""TIFF files of any sample layout, written as TIFF 6.0 describes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.support.files.png import pack_bits

NONE, DEFLATE = 1, 8
"""Compressions."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
"""Photometric interpretations."""

Order = Literal["<", ">"]
"""NumPy's signs of the byte orders."""

ORDERS: tuple[Order, ...] = ("<", ">")

_FORMATS = {"u": 1, "i": 2, "f": 3}
_SHORT, _LONG = 3, 4

Samples = NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """How samples are stored."""

    photometric: int
    bits: int
    kind: str = "u"
    extra_samples: Sequence[int] = ()
    is_separate: bool = False
    order: Order = "<"
    tile: tuple[int, int] | None = None
    reversed_bits: bool = False
    compression: int = NONE
    predictor: int = 1
    tags: Mapping[int, Sequence[int]] = field(default_factory=dict)


def make_tiff(samples: Samples, layout: Layout) -> bytes:
    """Return a file with one page: samples of height x width x samples in a pixel."""
    return make_pages([(samples, layout)])


def make_pages(pages: Sequence[tuple[Samples, Layout]]) -> bytes:
    """Return a file with several pages of the same byte order."""
    order = pages[0][1].order
    file = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for samples, layout in pages:
        stored = [_encode(part, layout) for part in _split(samples, layout)]
        offsets = []
        for part in stored:
            offsets.append(len(file))
            file += part + b"\0" * (len(part) % 2)
        tags = _describe(samples, layout, offsets, [len(part) for part in stored])
        struct.pack_into(f"{order}I", file, link, len(file))
        link = len(file) + 2 + 12 * len(tags)
        file += _encode_directory(tags, len(file), order)
    return bytes(file)


def _split(samples: Samples, layout: Layout) -> Iterator[Samples]:
    """Yield strips of 7 rows, or tiles, plane by plane."""
    height, width, count = samples.shape
    planes = [samples[..., n : n + 1] for n in range(count)] if layout.is_separate else [samples]
    rows, columns = layout.tile or (7, width)
    for plane in planes:
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                part = plane[top : top + rows, left : left + columns]
                missing = (rows - part.shape[0], columns - part.shape[1])
                padding = [(0, missing[0]), (0, missing[1]), (0, 0)]
                yield np.pad(part, padding) if layout.tile else part


def _encode(part: Samples, layout: Layout) -> bytes:
    if layout.predictor == 2:
        width = part.dtype.itemsize
        part = part.view(f"u{width}")
        part = np.concatenate([part[:, :1], part[:, 1:] - part[:, :-1]], axis=1)
    if layout.predictor == 3:
        data = b"".join(_difference_floats(row) for row in part)
    elif layout.bits >= 16 and layout.bits % 8 == 0:
        data = part.astype(part.dtype.newbyteorder(layout.order)).tobytes()
    elif layout.bits == 8:
        data = part.tobytes()
    else:
        data = b"".join(pack_bits(row.astype(np.uint16), layout.bits) for row in part)
    if layout.reversed_bits:
        data = np.packbits(
            np.unpackbits(np.frombuffer(data, np.uint8)), bitorder="little"
        ).tobytes()
    return zlib.compress(data) if layout.compression == DEFLATE else data


def _difference_floats(row: Samples) -> bytes:
    """Return a row with the predictor of Adobe Photoshop TIFF Technical Note 3."""
    width, count = row.dtype.itemsize, row.shape[1]
    planes = row.astype(row.dtype.newbyteorder(">")).reshape(-1).view(np.uint8).reshape(-1, width)
    levels = planes.T.reshape(-1, count)
    return np.concatenate([levels[:1], levels[1:] - levels[:-1]]).tobytes()


def _describe(
    samples: Samples, layout: Layout, offsets: list[int], counts: list[int]
) -> dict[int, tuple[int, Sequence[int]]]:
    height, width, count = samples.shape
    tags: dict[int, tuple[int, Sequence[int]]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [layout.bits] * count),
        259: (_SHORT, [layout.compression]),
        262: (_SHORT, [layout.photometric]),
        266: (_SHORT, [2 if layout.reversed_bits else 1]),
        277: (_SHORT, [count]),
        284: (_SHORT, [2 if layout.is_separate else 1]),
        317: (_SHORT, [layout.predictor]),
        339: (_SHORT, [_FORMATS[layout.kind]] * count),
    }
    if layout.tile:
        tags |= {322: (_LONG, [layout.tile[1]]), 323: (_LONG, [layout.tile[0]])}
        tags |= {324: (_LONG, offsets), 325: (_LONG, counts)}
    else:
        tags |= {273: (_LONG, offsets), 278: (_LONG, [7]), 279: (_LONG, counts)}
    if layout.extra_samples:
        tags[338] = (_SHORT, layout.extra_samples)
    return tags | {tag: (_SHORT, values) for tag, values in layout.tags.items()}


def _encode_directory(tags: dict[int, tuple[int, Sequence[int]]], offset: int, order: str) -> bytes:
    entries, behind = b"", b""
    behind_at = offset + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        content = np.array(values, f"{order}u{2 if kind == _SHORT else 4}").tobytes()
        if len(content) > 4:
            place = struct.pack(f"{order}I", behind_at + len(behind))
            behind += content + b"\0" * (len(content) % 2)
        else:
            place = content.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + place
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + behind
