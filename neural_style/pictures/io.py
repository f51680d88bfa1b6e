"""Pictures: reading, resizing and writing them.

Every picture that comes out of these functions is plain: see `conversion`.
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
from ..system.interruption import interruptibly
from ..system.warning_filter import without_warnings
from .conversion import ICC_PROFILE, to_plain
from .file_formats import FORMATS, format_for

MORE_FRAMES = "more_frames"  # in `Image.info` of a picture read from a file of several frames
MAX_PICTURE_BYTES = 2**30  # twice an uncompressed RGB picture at Pillow's limit of pixels


# An explicit list, because Pillow by itself hands PostScript to an interpreter, among others.
_READABLE = tuple(dict.fromkeys(form.name for form in FORMATS.values()))

_TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF 6.0, p. 13, and BigTIFF


def load_picture(path: str | PathLike[str]) -> Image.Image:
    """Read the picture at `path`, whatever its suffix says, as a plain one: RGB or RGBA, upright.

    Of an animation or a file of several pages it is the first frame; `info[MORE_FRAMES]` is then
    True, so that whoever shows the result can say so.

    Raises:
        PictureError: the file cannot be read, is no picture, is damaged, or has more pixels than
            Pillow's limit against decompression bombs (twice `PIL.Image.MAX_IMAGE_PIXELS`).
    """
    with at_path(path):
        return decode_picture(read_file(Path(path), PictureError, MAX_PICTURE_BYTES))


def decode_picture(data: bytes) -> Image.Image:
    """As `load_picture`, from the bytes of the file; the error then names no file."""
    if not data:
        raise PictureError("expected a picture, got an empty file of 0 bytes; copy it again")
    try:
        with _opened(data) as picture:
            more_frames = _has_more_frames(picture)
            interruptibly(picture.load)
            plain = to_plain(picture)
    except PictureError:
        raise
    except UnidentifiedImageError:
        if data.startswith(_TIFF_BEGINNINGS):
            raise PictureError(
                "expected a TIFF file of 8 or 16 bits a color, got one of another kind, such as "
                "32-bit floats, or a damaged one; save it with 8 or 16 bits"
            ) from None
        known = ", ".join(_READABLE)
        raise PictureError(
            f"expected a picture ({known}), got something else; convert it to one of these"
        ) from None
    except Image.DecompressionBombError as error:
        raise PictureError(f"expected a smaller picture: {error}; scale it down first") from error
    except Exception as error:  # Pillow raises some seven kinds on damaged files
        reason = str(error) or type(error).__name__
        raise PictureError(
            f"expected a whole picture, got a damaged one ({reason}); copy or save it again"
        ) from error
    if more_frames:
        plain.info[MORE_FRAMES] = True
    return plain


def has_more_frames(path: str | PathLike[str]) -> bool:
    """Whether the picture at `path` has frames or pages beyond the first, without decoding it.

    A file that is no picture has none: `load_picture` says what is wrong with it.
    """
    try:
        with _opened(read_file(Path(path), PictureError, MAX_PICTURE_BYTES)) as picture:
            return _has_more_frames(picture)
    except Exception:  # see `decode_picture`
        return False


def _has_more_frames(picture: Image.Image) -> bool:
    # MPO is how Pillow calls a JPEG file with a second picture in it, as many phones write them: a
    # preview or a depth map, not a frame.
    return picture.format != "MPO" and bool(getattr(picture, "is_animated", False))


def identify_picture(data: bytes) -> str | None:
    """The name of the picture format that `data` begins like, or None if it is no picture."""
    try:
        with _opened(data) as picture:
            return picture.format
    except Image.DecompressionBombError:
        return "very large"
    except Exception:  # see `decode_picture`
        return None


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture in `data`, its header read and its pixels not yet, without Pillow's warnings.

    It warns at half the limit at which it refuses, and of metadata that nobody here uses.
    """
    with without_warnings(), Image.open(BytesIO(data), formats=_READABLE) as picture:
        yield picture


def save_picture(
    picture: Image.Image,
    path: str | PathLike[str],
    final_path: str | PathLike[str] | None = None,
) -> None:
    """Write `picture` to exactly `path`, in the format of its suffix.

    Alpha and an RGB ICC profile are written where the format has them and dropped where not.
    A failed write leaves no new file, but can leave a part of an old one: who needs better gives
    the path of a temporary file with the same suffix and renames it; errors then name the
    `final_path`.

    Raises:
        TypeError: `picture` is no picture.
        PictureError: the suffix is unknown, the format does not hold such a picture (see
            `PictureFormat.check_size`), or the file cannot be written.
    """
    form = format_for(path)
    plain = to_plain(picture)
    with at_path(final_path or path):
        form.check_size(plain.size)
    if plain.mode == "RGBA" and not form.keeps_alpha:
        plain = plain.convert("RGB")
    profile = plain.info.get(ICC_PROFILE)
    file = BytesIO()  # not `path`: an interrupted encoder may go on for a while
    try:
        interruptibly(lambda: plain.save(file, form.name, icc_profile=profile, **form.options))
        _write(Path(path), file)
    except Exception as error:  # OSError from the disk, ValueError and others from the encoders
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PictureError(f"{final_path or path}: cannot be written: {reason}") from error


def _write(path: Path, file: BytesIO) -> None:
    is_new = not os.path.lexists(path)
    try:
        path.write_bytes(file.getbuffer())
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise
