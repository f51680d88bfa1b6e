"""IPTC records, as JPEG and TIFF files store them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

RESOURCE = 0x0404
"""Adobe's number of the image resource that holds the records (Photoshop File Formats, 2019)."""

_APP13 = b"\xff\xed"
_PREFIX = b"Photoshop 3.0\0"
_MAX_SEGMENT = 0xFFFF


def find(info: Mapping[Any, Any]) -> bytes:
    """Return the records among the image resources that Pillow read from a JPEG file."""
    resources = info.get("photoshop")
    found = resources.get(RESOURCE) if isinstance(resources, Mapping) else None
    return found if isinstance(found, bytes) else b""


def from_tag(value: Any) -> bytes:
    """Return the records in a TIFF tag, which some programs declare as whole numbers."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple) and all(isinstance(n, int) and 0 <= n < 2**32 for n in value):
        return struct.pack(f"<{len(value)}I", *value)
    return b""


def to_jpeg_segment(records: bytes) -> bytes:
    """Return a segment of a JPEG file with the records; empty if they do not fit."""
    padding = b"\0" * (len(records) % 2)
    resource = struct.pack(">4sHHI", b"8BIM", RESOURCE, 0, len(records)) + records + padding
    length = 2 + len(_PREFIX) + len(resource)
    if not records or length > _MAX_SEGMENT:
        return b""
    return _APP13 + struct.pack(">H", length) + _PREFIX + resource
