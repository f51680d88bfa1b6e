"""Describe what is wrong with an image file that cannot be decoded."""

from __future__ import annotations

from PIL import Image, UnidentifiedImageError

from csci_utils.text import quote_text

from ..errors import PictureError
from .codecs import heif, jpeg, jpeg2000
from .codecs.png_chunks import SIGNATURE as PNG_SIGNATURE
from .completeness import is_complete
from .file_formats import FORMAT_NAMES

ENDS_EARLY = "the file ends too early"
"""The reason for files that are not complete."""

TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF 6.0, p. 13, and BigTIFF
"""The first bytes of TIFF files."""

GIF_MAGIC = b"GIF8"
"""The first bytes of GIF files."""

_SIGNATURES = (PNG_SIGNATURE, jpeg.SIGNATURE, GIF_MAGIC, *TIFF_MAGICS, *jpeg2000.SIGNATURES)
_OTHER_KINDS = {
    "JPEG XL": (b"\xff\x0a", b"\0\0\0\x0cJXL "),  # ISO/IEC 18181-2: the codestream alone, in boxes
    "a Photoshop document": (b"8BPS",),
    "a PDF document": (b"%PDF-",),
    "a ZIP archive": (b"PK\x03\x04",),
    "camera raw": (b"FUJIFILMCCD-RAW", b"\0\0\0\x18ftypcrx "),
}


def describe_failure(error: Exception, data: bytes) -> PictureError:
    """Return the error to raise in place of one that Pillow raised when it decoded `data`."""
    if isinstance(error, Image.DecompressionBombError):
        return PictureError(f"expected a smaller picture: {error}", remedy="scale it down first")
    if isinstance(error, UnidentifiedImageError) and not has_known_signature(data):
        if data[1:4] == PNG_SIGNATURE[1:4]:
            return PictureError(
                "expected a picture, got a PNG file that was changed as if it were text",
                remedy="copy it again in binary mode",
            )
        text = quote_text(data)
        got, remedy = _name_kind(data), "convert it to one of these formats"
        if text is not None:
            got, remedy = f"text that begins {text}", f"download it again, or {remedy}"
        expected = f"expected a picture ({', '.join(FORMAT_NAMES)})"
        return PictureError(f"{expected}, got {got}", remedy=remedy)
    is_whole = is_complete(data)
    reason = str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        reason = "its header cannot be read" if is_whole else ENDS_EARLY
    got = "a damaged or unsupported one" if is_whole else "a damaged one"
    return PictureError(
        f"expected a whole picture, got {got} ({reason})",
        remedy="copy or save it again",
    )


def _name_kind(data: bytes) -> str:
    names = (name for name, signatures in _OTHER_KINDS.items() if data.startswith(signatures))
    return next(names, "something else")


def has_known_signature(data: bytes) -> bool:
    """Return whether a file begins as an image does, of a format that more than two bytes tell."""
    if heif.is_heif(data):
        return True
    return data.startswith(_SIGNATURES) or (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
