"""Reading of BMP files: colors in other bits than Pillow knows, and pixels in runs."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from neural_style import PictureError
from neural_style.pictures.checking import check_structure
from neural_style.pictures.decoding import decode_picture
from tests.support.files.bmp import make_runs

Levels = NDArray[np.uint8]

OLD, V4, V5 = 40, 108, 124
"""Sizes of headers."""

RGBX, XRGB, BGRX = (
    (0xFF, 0xFF00, 0xFF0000),
    (0xFF00, 0xFF0000, 0xFF000000),
    (0xFF0000, 0xFF00, 0xFF),
)
DEEP = (0x3FF00000, 0xFFC00, 0x3FF)
NARROW, WITH_BIT = (0xF00, 0xF0, 0xF), (0x7C00, 0x3E0, 0x1F, 0x8000)
RGBA4, BGRA = (0xF000, 0xF00, 0xF0, 0xF), (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def make_bmp(
    levels: Levels, bits: int, masks: tuple[int, ...], header: int, top_down: bool = False
) -> bytes:
    """Return a file of height x width x 3 or 4 levels."""
    height, width = levels.shape[:2]
    pixels = np.zeros((height, width), np.uint64)
    for channel, mask in enumerate(masks):
        lowest = mask & -mask
        values = np.round(levels[..., channel] * (mask // lowest / 255)).astype(np.uint64)
        pixels |= values * np.uint64(lowest)
    stored = pixels.astype(f"<u{bits // 8}")
    rows = [row.tobytes() + bytes(-row.nbytes % 4) for row in stored]
    data = b"".join(rows if top_down else rows[::-1])
    start = 14 + header + (12 if header == OLD else 0)
    fields = (header, width, -height if top_down else height, 1, bits, 3, len(data), 0, 0, 0, 0)
    described = struct.pack("<IiiHHIIiiII", *fields)
    described += struct.pack(f"<{len(masks)}I", *masks)
    described = described.ljust(start - 14, b"\0")
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + described + data


def make_levels(channels: int) -> Levels:
    return np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize(
    ("bits", "masks", "header"),
    [
        (32, RGBX, OLD),
        (32, XRGB, OLD),
        (32, BGRX, OLD),
        (32, DEEP, OLD),
        (16, NARROW, OLD),
        (16, NARROW, V4),
        (16, WITH_BIT, V4),
        (16, RGBA4, V5),
        (32, BGRA, V5),
    ],
    ids=[
        "RGBX",
        "XRGB",
        "BGRX",
        "10 bits",
        "4 bits",
        "4 bits V4",
        "1 bit of alpha",
        "RGBA4",
        "BGRA",
    ],
)
def test_colors_in_any_bits_are_decoded(
    bits: int, masks: tuple[int, ...], header: int, top_down: bool
) -> None:
    levels = make_levels(len(masks))

    decoded = np.asarray(decode_picture(make_bmp(levels, bits, masks, header, top_down)))

    full = np.array([mask // (mask & -mask) for mask in masks])
    expected = np.round(np.round(levels * (full / 255)) * (255 / full))
    assert decoded.tolist() == expected.astype(int).tolist()


def test_a_picture_without_its_last_row_is_refused() -> None:
    data = bytearray(make_bmp(make_levels(3), 32, RGBX, OLD))[:-8]
    data[2:6] = len(data).to_bytes(4, "little")

    with pytest.raises(PictureError, match="the data end before the last row"):
        decode_picture(bytes(data))


def test_the_number_of_pixels_is_limited() -> None:
    data = bytearray(make_bmp(make_levels(3), 32, RGBX, OLD))
    data[18:26] = struct.pack("<ii", 30_000, 30_000)

    with pytest.raises(PictureError, match="expected a smaller picture"):
        decode_picture(bytes(data))


def test_the_structure_of_a_large_file_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "large.bmp"
    path.write_bytes(make_bmp(make_levels(3), 32, RGBX, OLD))

    check_structure(path)


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(
    ("bits", "runs"),
    [
        (8, b"\3\1\2\1\0\0\0\3\1\2\3\0\2\4\0\0\0\2\2\0\1\5\1\6\1\5\0\1"),
        (4, b"\3\x11\2\x11\0\0\0\3\x12\x30\2\x44\0\0\0\2\2\0\3\x56\0\1"),
    ],
    ids=["8 bits", "4 bits"],
)
def test_runs_are_expanded_from_any_place(bits: int, runs: bytes, padding: int) -> None:
    decoded = np.asarray(decode_picture(make_runs(runs, bits, padding)))[..., 0] // 16

    assert decoded.tolist() == [[0, 0, 5, 6, 5], [1, 2, 3, 4, 4], [1, 1, 1, 1, 1]]


def test_runs_may_end_before_the_last_row() -> None:
    decoded = np.asarray(decode_picture(make_runs(b"\3\1\0\1", 8)))[..., 0] // 16

    assert decoded.tolist() == [[0] * 5, [0] * 5, [1, 1, 1, 0, 0]]


def test_runs_that_are_cut_off_are_refused() -> None:
    with pytest.raises(PictureError, match="the data end before the last row"):
        decode_picture(make_runs(b"\5\1\0\0\5\1\0\0\4\1", 8))


@pytest.mark.parametrize("stated", [0, 10**6])
def test_a_wrong_size_of_the_file_does_not_count(stated: int) -> None:
    data = bytearray(make_bmp(make_levels(3), 32, RGBX, OLD))
    data[2:6] = stated.to_bytes(4, "little")

    assert decode_picture(bytes(data)).size == (7, 5)


def test_masks_of_no_bits_stand_for_the_usual_ones() -> None:
    usual, levels = (0xFF0000, 0xFF00, 0xFF, 0xFF000000), make_levels(4)
    data = bytearray(make_bmp(levels, 32, usual, V4))
    data[54:70] = bytes(16)

    assert np.array_equal(np.asarray(decode_picture(bytes(data))), levels)
