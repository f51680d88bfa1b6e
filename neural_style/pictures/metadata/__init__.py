"""What a photograph's file says about it, from its own file to that of its painting.

EXIF, XMP, IPTC and the resolution are kept where the painting's format has room. What describes
the file and not the photograph is left out: the orientation, previews, sizes. So is the position,
unless somebody asks for it. Damaged metadata is dropped; it never costs the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import ExifTags
from PIL.Image import Image

from . import exif, iptc, xmp

METADATA = "kept_metadata"
"""The key of the `Metadata` in `Image.info`."""

MAX_BYTES = 2**18
"""The largest block of metadata that is kept; a segment of a JPEG file has at most 64 KiB."""

_XMP_TAG, _IPTC_TAG = ExifTags.Base.XMLPacket, ExifTags.Base.IPTCNAA
_MAX_DPI = 65_535  # of a JFIF header
_INCH = 2  # TIFF 6.0, p. 38: the unit of the resolution
_UNITS_PER_INCH = {_INCH: 1.0, 3: 2.54}


@dataclass(frozen=True)
class Metadata:
    """The metadata of a file, as it stands there."""

    exif: bytes = b""
    """An EXIF block."""
    xmp: bytes = b""
    """An XMP packet."""
    iptc: bytes = b""
    """Records of the IPTC's Information Interchange Model."""
    resolution: tuple[float, float] | None = None
    """Pixels per inch, across and down."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Further properties for the XMP packet; see `neural_style.provenance`."""

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return self != Metadata()

    def for_painting(self, keep_location: bool) -> Metadata:
        """Return what a painting may keep of it."""
        return replace(
            self,
            exif=exif.clean(self.exif, keep_location),
            xmp=xmp.clean(self.xmp, keep_location),
        )

    def join_packet(self, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the XMP packet with the provenance; without the rest if it is too large."""
        if not self.provenance:
            return self.xmp if len(self.xmp) <= max_bytes else b""
        with suppress(RecursionError):
            packet = xmp.add_properties(self.xmp, self.provenance)
            if len(packet) <= max_bytes:
                return packet
        return xmp.add_properties(b"", self.provenance)


def read_metadata(picture: Image) -> Metadata:
    """Return the metadata of a picture that Pillow opened, or that was read before."""
    kept = picture.info.get(METADATA)
    if isinstance(kept, Metadata):
        return kept
    tags = exif.read_tags(picture)
    return Metadata(
        exif=_limit(picture.info.get("exif")) or exif.join(tags),
        xmp=_limit(picture.info.get("xmp") or tags.get(_XMP_TAG)),
        iptc=_limit(iptc.find(picture.info) or iptc.from_tag(tags.get(_IPTC_TAG))),
        resolution=_check_resolution(picture.info.get("dpi")) or _find_resolution(tags),
    )


def _limit(block: Any) -> bytes:
    """Return a block of metadata; empty if it is none, or too large."""
    if isinstance(block, str):
        block = block.encode()
    return block if isinstance(block, bytes) and len(block) <= MAX_BYTES else b""


def _find_resolution(tags: exif.Tags) -> tuple[float, float] | None:
    unit = _UNITS_PER_INCH.get(tags.get(ExifTags.Base.ResolutionUnit, _INCH))
    sides = [tags.get(ExifTags.Base.XResolution), tags.get(ExifTags.Base.YResolution)]
    if unit is None or None in sides:
        return None
    return _check_resolution(sides, unit)


def _check_resolution(sides: Any, factor: float = 1.0) -> tuple[float, float] | None:
    """Return a resolution if it is one that every format can store."""
    try:
        across, down = (float(side) * factor for side in sides)
    except (TypeError, ValueError, ArithmeticError):
        return None
    # 1 stands for "unknown" in TIFF and JFIF files.
    return (across, down) if all(1 < side <= _MAX_DPI for side in (across, down)) else None
