"""Which kinds of TIFF files Pillow decodes rightly, and what the others are called."""

from __future__ import annotations

from ...errors import PictureError
from .tiff import JPEG_COMPRESSIONS, Page, Tag

_PHOTOMETRICS = {
    0: "gray", 1: "gray", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "Lab",
    9: "ICC Lab", 10: "ITU Lab", 32803: "camera raw", 32844: "LogL", 32845: "LogLuv",
    34892: "camera raw", -1: "colors of an unnamed kind",
}  # fmt: skip
_FORMATS = {2: "signed ", 3: "floating point ", 5: "complex ", 6: "complex "}
# Components, by photometric interpretation; others have one.
_COLORS = {2: 3, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3, 32845: 3}
_RGB, _PALETTE, _YCBCR = 2, 3, 6
_BIG_ENDIAN_BIGTIFF = b"MM\0+"  # Pillow takes it for a file with 32-bit offsets
_MAX_WIDTHS = 8  # in a message

_COMPRESSIONS = {
    1: "", 2: "CCITT", 3: "CCITT Group 3", 4: "CCITT Group 4", 5: "LZW", 6: "old JPEG", 7: "JPEG",
    8: "Deflate", 32773: "PackBits", 32946: "Deflate", 34925: "LZMA", 50000: "Zstandard",
}  # fmt: skip
"""Those that Pillow's libtiff has."""
_OTHER_COMPRESSIONS = {
    32809: "ThunderScan", 33003: "JPEG 2000", 33005: "JPEG 2000", 34676: "SGILog",
    34677: "SGILog", 34712: "JPEG 2000", 34933: "PNG", 34887: "LERC", 34892: "lossy JPEG",
    34934: "JPEG XR",
    50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip


def is_misread(page: Page) -> bool:
    """Return True if Pillow may refuse the samples of a page, or decode them wrongly.

    It does so without a word with signed samples, gray of more than 8 bits, separate planes
    (even if there is only one), reversed bits, colors of an unnamed kind, tiles that are listed as
    strips, and palettes that are too short or have 8 bits a color.
    """
    is_gray = page.photometric in (0, 1)
    palette = page.array(Tag.COLOR_MAP)
    return (
        page.is_separate
        or page.number(Tag.SAMPLE_FORMAT, 1) not in (1, 4)
        or page.number(Tag.FILL_ORDER, 1) != 1
        or Tag.PHOTOMETRIC not in page.places
        or (page.is_tiled and Tag.TILE_OFFSETS not in page.places)
        or (is_gray and _bits(page) > 8)
        or (page.photometric == _PALETTE and palette.size < 3 * 2 ** _bits(page))
        or palette.max(initial=0) in range(1, 0x100)
    )


def is_supported(page: Page) -> bool:
    """Return True if there is a decoder for the compression of a page and its sample width."""
    compression = page.number(Tag.COMPRESSION, 1)
    has_8_bits_only = compression in (2, 3, 4, 6, 7)
    if compression == 1 and _is_subsampled(page):
        return False  # Pillow takes it for colors of every pixel
    if compression in JPEG_COMPRESSIONS and _is_jpeg_misread(page):
        return False
    return compression in _COMPRESSIONS and not (has_8_bits_only and _bits(page) > 8)


def describe_kind(page: Page) -> PictureError:
    """Return the error for a page of a kind that cannot be decoded."""
    compression = page.number(Tag.COMPRESSION, 1)
    name = _COMPRESSIONS.get(compression, _OTHER_COMPRESSIONS.get(compression))
    photometric, samples = page.photometric, page.number(Tag.SAMPLES, 1)
    kind = _FORMATS.get(page.number(Tag.SAMPLE_FORMAT, 1), "")
    colors = _PHOTOMETRICS.get(photometric, f"colors of kind {photometric}")
    extra = samples - (count := _COLORS.get(photometric, 1))
    widths = page.array(Tag.BITS)[:_MAX_WIDTHS].tolist() or [1]
    bits = "/".join(map(str, widths if len({*widths}) > 1 else widths[:1]))
    subsampled = "subsampled " if _is_subsampled(page) else ""
    got = f"{bits}-bit {subsampled}{kind}{colors}"
    got += f" with {extra} more samples" if extra > 0 else ""
    got += f" with {samples} of {count} samples" if extra < 0 else ""
    got += " in separate planes" if page.is_separate else ""
    got += " in a big-endian BigTIFF file" if page.data.startswith(_BIG_ENDIAN_BIGTIFF) else ""
    if name != "":
        got += f" compressed with {name or f'method {compression}'}"
    return PictureError(
        f"expected a TIFF file with 8 or 16 bits a color in a common compression, got {got}",
        remedy="save it as RGB with 8 or 16 bits and LZW or Deflate compression",
    )


def _is_jpeg_misread(page: Page) -> bool:
    """Return True if Pillow decodes JPEG data wrongly.

    It takes colors of an unnamed kind for gray, and reads separate planes only where they are RGB,
    or where there is but one.
    """
    samples = page.number(Tag.SAMPLES, 1)
    is_read = samples == 1 or (page.photometric == _RGB and samples == _COLORS[_RGB])
    return Tag.PHOTOMETRIC not in page.places or (page.is_separate and not is_read)


def _is_subsampled(page: Page) -> bool:
    """Return True if several pixels share chroma samples.

    Where the tag is missing, TIFF 6.0 says that four do. Not all writers know, so the size decides.
    """
    if page.photometric != _YCBCR:
        return False
    if Tag.SUBSAMPLING in page.places:
        return bool(page.array(Tag.SUBSAMPLING).max(initial=1) > 1)
    width, height = page.size
    return bool(page.parts[1].sum() < width * height * _COLORS[_YCBCR])


def _bits(page: Page) -> int:
    """Return the most bits that a sample has."""
    return int(page.array(Tag.BITS).max(initial=1))
