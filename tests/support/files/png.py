"""PNG files built chunk by chunk, as the PNG specification describes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Color types."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"

CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
"""The number of samples in a pixel, by color type."""

_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))  # fmt: skip

Samples = NDArray[np.uint16]


def chunk(kind: bytes, content: bytes, checksum: int | None = None) -> bytes:
    """Return a chunk; its checksum is right unless one is given."""
    body = kind + content
    crc = zlib.crc32(body) if checksum is None else checksum
    return struct.pack(">I", len(content)) + body + struct.pack(">I", crc)


def header(width: int, height: int, bits: int, color_type: int, interlaced: bool = False) -> bytes:
    """Return the chunk IHDR."""
    fields = (width, height, bits, color_type, 0, 0, int(interlaced))
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


def pack_bits(samples: Samples, bits: int) -> bytes:
    """Return the bytes of a row, the most significant bits first."""
    places = np.arange(bits - 1, -1, -1)
    single = (samples.reshape(-1, 1).astype(np.int64) >> places) & 1
    return np.packbits(single.astype(np.uint8)).tobytes()


def pack_rows(samples: Samples, bits: int) -> bytes:
    """Return rows without a filter: height x width x channels."""
    return b"".join(b"\0" + pack_bits(row, bits) for row in samples)


def make_png(
    samples: Samples,
    bits: int,
    color_type: int,
    chunks: Iterable[bytes] = (),
    interlaced: bool = False,
    rows: int | None = None,
) -> bytes:
    """Return a file.

    Args:
        samples: Height x width x channels.
        bits: Of a sample.
        color_type: One of the constants of this module.
        chunks: What stands between the header and the data.
        interlaced: Whether the rows are stored in the passes of Adam7.
        rows: How many rows the data contain; all by default.
    """
    height, width = samples.shape[:2]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [samples[:rows][y::down, x::across] for x, y, across, down in passes]
    data = b"".join(pack_rows(part, bits) for part in parts if part.size)
    return b"".join(
        (SIGNATURE, header(width, height, bits, color_type, interlaced), *chunks,
         chunk(b"IDAT", zlib.compress(data)), END)
    )  # fmt: skip
