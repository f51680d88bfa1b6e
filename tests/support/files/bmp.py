"""BMP files of pixels in runs."""

from __future__ import annotations

import struct

_HEADER_BYTES = 40


def make_runs(runs: bytes, bits: int, padding: int = 0) -> bytes:
    """Return a file of 5x3 pixels in runs, of which the index is the level of gray by 16."""
    palette = b"".join(bytes([index * 16 % 256] * 3 + [0]) for index in range(2**bits))
    start = 14 + _HEADER_BYTES + len(palette) + padding
    fields = (_HEADER_BYTES, 5, 3, 1, bits, {8: 1, 4: 2}[bits], len(runs), 0, 0, 2**bits, 0)
    described = struct.pack("<IiiHHIIiiII", *fields) + palette + bytes(padding)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + described + runs
