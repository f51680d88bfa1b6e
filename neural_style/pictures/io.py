"""Read pictures from files and write them.

The pictures that these functions return are plain, see `conversion`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import IO, Any

from PIL import Image

from csci_utils.errors import at_path, find_remedy
from csci_utils.files import read_file

from ..errors import PictureError
from ..system.interruption import call_interruptibly
from .conversion import ICC_PROFILE, convert_to_srgb, to_plain
from .decoding import MORE_FRAMES, decode_picture, identify_picture
from .file_formats import MAX_PICTURE_BYTES, PictureFormat, format_for
from .metadata import read_metadata
from .metadata.writing import add_details, encoder_options

__all__ = [
    "MORE_FRAMES",
    "decode_picture",
    "identify_picture",
    "load_picture",
    "load_with_digest",
    "read_picture_file",
    "save_picture",
]

_COPIED_AT_ONCE = 1 << 20  # bytes


def load_picture(path: str | PathLike[str], memory: int | None = None) -> Image.Image:
    """Read the picture at `path` as a plain picture: upright, in mode RGB or RGBA.

    The content decides about the format, not the suffix. Of an animation or a file of several
    pages, the first frame is read and `info[MORE_FRAMES]` is set to True. The first page of a TIFF
    file does not count where it is a preview of a larger one.

    Args:
        path: The file.
        memory: The most memory, in bytes, that this process may have while it decodes; see
            `free_memory`. By default a picture may take 1.75 GB, enough for a photograph of 100
            megapixels, but not more than is available.

    Raises:
        MissingDependencyError: It is a HEIC or HEIF picture, and pillow-heif is not installed.
        PictureError: The file cannot be read, is not a picture, is incomplete, damaged or of an
            unsupported kind, needs more memory than there is, or has more pixels than Pillow
            allows (twice `PIL.Image.MAX_IMAGE_PIXELS`, against decompression bombs).
    """
    with at_path(path):
        return decode_picture(read_picture_file(path), memory)


def load_with_digest(
    path: str | PathLike[str], memory: int | None = None
) -> tuple[Image.Image, str]:
    """Read a picture as `load_picture` does, and return it with the SHA-256 of its file."""
    with at_path(path):
        data = read_picture_file(path)
        return decode_picture(data, memory), hashlib.sha256(data).hexdigest()


def read_picture_file(path: str | PathLike[str]) -> bytes:
    """Return the bytes of a picture's file, undecoded.

    Raises:
        PictureError: The file cannot be read, or is larger than `MAX_PICTURE_BYTES`.
    """
    return read_file(Path(path), PictureError, MAX_PICTURE_BYTES)


def save_picture(
    picture: Image.Image,
    path: str | PathLike[str],
    final_path: str | PathLike[str] | None = None,
    keep_location: bool = False,
    file_format: str | None = None,
    quality: int | None = None,
) -> None:
    """Write `picture` to exactly `path`, by default in the format that its suffix names.

    An alpha channel and metadata (see `Metadata`) are dropped if the format cannot store them. If
    it cannot store an ICC profile, the colors are converted to sRGB. The write is not atomic: if it
    fails, a new file is removed, but an existing file may be damaged. For an atomic write, write to
    a temporary file of the same suffix and rename it.

    Args:
        picture: Any picture; see `to_plain` for how it is converted.
        path: The file to write.
        final_path: The path that errors name in place of that of a temporary file.
        keep_location: Whether the GPS position in the metadata is written, too.
        file_format: One of the `FORMATS`, where the suffix of `path` names none.
        quality: From 1 to 100, for JPEG, WebP, AVIF and HEIF. By default 95.

    Raises:
        TypeError: `picture` is not a `PIL.Image.Image`.
        MissingDependencyError: The format is HEIF, and pillow-heif is not installed.
        PictureError: The suffix is unknown or contradicts the format, the picture is too large for
            the format, it has no quality, or the file cannot be written.
    """
    kind = format_for(path, file_format)
    plain = to_plain(picture)
    with at_path(final_path or path):
        kind.check(plain.size, quality)
        try:
            with _memory_file() as file:
                _encode(plain, file, kind, kind.encoder_options(quality), keep_location)
                _write(Path(path), file)
        except Exception as error:  # encoders raise ValueError and others
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise PictureError(f"cannot be written: {reason}", remedy=find_remedy(error)) from error


@contextmanager
def _memory_file() -> Iterator[IO[bytes]]:
    """Yield an empty file in memory, with a descriptor where the system has such files.

    Pillow's encoders let other threads work only while they write to a descriptor.
    """
    has_descriptor = hasattr(os, "memfd_create")
    file = os.fdopen(os.memfd_create("picture"), "w+b") if has_descriptor else BytesIO()
    try:
        yield file
    except KeyboardInterrupt:
        raise  # the encoder may go on, and a closed descriptor would soon be another file's
    except BaseException:
        file.close()
        raise
    file.close()


def _encode(
    plain: Image.Image,
    file: IO[bytes],
    kind: PictureFormat,
    options: dict[str, Any],
    keep_location: bool,
) -> None:
    """Write the content of an image file."""
    if plain.mode == "RGBA" and not kind.keeps_alpha:
        plain = plain.convert("RGB")
    if not kind.keeps_profile:
        call_interruptibly(lambda: convert_to_srgb(plain))
    profile = plain.info.get(ICC_PROFILE)
    metadata = read_metadata(plain).for_painting(keep_location)
    options |= encoder_options(kind.name, metadata)
    # An interrupted encoder may go on, so it must not write to the path itself.
    call_interruptibly(lambda: plain.save(file, kind.name, icc_profile=profile, **options))
    if kind.name == "TIFF" and metadata.exif:
        file.seek(0)
        detailed = add_details(file.read(), metadata)
        file.seek(0)
        file.truncate()
        file.write(detailed)


def _write(path: Path, content: IO[bytes]) -> None:
    """Write a file; if that fails, remove it unless it existed before."""
    is_new = not os.path.lexists(path)
    try:
        content.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, _COPIED_AT_ONCE)
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise
