"""EXIF: which tags a painting keeps of its photograph.

Tags are those of Exif 3.0 (CIPA DC-008) and TIFF 6.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL.ExifTags import IFD, Base
from PIL.Image import Exif, Image

from ...system.warning_filter import suppress_warnings

Tags = Mapping[int, Any]

DESCRIBING_TAGS = frozenset(
    [
        Base.ImageDescription,
        Base.Make,
        Base.Model,
        Base.Software,
        Base.DateTime,
        Base.Artist,
        Base.HostComputer,
        Base.Rating,
        Base.RatingPercent,
        Base.Copyright,
        Base.XPTitle,
        Base.XPComment,
        Base.XPAuthor,
        Base.XPKeywords,
        Base.XPSubject,
    ]
)
"""Tags that describe the photograph. Others describe the file: its layout, orientation, .."""

_DROPPED_DETAILS = frozenset(
    [
        Base.ExifImageWidth,  # of the photograph, which may have been scaled down
        Base.ExifImageHeight,
        Base.ExifInteroperabilityOffset,
        Base.MakerNote,  # offsets in it would lead nowhere, and it may have previews and places
    ]
)
_RESOLUTION_TAGS = (Base.XResolution, Base.YResolution, Base.ResolutionUnit)
_FURTHER_TAGS = (Base.XMLPacket, Base.IPTCNAA)  # blocks of their own, in TIFF files
_MAX_VALUE = 2**16  # bytes


def read_tags(picture: Image) -> Tags:
    """Return the tags of a picture that are used here, by number; none if they are damaged.

    The values at `IFD.Exif` and `IFD.GPSInfo` are tags again.
    """
    try:
        with suppress_warnings():
            return _read(picture.getexif())
    except Exception:  # Pillow raises many types
        return {}


def clean(block: bytes, keep_location: bool) -> bytes:
    """Return a block of the tags that a painting keeps; empty if there is none.

    Args:
        block: An EXIF block, with or without its prefix.
        keep_location: Whether the GPS position is kept.
    """
    try:
        exif = Exif()
        with suppress_warnings():
            exif.load(block)
            return join(_read(exif), keep_location)
    except Exception:  # Pillow raises many types
        return b""


def join(tags: Tags, keep_location: bool = True) -> bytes:
    """Return an EXIF block of the tags that describe the photograph; empty if there is none."""
    block = Exif()
    for tag in DESCRIBING_TAGS & tags.keys():
        block[tag] = tags[tag]
    folders = (IFD.Exif, IFD.GPSInfo) if keep_location else (IFD.Exif,)
    for folder in folders:
        if tags.get(folder):
            block.get_ifd(folder).update(tags[folder])
    is_empty = not len(block) and not any(map(tags.get, folders))
    return b"" if is_empty else block.tobytes()


def _read(exif: Exif) -> Tags:
    wanted = (*DESCRIBING_TAGS, *_RESOLUTION_TAGS, *_FURTHER_TAGS)
    tags: dict[int, Any] = {tag: exif[tag] for tag in wanted if tag in exif}
    for folder in (IFD.Exif, IFD.GPSInfo):
        details = exif.get_ifd(folder)
        tags[folder] = {
            tag: value
            for tag, value in details.items()
            if tag not in _DROPPED_DETAILS and _is_short(value)
        }
    return {tag: value for tag, value in tags.items() if tag in _FURTHER_TAGS or _is_short(value)}


def _is_short(value: Any) -> bool:
    return not isinstance(value, (bytes, str, tuple)) or len(value) <= _MAX_VALUE
