"""How much memory the decoding of a picture takes, and whether there is as much."""

from __future__ import annotations

from PIL import Image

from csci_utils.text import format_size

from ..errors import PictureError
from ..system.resources import describe_use, free_memory

DEFAULT_MEMORY = 1_750_000_000
"""The most memory, in bytes, that decoding takes where no limit is given.

A photograph of 100 megapixels takes 0.8 GB as JPEG or PNG and 1.6 GB as WebP. With what Python and
its libraries take, a process stays below 2 GB.
"""

MAX_COPIED_BYTES = 2**28
"""The largest file of a format whose decoder makes copies of the file: see `check_file_size`."""

_COPIED_BOXES = (b"ftyp", b"jP  ")  # the first box of AVIF, HEIF and JPEG 2000
_SMALL_BYTES = 32 << 20
"""Less is there wherever this program runs. To measure it would take longer than to decode."""

PLAIN_BYTES = 4
"""Bytes of a pixel in a plain picture: Pillow stores RGB as RGBX."""

_STORED_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_DECODER_BYTES = {"AVIF": 8, "HEIF": 9, "WEBP": 12.5}
"""Bytes of a pixel that decoders take besides the result, measured with Pillow 13.0 and, for HEIF,
pillow-heif 1.8."""
_JPEG2000_BYTES = 5  # the same, for each component


def bytes_per_pixel(picture: Image.Image, extra: float = 0) -> float:
    """Return the bytes of a pixel that loading `picture` and making it plain takes at most.

    Args:
        picture: Opened, but not loaded.
        extra: What its decoder takes besides the result, if this function cannot know.
    """
    decoder = _DECODER_BYTES.get(picture.format or "", extra)
    if picture.format == "JPEG2000":
        decoder = extra + _JPEG2000_BYTES * len(picture.getbands())
    return _STORED_BYTES.get(picture.mode, 4) + max(decoder, PLAIN_BYTES)


def check_file_size(data: bytes) -> None:
    """Raise an error if copies of a file would take too much memory, whatever is in it.

    Raises:
        PictureError: It is larger than any photograph in its format. The error has no path.
    """
    is_copied = data[:4] == b"RIFF" or data[4:8] in _COPIED_BOXES
    if is_copied and len(data) > MAX_COPIED_BYTES:
        raise PictureError(
            "expected a WebP, AVIF, HEIF or JPEG 2000 file of at most "
            f"{format_size(MAX_COPIED_BYTES)}, got {format_size(len(data))}",
            remedy="save it as TIFF or PNG",
        )


def check_decoding_memory(
    size: tuple[int, int], bytes_per_pixel: float, file_bytes: int, limit: int | None
) -> None:
    """Raise an error, before any work, if a picture takes more memory than there is.

    Args:
        size: Width and height in px.
        bytes_per_pixel: See the function of this name.
        file_bytes: The size of the file, of which decoders make a copy.
        limit: As for `free_memory`; by default, `DEFAULT_MEMORY` for the picture alone.

    Raises:
        PictureError: It takes more. The error has no path.
    """
    width, height = size
    needed = int(width * height * bytes_per_pixel) + file_bytes
    if limit is None and needed < _SMALL_BYTES:
        return
    free = free_memory(limit)
    if limit is None:
        free = DEFAULT_MEMORY if free is None else min(free, DEFAULT_MEMORY)
    if free is not None and free < needed:
        raise PictureError(
            f"expected {format_size(needed)} of memory to decode {width}x{height} px, got "
            f"{_describe_free(free, limit)}",
            remedy="allow more (--memory), or scale the picture down first",
        )


def _describe_free(free: int, limit: int | None) -> str:
    if limit is None:
        return format_size(free)
    return f"{format_size(limit)} in all, {describe_use(limit, limit - free)}"
