"""The memory that decoding takes, and the limits on it."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import PictureError
from neural_style.pictures import decoding_memory
from neural_style.pictures.decoding import decode_picture
from neural_style.pictures.decoding_memory import DEFAULT_MEMORY
from neural_style.system.resources import anonymous_memory
from tests.support.files.decoding_child import decode_in_child
from tests.support.files.icc import make_linear_gray_profile
from tests.support.files.pictures import encode
from tests.support.files.png import GRAY, GRAY_ALPHA, RGB, Samples, chunk, make_png
from tests.support.files.tiff import BLACK_IS_ZERO, CMYK, DEFLATE, Layout, make_tiff

MEBIBYTE = 2**20
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "HEIF")
SIDE = 3000
OVERHEAD = 60 * MEBIBYTE  # libraries, and strips of pixels between two pictures


def make_file(format: str, mode: str = "RGB", side: int = 256, **options: Any) -> bytes:
    return encode(Image.new(mode, (side, side)), format, **options)


@pytest.mark.parametrize("format", FORMATS)
def test_a_limit_below_the_need_is_kept(format: str) -> None:
    limit = (anonymous_memory() or 0) + 1000

    with pytest.raises(PictureError, match=r"of memory to decode 256x256 px.*--memory"):
        decode_picture(make_file(format), limit)


@pytest.mark.parametrize("format", FORMATS)
def test_a_sufficient_limit_changes_nothing(format: str) -> None:
    data = make_file(format)

    assert decode_picture(data, (anonymous_memory() or 0) + 200 * MEBIBYTE) == decode_picture(data)


def test_without_a_limit_the_default_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding_memory, "free_memory", lambda limit: None)
    monkeypatch.setattr(decoding_memory, "DEFAULT_MEMORY", 1000)
    monkeypatch.setattr(decoding_memory, "_SMALL_BYTES", 0)

    with pytest.raises(PictureError, match="of memory to decode"):
        decode_picture(make_file("PNG"))


def test_memory_is_not_measured_for_a_small_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding_memory, "free_memory", lambda limit: pytest.fail("measured"))

    assert decode_picture(make_file("PNG")).size == (256, 256)


@pytest.mark.parametrize("bytes_per_pixel", [8, 16.5], ids=["JPEG and PNG", "WebP"])
def test_a_photograph_of_100_megapixels_fits_into_the_default(bytes_per_pixel: float) -> None:
    assert 100_000_000 * bytes_per_pixel < DEFAULT_MEMORY


def blank(channels: int) -> Samples:
    return np.zeros((SIDE, SIDE, channels), np.uint16)


def gray_profile() -> bytes:
    return chunk(b"iCCP", b"gray\0\0" + zlib.compress(make_linear_gray_profile()))


LARGE_FILES: dict[str, tuple[Callable[[], bytes], float]] = {
    "PNG": (lambda: make_file("PNG", side=SIDE), 8),
    "PNG of 16 bits with a key": (
        lambda: make_png(blank(3), 16, RGB, [chunk(b"tRNS", bytes(6))]),
        13,
    ),
    "PNG of 16-bit gray with a key": (
        lambda: make_png(blank(1), 16, GRAY, [chunk(b"tRNS", bytes(2))]),
        6,
    ),
    "PNG with alpha and a gray profile": (
        lambda: make_png(blank(2), 8, GRAY_ALPHA, [gray_profile()]),
        8,
    ),
    "progressive JPEG": (lambda: make_file("JPEG", "CMYK", SIDE, progressive=True), 12),
    "lossless WebP": (lambda: make_file("WEBP", "RGBA", SIDE, lossless=True), 16.5),
    "TIFF of floats": (
        lambda: make_tiff(
            np.zeros((SIDE, SIDE, 1), np.float32),
            Layout(BLACK_IS_ZERO, 32, "f", compression=DEFLATE),
        ),
        8,
    ),
    "TIFF of CMYK with alpha": (
        lambda: make_tiff(
            np.zeros((SIDE, SIDE, 5), np.uint8),
            Layout(CMYK, 8, extra_samples=(2,), compression=DEFLATE),
        ),
        10,
    ),
    "AVIF": (lambda: make_file("AVIF", side=SIDE, speed=10), 12),
    "HEIC": (lambda: make_file("HEIF", "RGBA", side=SIDE, chroma=444), 13),
    "JPEG 2000": (lambda: make_file("JPEG2000", side=SIDE), 19),
}
"""Files, and the bytes of a pixel that decoding them is expected to take at most."""

QUICK = ("PNG of 16 bits with a key", "lossless WebP", "TIFF of floats")
"""Those that are decoded in every run of the tests."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.soak) for name in LARGE_FILES],
)
def test_decoding_takes_no_more_than_is_expected(name: str, tmp_path: Path) -> None:
    make, bytes_per_pixel = LARGE_FILES[name]
    path = tmp_path / "picture"
    path.write_bytes(make())
    expected = int(SIDE * SIDE * bytes_per_pixel)

    report = decode_in_child([path])

    assert report.decoded == 1
    assert report.memory <= expected + path.stat().st_size + OVERHEAD
    with pytest.raises(PictureError, match="of memory to decode"):
        decode_picture(path.read_bytes(), (anonymous_memory() or 0) + expected * 9 // 10)
