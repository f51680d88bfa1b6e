"""How Pillow's encoders take metadata, by format."""

from __future__ import annotations

import struct
from typing import Any

from PIL.ExifTags import IFD, Base
from PIL.Image import Exif
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from . import Metadata
from .iptc import to_jpeg_segment

MAX_JPEG_XMP = 65_502
"""The largest packet in a JPEG file, in bytes (XMP Specification Part 3, 1.1.3)."""

_MAX_JPEG_EXIF = 65_533  # the same of an EXIF block
_PNG_XMP = "XML:com.adobe.xmp"
_ENTRY_BYTES = 12
"""Of a directory in a TIFF file; its number of entries takes 2, the next one's place 4."""

_LONG = 4  # TIFF 6.0, p. 15: the type of offsets


def encoder_options(format_name: str, metadata: Metadata) -> dict[str, Any]:
    """Return the options with which Pillow's encoder writes metadata.

    What the format has no room for is left out: GIF and JPEG 2000 take nothing, BMP the resolution.

    Args:
        format_name: Pillow's name for the format.
        metadata: What is written as it is.
    """
    options: dict[str, Any] = {}
    if metadata.resolution and format_name in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = metadata.resolution
    if format_name == "JPEG":
        options |= _jpeg_options(metadata)
    elif format_name == "TIFF":
        options["tiffinfo"] = _tiff_tags(metadata)
    elif format_name in ("PNG", "WEBP", "AVIF", "HEIF") and metadata.exif:
        options["exif"] = metadata.exif
    if format_name == "PNG" and (packet := metadata.join_packet()):
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt(_PNG_XMP, packet.decode())
    elif format_name in ("WEBP", "AVIF", "HEIF") and (packet := metadata.join_packet()):
        options["xmp"] = packet
    return options


def add_details(tiff: bytes, metadata: Metadata) -> bytes:
    """Return a TIFF file with the parts of an EXIF block that Pillow's encoder leaves out.

    These are directories of their own: the details of the exposure, and the position. They go to
    the end of the file, and before them a copy of the first directory that leads to them.
    """
    block = Exif()
    block.load(metadata.exif)
    folders = {tag: dict(block.get_ifd(tag)) for tag in (IFD.Exif, IFD.GPSInfo)}
    folders = {tag: values for tag, values in folders.items() if values}
    if not folders:
        return tiff
    order = "<" if tiff.startswith(b"II") else ">"
    (place,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, place)
    entries = tiff[place + 2 : place + 2 + count * _ENTRY_BYTES]
    start = len(tiff) + len(tiff) % 2  # offsets are even
    end = start + 2 + len(entries) + len(folders) * _ENTRY_BYTES + 4
    details = b""
    for tag, values in folders.items():
        entries += struct.pack(f"{order}HHII", tag, _LONG, 1, end + len(details))
        details += _pack_directory(values, tag, tiff[:8], end + len(details))
    directory = struct.pack(f"{order}H", count + len(folders)) + _sort(entries, order) + bytes(4)
    header = tiff[:4] + struct.pack(f"{order}I", start)
    return header + tiff[8:].ljust(start - 8, b"\0") + directory + details


def _jpeg_options(metadata: Metadata) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if 0 < len(metadata.exif) <= _MAX_JPEG_EXIF:
        options["exif"] = metadata.exif
    if packet := metadata.join_packet(MAX_JPEG_XMP):
        options["xmp"] = packet
    if segment := to_jpeg_segment(metadata.iptc):
        options["extra"] = segment
    return options


def _tiff_tags(metadata: Metadata) -> Exif:
    """Return the tags of the first directory; libtiff writes no others: see `add_details`."""
    tags = Exif()
    if metadata.exif:
        tags.load(metadata.exif)
    for folder in (IFD.Exif, IFD.GPSInfo):
        if folder in tags:
            del tags[folder]
    if packet := metadata.join_packet():
        tags[Base.XMLPacket] = packet
    if metadata.iptc:
        tags[Base.IPTCNAA] = metadata.iptc
    return tags


def _pack_directory(values: dict[int, Any], tag: int, header: bytes, place: int) -> bytes:
    directory = ImageFileDirectory_v2(ifh=header, group=tag)
    for number, value in values.items():
        directory[number] = value
    packed = directory.tobytes(place)
    return packed + b"\0" * (len(packed) % 2)


def _sort(entries: bytes, order: str) -> bytes:
    """Return the entries of a directory in ascending order of their tags."""
    each = [entries[at : at + _ENTRY_BYTES] for at in range(0, len(entries), _ENTRY_BYTES)]
    return b"".join(sorted(each, key=lambda entry: struct.unpack_from(f"{order}H", entry)))
