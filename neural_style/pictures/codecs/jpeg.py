"""The structure of JPEG files, as far as it decides whether and how they are decoded.

Markers are those of ITU-T T.81, table B.1.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from ...errors import PictureError

SIGNATURE = b"\xff\xd8\xff"
"""The first bytes of a JPEG file."""

_SOI, _EOI, _SOS, _APP2, _DAC = 0xD8, 0xD9, 0xDA, 0xE2, 0xCC
_FRAMES = frozenset([*range(0xC0, 0xD0), 0xF7]) - {0xC4, 0xC8, _DAC}  # SOF0 to SOF15, SOF55
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# Fill bytes may come before a marker. To search for all, \xff+, would take 50 times as long.
_NEXT_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # in the data of a scan
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_PROCESSES = {
    0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical",
    0xCB: "lossless", 0xCD: "hierarchical", 0xCE: "hierarchical", 0xCF: "hierarchical",
    0xF7: "JPEG-LS",
}  # fmt: skip

_PROGRESSIVE = 0xC2
_ARITHMETIC = frozenset({0xC9, 0xCA})
_FILLING = bytes(range(7, 255, 3))  # no marker, and unlike any padding
_MISSING = {127, 128}  # what libjpeg sets missing samples to, inverted or not

_MAX_SEGMENTS = 2**16
_MAX_FILL_BYTES = 2**16  # Pillow reads one at a time
_MAX_SCANS = 100  # progressive encoders write about 10
_MAX_SCANNED_PIXELS = 2 * 10**9
"""Scans times pixels: 20 scans of 100 megapixels, which are decoded twice."""


class Segment(NamedTuple):
    """A marker and its content; of a scan, without the data that follow."""

    marker: int
    """The marker's second byte."""
    place: int
    """Where the marker begins, with the fill bytes before it."""
    start: int
    """Where the content begins, behind its length."""
    end: int
    """Where it ends."""


@dataclass(frozen=True)
class JpegFile:
    """What is known of a JPEG file before it is decoded."""

    process: int
    """The marker of the frame header, SOF0 to SOF15 or SOF55; 0 if there is none."""
    bits: int
    """Of a sample."""
    size: tuple[int, int]
    """Width and height in px."""
    components: int
    """The number of color components."""
    scan_ends: tuple[int, ...]
    """For each scan in the file, where its data end."""
    end: int
    """Where the picture ends in the file; 0 if the file is cut off before."""
    index: bytes
    """The index of further pictures (CIPA DC-007, MPF); empty if there is none."""
    index_at: int
    """The place in the file from which the index counts."""

    @property
    def scans(self) -> int:
        """How many scans the file contains."""
        return len(self.scan_ends)

    @property
    def coefficient_bytes(self) -> int:
        """The bytes of a pixel that libjpeg keeps until it has read the last scan."""
        return 2 * self.components if self._comes_in_parts else 0

    @property
    def _comes_in_parts(self) -> bool:
        """Whether each scan has a part of all pixels."""
        return self.scans > 1 or self.process == _PROGRESSIVE

    def check_kind(self) -> None:
        """Raise an error if libjpeg cannot decode a file of this kind, or not in bounded time.

        Raises:
            PictureError: The file has too many scans, or samples or a coding process that are
                not supported. The error has no path.
        """
        width, height = self.size
        if self.scans > _MAX_SCANS or self.scans * width * height > _MAX_SCANNED_PIXELS:
            raise PictureError(
                f"expected a JPEG file with at most {_MAX_SCANS} scans, or fewer if it is large, "
                f"got {self.scans} scans of {width}x{height} px",
                remedy="save it again",
            )
        if self.process in _PROCESSES:
            raise PictureError(
                f"expected a baseline or progressive JPEG file, got a {_PROCESSES[self.process]} "
                "one",
                remedy="save it as a baseline JPEG or as PNG",
            )
        if self.process and not height:
            raise PictureError(
                "expected a JPEG file that begins with its height, got a height of 0",
                remedy="save it again",
            )
        if self.process and self.bits != 8:
            raise PictureError(
                f"expected a JPEG file with 8 bits a color, got {self.bits} bits",
                remedy="save it with 8 bits, or as a 16-bit PNG",
            )

    def may_lack_data(self, picture: Image.Image) -> bool:
        """Return True if a scan may end too early, which libjpeg does not report.

        It sets what is missing to gray, or leaves out details. In a file of one scan, the end of
        the picture is missing. Arithmetic coding may leave out its last bytes.

        Args:
            picture: The decoded picture.
        """
        if self.process in _ARITHMETIC:
            return False
        width, height = picture.size
        last_pixel = picture.crop((width - 1, height - 1, width, height))
        return self._comes_in_parts or set(last_pixel.tobytes()) <= _MISSING

    def fill_scans(self, data: bytes) -> bytes:
        """Return the file with more bytes behind each scan, which count only if it lacks some."""
        begins = (0, *self.scan_ends)
        parts = (data[a:b] for a, b in zip(begins, self.scan_ends, strict=False))
        return _FILLING.join((*parts, data[begins[-1] :]))


def read_jpeg(data: bytes) -> JpegFile:
    """Return what is known of a JPEG file before it is decoded."""
    process = bits = width = height = components = end = index_at = 0
    index, scan_ends, is_in_scan = b"", [], False
    for marker, place, start, stop in _read_segments(data):
        if is_in_scan:
            scan_ends.append(place)
        is_in_scan = marker == _SOS
        if marker in _FRAMES and not process and stop - start >= 6:
            process = marker
            bits, height, width, components = struct.unpack_from(">BHHB", data, start)
        elif marker == _EOI:
            end = stop
        elif marker == _APP2 and data.startswith(b"MPF\0", start):
            index_at = start + 4
            index = data[index_at:stop]
    if is_in_scan:
        scan_ends.append(len(data))
    return JpegFile(
        process=process,
        bits=bits,
        size=(width, height),
        components=components,
        scan_ends=tuple(scan_ends),
        end=end,
        index=index,
        index_at=index_at,
    )


def _read_segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments of the first picture in a file, up to its end or where it is cut off."""
    position, pattern, fill_bytes = len(SIGNATURE) - 1, _MARKER, 0
    for _ in range(_MAX_SEGMENTS):
        found = pattern.search(data, position)
        if found is None:
            return
        marker, position, pattern = found[1][0], found.end(), _MARKER
        place = found.start()
        while data[place - 1] == 0xFF:
            place -= 1
            fill_bytes += 1
            if fill_bytes > _MAX_FILL_BYTES:
                return
        if marker == _EOI:
            yield Segment(marker, place, position, position)
            return
        if marker in _WITHOUT_LENGTH:
            continue
        if position + 2 > len(data):
            return
        end = position + struct.unpack_from(">H", data, position)[0]
        if end > len(data):
            return
        yield Segment(marker, place, position + 2, end)
        position, pattern = max(end, position + 2), _NEXT_MARKER if marker == _SOS else _MARKER
