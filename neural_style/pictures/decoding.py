"""Decode image files that are in memory to plain pictures, see `conversion`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from ..errors import NeuralStyleError, PictureError
from ..system.interruption import call_interruptibly
from ..system.warning_filter import suppress_warnings
from .codecs import bmp, heif, jpeg, jpeg2000, png, tiff, tiff_kinds
from .codecs.jpeg2000_channels import PALETTE_BYTES, read_channels
from .codecs.libtiff import silence_tiff_decoders
from .codecs.png_chunks import SIGNATURE as PNG_SIGNATURE
from .codecs.tiff_bytes import matches_checksums
from .codecs.tiff_layout import SampleLayout, read_layout
from .codecs.tiff_samples import decode_samples
from .completeness import is_complete
from .conversion import ICC_PROFILE, split_rows, take_plain
from .decoding_memory import PLAIN_BYTES, bytes_per_pixel, check_decoding_memory, check_file_size
from .failures import ENDS_EARLY, GIF_MAGIC, TIFF_MAGICS, describe_failure
from .file_formats import FORMAT_NAMES

MORE_FRAMES = "more_frames"
"""The key in `Image.info` that is True if the file has more frames or pages than the one read."""

PILLOWS_FORMATS = tuple(name for name in FORMAT_NAMES if name != heif.FORMAT)
_ALPHA_BYTES = 1  # of a pixel: a channel that is made
_KEY_BYTES = 9  # of a pixel: the lower bytes of 16-bit colors, and the copy with alpha


def decode_picture(data: bytes, memory: int | None = None) -> Image.Image:
    """Decode the content of an image file as `load_picture` does.

    Raises:
        PictureError: See `load_picture`. The error has no path.
    """
    if not data:
        raise PictureError(
            "expected a picture, got an empty file of 0 bytes", remedy="copy it again"
        )
    try:
        return call_interruptibly(lambda: _decode(data, memory))
    except NeuralStyleError:
        raise
    except Exception as error:  # for damaged files, Pillow raises about seven types
        raise describe_failure(error, data) from error


def identify_picture(data: bytes) -> str | None:
    """Return Pillow's name for the format that `data` begins with; None if it is not a picture."""
    if heif.is_heif(data):
        return heif.FORMAT
    silence_tiff_decoders()
    try:
        with suppress_warnings(), _open(data) as picture:
            return picture.format
    except Image.DecompressionBombError:
        return "very large"
    except Exception:  # see `decode_picture`
        return None


def read_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return the width and height, in px, that an image file's header states; None without one.

    The pixels are not read. A picture that is turned upright later has the two swapped.
    """
    try:
        with suppress_warnings(), Image.open(file, formats=PILLOWS_FORMATS) as picture:
            return picture.size
    except Exception:  # see `decode_picture`
        return None


def read_header(data: bytes) -> Image.Image:
    """Open the content of an image file without decoding its pixels, for its metadata.

    Raises:
        PictureError: It is not a picture.
        MissingDependencyError: It is a HEIC or HEIF picture, and pillow-heif is not installed.
    """
    try:
        with suppress_warnings():
            if data.startswith(PNG_SIGNATURE):
                data = png.reduce_png(data).data
            if heif.is_heif(data):
                heif.register()
            formats = (heif.FORMAT,) if heif.is_heif(data) else PILLOWS_FORMATS
            return Image.open(BytesIO(data), formats=formats)
    except NeuralStyleError:
        raise
    except Exception as error:  # see `decode_picture`
        raise describe_failure(error, data) from error


def _decode(data: bytes, memory: int | None) -> Image.Image:
    check_file_size(data)
    with suppress_warnings():
        if data.startswith(PNG_SIGNATURE):
            plain, has_more_frames = _decode_png(data, memory)
        elif data.startswith(jpeg.SIGNATURE):
            plain, has_more_frames = _decode_jpeg(data, memory)
        elif data.startswith(TIFF_MAGICS):
            plain, has_more_frames = _decode_tiff(data, memory)
        elif data.startswith(jpeg2000.SIGNATURES):
            plain, has_more_frames = _decode_jpeg2000(data, memory)
        elif data.startswith(GIF_MAGIC):
            plain, has_more_frames = _decode_gif(data, memory)
        elif heif.is_heif(data):
            plain, has_more_frames = _decode_heif(data, memory)
        else:
            plain, has_more_frames = _decode_other(data, memory)
    if not is_complete(data):
        raise ValueError(ENDS_EARLY)
    if has_more_frames:
        plain.info[MORE_FRAMES] = True
    return plain


def _decode_png(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file, and whether the file has more frames."""
    reduced = png.reduce_png(data)
    with _open(reduced.data) as picture:
        _check_memory(picture, data, memory, _KEY_BYTES if reduced.has_deep_key else 0)
        png.load_rows(reduced, picture)
        reduced.decode_key(picture)
        if reduced.profile:
            picture.info[ICC_PROFILE] = reduced.profile
        return take_plain(picture), reduced.has_more_frames


def _decode_jpeg(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file.

    A JPEG file with a second picture in it, which Pillow calls MPO, counts as one picture: many
    phones write them, and the second one is a preview or a depth map, not a frame.
    """
    structure = jpeg.read_jpeg(data)
    structure.check_kind()
    if not structure.end:
        raise ValueError(ENDS_EARLY)  # Pillow reads any number of empty segments and fill bytes
    with _open(data) as picture:
        _check_memory(picture, data, memory, structure.coefficient_bytes)
        _load_whole(picture, data)
        if not structure.may_lack_data(picture):
            return take_plain(picture), False
        digest = _digest_of(picture)
    del picture  # two of them could be too large
    filled = structure.fill_scans(data)
    with _open(filled) as picture:
        _load_whole(picture, filled)
        if _digest_of(picture) != digest:
            raise ValueError("the data end before the last row")
        return take_plain(picture), False


def _load_whole(picture: ImageFile, data: bytes) -> None:
    """Decode all data at once: libjpeg cannot pause in arithmetic-coded data."""
    picture.decodermaxblock = len(data)
    picture.load()


def _digest_of(picture: Image.Image) -> bytes:
    digest = sha256()
    for _, rows in split_rows(picture):
        digest.update(rows.tobytes())
    return digest.digest()


def _decode_tiff(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file, and whether the file has more pages."""
    silence_tiff_decoders()
    page, has_more_pages = tiff.choose_page(data)
    check_decoding_memory(page.size, 0, 2 * len(data), memory)  # with a changed directory
    layout = read_layout(page)
    if not tiff_kinds.is_supported(page):
        raise tiff_kinds.describe_kind(page)
    if not page.contains_jpeg_ends():
        raise ValueError("a strip or tile ends too early")
    if not matches_checksums(page):
        raise ValueError("a strip or tile is damaged")
    if layout is not None and tiff_kinds.is_misread(page):
        return _decode_samples(page, layout, memory), has_more_pages
    try:
        with _open(tiff.start_with(page)) as picture:
            _check_memory(picture, data, memory, page.strip_bytes)
            picture.load()
            return take_plain(picture), has_more_pages
    except UnidentifiedImageError:
        if layout is None:
            raise tiff_kinds.describe_kind(page) from None
    return _decode_samples(page, layout, memory), has_more_pages


def _decode_samples(page: tiff.Page, layout: SampleLayout, memory: int | None) -> Image.Image:
    """Return the plain picture of a page that Pillow cannot decode, or decodes wrongly."""
    Image._decompression_bomb_check(layout.size)
    check_decoding_memory(layout.size, layout.bytes_per_pixel, len(page.data), memory)
    colors, alpha = decode_samples(page, layout)
    colors.info[ICC_PROFILE] = page.array(tiff.Tag.ICC_PROFILE).tobytes()
    plain = take_plain(colors)
    if alpha is not None:
        plain.putalpha(alpha)
    # It turns the picture upright. Pillow's own reader of EXIF knows no BigTIFF.
    plain.getexif()[ExifTags.Base.Orientation] = page.number(tiff.Tag.ORIENTATION, 1)
    return take_plain(plain)


def _decode_jpeg2000(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file."""
    jpeg2000.check_subsampling(data)
    jpeg2000.check_blocks(data)
    channels, profile = read_channels(data), jpeg2000.find_profile(data)
    if channels.palette is not None:
        data = jpeg2000.get_codestream(data)
    with _open(data) as picture:
        centered_data = jpeg2000.center(data)
        # The second picture, which is decoded from a second file.
        extra = PLAIN_BYTES if centered_data else 0
        _check_memory(picture, data, memory, PALETTE_BYTES if channels.palette else extra)
        picture.load()
        if centered_data is not None:
            with _open(centered_data) as centered:
                centered.load()
                jpeg2000.restore_white(picture, centered)
        rescale = jpeg2000.restore_indices if channels.palette else jpeg2000.stretch
        arranged = channels.arrange(rescale(data, picture))
        arranged.info[ICC_PROFILE] = profile
        return take_plain(arranged), False


def _decode_heif(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file, and whether the file has more pictures.

    Raises:
        MissingDependencyError: The package that reads these files is not installed.
    """
    heif.register()
    with _open(data, (heif.FORMAT,)) as picture:
        _check_memory(picture, data, memory)
        picture.load()
        return take_plain(picture), bool(getattr(picture, "is_animated", False))


def _decode_gif(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file, and whether the file has more frames.

    What the first frame leaves uncovered is transparent, as in browsers. Without a transparent
    color, Pillow gives it the first one of the palette.
    """
    if not is_complete(data):
        raise ValueError(ENDS_EARLY)  # Pillow reads any number of empty blocks
    with _open(data) as picture:
        _check_memory(picture, data, memory, PLAIN_BYTES + _ALPHA_BYTES)
        covered = picture.tile[0].extents
        has_more_frames = bool(getattr(picture, "is_animated", False))
        plain = take_plain(picture)
    if plain.mode == "RGB" and covered != (0, 0, *plain.size):
        alpha = Image.new("L", plain.size)
        alpha.paste(255, covered)
        plain.putalpha(alpha)
    return plain, has_more_frames


def _decode_other(data: bytes, memory: int | None) -> tuple[Image.Image, bool]:
    """Return the plain picture in a file, and whether the file has more frames."""
    if fields := bmp.find_bit_fields(data):
        Image._decompression_bomb_check(fields.size)
        check_decoding_memory(fields.size, 2 * PLAIN_BYTES, len(data), memory)
        return take_plain(fields.decode(data)), False
    with _open(data) as picture:
        has_more_frames = bool(getattr(picture, "is_animated", False))
        _check_memory(picture, data, memory)
        if bmp.is_in_runs(picture):
            bmp.load_runs(picture, data)
        picture.load()
        return take_plain(picture), has_more_frames


@contextmanager
def _open(data: bytes, formats: tuple[str, ...] = PILLOWS_FORMATS) -> Iterator[ImageFile]:
    """Open an image file that is in memory: its header is read, its pixels are not."""
    # Without a list of formats, Pillow would pass PostScript to an interpreter, among others.
    with Image.open(BytesIO(data), formats=formats) as picture:
        yield picture


def _check_memory(
    picture: ImageFile, data: bytes, memory: int | None, decoder_bytes: float = 0
) -> None:
    needed = bytes_per_pixel(picture, decoder_bytes)
    check_decoding_memory(picture.size, needed, len(data), memory)
