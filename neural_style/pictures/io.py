"""Read pictures from files and write them.

The pictures that these functions return are plain, see `conversion`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from csci_utils.errors import at_path
from csci_utils.files import read_file

from ..errors import PictureError
from ..system.interruption import call_interruptibly
from ..system.warning_filter import suppress_warnings
from .conversion import ICC_PROFILE, to_plain
from .file_formats import FORMAT_NAMES, PictureFormat, format_for

MORE_FRAMES = "more_frames"
"""The key in `Image.info` that is True if the file has more frames or pages than the one read."""

MAX_PICTURE_BYTES = 2**30
"""The largest file that is read: twice an uncompressed RGB picture at Pillow's limit of pixels."""

_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF 6.0, p. 13, and BigTIFF


def load_picture(path: str | PathLike[str]) -> Image.Image:
    """Read the picture at `path` as a plain picture: upright, in mode RGB or RGBA.

    The content decides about the format, not the suffix. Of an animation or a file of several
    pages, the first frame is read and `info[MORE_FRAMES]` is set to True.

    Raises:
        PictureError: The file cannot be read, is not a picture, is damaged, or has more pixels than
            Pillow allows (twice `PIL.Image.MAX_IMAGE_PIXELS`, against decompression bombs).
    """
    with at_path(path):
        return decode_picture(read_file(Path(path), PictureError, MAX_PICTURE_BYTES))


def decode_picture(data: bytes) -> Image.Image:
    """Decode the content of an image file as `load_picture` does.

    Raises:
        PictureError: See `load_picture`. The error has no path.
    """
    if not data:
        raise PictureError(
            "expected a picture, got an empty file of 0 bytes", remedy="copy it again"
        )
    try:
        with _open(data) as picture:
            more_frames = _has_more_frames(picture)
            call_interruptibly(picture.load)
            plain = to_plain(picture)
    except PictureError:
        raise
    except Exception as error:  # for damaged files, Pillow raises about seven types
        raise _describe_failure(error, data) from error
    if more_frames:
        plain.info[MORE_FRAMES] = True
    return plain


def identify_picture(data: bytes) -> str | None:
    """Return Pillow's name for the format that `data` begins with; None if it is not a picture."""
    try:
        with _open(data) as picture:
            return picture.format
    except Image.DecompressionBombError:
        return "very large"
    except Exception:  # see `decode_picture`
        return None


def save_picture(
    picture: Image.Image,
    path: str | PathLike[str],
    final_path: str | PathLike[str] | None = None,
) -> None:
    """Write `picture` to exactly `path`, in the format that its suffix names.

    An alpha channel and an RGB ICC profile are dropped if the format cannot store them. The write
    is not atomic: if it fails, a new file is removed, but an existing file may be damaged. For an
    atomic write, write to a temporary file of the same suffix and rename it.

    Args:
        picture: Any picture; see `to_plain` for how it is converted.
        path: The file to write.
        final_path: The path that errors name in place of that of a temporary file.

    Raises:
        TypeError: `picture` is not a `PIL.Image.Image`.
        PictureError: The suffix is unknown, the picture is too large for the format, or the file
            cannot be written.
    """
    file_format = format_for(path)
    plain = to_plain(picture)
    with at_path(final_path or path):
        file_format.check_size(plain.size)
        try:
            _write(Path(path), _encode(plain, file_format))
        except Exception as error:  # encoders raise ValueError and others
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise PictureError(f"cannot be written: {reason}") from error


@contextmanager
def _open(data: bytes) -> Iterator[Image.Image]:
    """Open an image file that is in memory: its header is read, its pixels are not.

    Pillow would warn of pictures above half of its limit, and of metadata that is not used here.
    """
    # Without a list of formats, Pillow would pass PostScript to an interpreter, among others.
    with suppress_warnings(), Image.open(BytesIO(data), formats=FORMAT_NAMES) as picture:
        yield picture


def _has_more_frames(picture: Image.Image) -> bool:
    # MPO is Pillow's name for a JPEG file with a second picture in it. Many phones write them; the
    # second picture is a preview or a depth map, not a frame.
    return picture.format != "MPO" and bool(getattr(picture, "is_animated", False))


def _describe_failure(error: Exception, data: bytes) -> PictureError:
    """Return the error to raise in place of one that Pillow raised when it decoded `data`."""
    if isinstance(error, Image.DecompressionBombError):
        return PictureError(f"expected a smaller picture: {error}", remedy="scale it down first")
    if isinstance(error, UnidentifiedImageError):
        return _describe_unidentified(data)
    reason = str(error) or type(error).__name__
    return PictureError(
        f"expected a whole picture, got a damaged one ({reason})", remedy="copy or save it again"
    )


def _describe_unidentified(data: bytes) -> PictureError:
    if data.startswith(_TIFF_MAGICS):
        return PictureError(
            "expected a TIFF file with 8 or 16 bits a color, got another kind, such as 32-bit "
            "floats, or a damaged file",
            remedy="save it with 8 or 16 bits",
        )
    return PictureError(
        f"expected a picture ({', '.join(FORMAT_NAMES)}), got something else",
        remedy="convert it to one of these formats",
    )


def _encode(plain: Image.Image, file_format: PictureFormat) -> memoryview:
    """Return the content of an image file."""
    if plain.mode == "RGBA" and not file_format.keeps_alpha:
        plain = plain.convert("RGB")
    profile = plain.info.get(ICC_PROFILE)
    file = BytesIO()  # an interrupted encoder may go on, so it must not write to the path itself

    def save() -> None:
        plain.save(file, file_format.name, icc_profile=profile, **file_format.options)

    call_interruptibly(save)
    return file.getbuffer()


def _write(path: Path, data: memoryview) -> None:
    """Write a file; if that fails, remove it unless it existed before."""
    is_new = not os.path.lexists(path)
    try:
        path.write_bytes(data)
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise
