"""Check that a large file is an image without decoding its pixels."""

from __future__ import annotations

import mmap
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image

from csci_utils.errors import at_path
from csci_utils.files import check_file

from ..errors import NeuralStyleError, PictureError
from ..system.warning_filter import suppress_warnings
from .codecs import bmp, heif
from .completeness import is_complete
from .decoding import PILLOWS_FORMATS
from .decoding_memory import check_file_size
from .failures import ENDS_EARLY, TIFF_MAGICS, describe_failure, has_known_signature
from .file_formats import MAX_PICTURE_BYTES

LARGE_BYTES = 32 << 20
"""The largest image file that is worth decoding only to check it. Decoded, such a file may take a
gigabyte."""


def check_structure(path: str | PathLike[str]) -> None:
    """Check that a file begins as an image and ends as one, with little memory.

    Pixels may still turn out to be damaged when they are decoded.

    Raises:
        MissingDependencyError: It is a HEIC or HEIF picture, and pillow-heif is not installed.
        PictureError: The file cannot be read, is not a picture, is incomplete, or has more pixels
            than Pillow allows.
    """
    check_file(Path(path), PictureError, MAX_PICTURE_BYTES)
    with at_path(path), open(path, "rb") as file:
        if not file.seek(0, 2):
            raise PictureError("expected a picture, got an empty file", remedy="copy it again")
        file.seek(0)
        with _MappedFile(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            _check(file, cast("bytes", mapped))


def _check(file: BinaryIO, data: bytes) -> None:
    try:
        check_file_size(data)
        is_whole = is_complete(data)
        if not is_whole and has_known_signature(data):
            raise ValueError(ENDS_EARLY)  # Pillow would read any number of empty segments
        # Pillow knows fewer kinds of TIFF and BMP files than are painted.
        if not (data.startswith(TIFF_MAGICS) or bmp.find_bit_fields(data)):
            _open(file, data)
        if not is_whole:
            raise ValueError(ENDS_EARLY)
    except NeuralStyleError:
        raise
    except Exception as error:  # for damaged files, Pillow raises about seven types
        raise describe_failure(error, data) from error


def _open(file: BinaryIO, data: bytes) -> None:
    formats = PILLOWS_FORMATS
    if heif.is_heif(data):
        heif.register()
        formats = (heif.FORMAT,)
    with suppress_warnings(), Image.open(file, formats=formats):
        pass


class _MappedFile(mmap.mmap):
    """A file in memory only where it is read, with the methods of ``bytes`` that are used here."""

    def startswith(self, prefix: bytes | tuple[bytes, ...], start: int = 0) -> bool:
        longest = max(map(len, prefix)) if isinstance(prefix, tuple) else len(prefix)
        return bytes(self[start : start + longest]).startswith(prefix)
