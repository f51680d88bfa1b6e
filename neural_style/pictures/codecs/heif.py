"""HEIC and other HEIF files, the photographs of phones, which the package pillow-heif reads.

Pillow by itself does not know them. The package is an extra, because its wheels contain the encoder
x265, whose license is the GPL.
"""

from __future__ import annotations

from ...errors import MissingDependencyError, install_remedy

FORMAT = "HEIF"
"""Pillow's name for the format."""

_BRANDS_AT = 8  # in the box "ftyp": the major brand, a version, and the compatible brands
_CODED_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_GENERAL_BRANDS = (b"mif1", b"mif2", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_MAX_BRANDS_BYTES = 256


def is_heif(data: bytes) -> bool:
    """Return whether a file is of this format, by the brands that it names first.

    AVIF files may name the general brands of HEIF, too (ISO/IEC 23008-12, 10.2; AVIF 1.1, 6).
    """
    if data[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(data[:4], "big"), _MAX_BRANDS_BYTES)
    brands = {data[at : at + 4] for at in range(_BRANDS_AT, end, 4)}
    if brands.intersection(_CODED_BRANDS):
        return True
    return bool(brands.intersection(_GENERAL_BRANDS)) and not brands.intersection(_AVIF_BRANDS)


def register() -> None:
    """Make Pillow read and write the format; calling it again does nothing.

    Raises:
        MissingDependencyError: The package pillow-heif is not installed.
    """
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise MissingDependencyError(
            "a HEIC or HEIF picture, which needs the package pillow-heif",
            remedy=install_remedy("heif"),
        ) from error
    # Only the photograph: not its preview, its depth map or other pictures that belong to it.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
