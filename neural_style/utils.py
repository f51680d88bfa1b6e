"""The reference implementation's helpers, and those for pictures, under their known names."""

from __future__ import annotations

from .pictures.file_formats import PICTURE_SUFFIXES, format_for
from .pictures.io import decode_picture, has_more_frames, load_picture, save_picture
from .pictures.resizing import limit_side, resize, scale_down

__all__ = [
    "PICTURE_SUFFIXES",
    "decode_picture",
    "format_for",
    "has_more_frames",
    "limit_side",
    "load_picture",
    "resize",
    "save_picture",
    "scale_down",
]
