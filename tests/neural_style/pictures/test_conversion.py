"""Conversion of pictures in any mode to plain pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray
from PIL import Image, ImageCms

from neural_style import PictureError
from neural_style.pictures.conversion import to_plain
from tests.support.files.icc import SRGB, make_gray_inks_profile, make_linear_gray_profile
from tests.support.networks.styles import assert_close, make_picture

Pixel = int | tuple[int, ...]

OPAQUE_MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F")
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
MODES_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
ALL_MODES = (*OPAQUE_MODES, *DEEP_MODES, *MODES_WITH_ALPHA)
SIZE = (37, 23)


def make_in_mode(mode: str) -> Image.Image:
    """Return a picture in a mode that `make_picture` may not support."""
    if mode in DEEP_MODES:
        return Image.new(mode, SIZE, 0x8000)
    return make_picture(*SIZE, mode)


def red_levels(picture: Image.Image) -> list[int]:
    """Return the red values in the first row of a plain picture."""
    levels: list[int] = np.asarray(picture)[0, :, 0].tolist()
    return levels


def alpha_levels(picture: Image.Image) -> list[int]:
    """Return the alpha values of a plain picture, row by row."""
    levels: list[int] = np.asarray(picture.getchannel("A")).ravel().tolist()
    return levels


def rgb_at_origin(picture: Image.Image) -> tuple[int, ...]:
    """Return the top left pixel of a picture in mode RGB."""
    pixel: tuple[int, ...] = picture.getpixel((0, 0))  # type: ignore[assignment]
    return pixel


@pytest.mark.parametrize("mode", ALL_MODES)
def test_every_mode_becomes_rgb_or_rgba(mode: str) -> None:
    plain = to_plain(make_in_mode(mode))

    assert plain.mode == ("RGBA" if mode in MODES_WITH_ALPHA else "RGB")


@pytest.mark.parametrize("mode", ALL_MODES)
def test_the_size_is_kept(mode: str) -> None:
    assert to_plain(make_in_mode(mode)).size == SIZE


@pytest.mark.parametrize("mode", ALL_MODES)
def test_a_plain_picture_keeps_its_content(mode: str) -> None:
    plain = to_plain(make_in_mode(mode))

    assert to_plain(plain) == plain


@pytest.mark.parametrize(
    ("mode", "within"), [("RGB", 0), ("RGBX", 0), ("CMYK", 0), ("HSV", 8), ("YCbCr", 3)]
)
def test_colors_are_kept(mode: str, within: int) -> None:
    assert_close(to_plain(make_picture(mode=mode)), make_picture(), within)


def test_lab_colors_are_converted_to_srgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    color = Image.new("RGB", (1, 1), (200, 150, 100))
    picture = ImageCms.profileToProfile(color, srgb, lab, outputMode="LAB")
    assert picture is not None

    plain = to_plain(picture)

    assert_close(plain, color, within=2)


# Transparency


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_an_alpha_channel_is_kept(mode: str) -> None:
    picture = make_picture(mode=mode)

    plain = to_plain(picture)

    assert plain.getchannel("A") == picture.getchannel("A")


def test_the_colors_of_transparent_pixels_are_kept() -> None:
    picture = Image.new("RGBA", (1, 1), (10, 20, 30, 0))

    plain = to_plain(picture)

    assert plain.getpixel((0, 0)) == (10, 20, 30, 0)


@pytest.mark.parametrize(
    ("mode", "clear", "opaque", "key"),
    [
        ("1", 1, 0, 255),
        ("L", 7, 8, 7),
        ("RGB", (1, 2, 3), (1, 2, 4), (1, 2, 3)),
    ],
)
def test_a_key_color_becomes_alpha(mode: str, clear: Any, opaque: Pixel, key: Pixel) -> None:
    picture = Image.new(mode, (2, 1), clear)
    picture.putpixel((1, 0), opaque)
    picture.info["transparency"] = key

    plain = to_plain(picture)

    assert alpha_levels(plain) == [0, 255]


def test_a_16_bit_key_is_compared_in_16_bits() -> None:
    picture = Image.fromarray(np.array([[0x1234, 0x1235]], dtype=np.uint16))
    picture.info["transparency"] = 0x1234

    plain = to_plain(picture)

    assert alpha_levels(plain) == [0, 255]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_transparency_in_a_palette_becomes_alpha(transparency: int | bytes) -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture.info["transparency"] = transparency

    plain = to_plain(picture)

    assert [plain.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30, 0), (40, 50, 60, 255)]


# Deep modes


@pytest.mark.parametrize("dtype", [">u2", "<u2", np.int32])
def test_16_bit_values_keep_their_upper_bits(dtype: DTypeLike) -> None:
    values: NDArray[Any] = np.array([[0, 0x00FF, 0x0100, 0x8000, 0xFFFF]], dtype=dtype)

    plain = to_plain(Image.fromarray(values))

    assert red_levels(plain) == [0, 0, 1, 0x80, 0xFF]


def test_integers_beyond_16_bits_are_clamped() -> None:
    values = np.array([[-5, 1 << 20]], dtype=np.int32)

    plain = to_plain(Image.fromarray(values))

    assert red_levels(plain) == [0, 255]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0, 127.6, 300], [0, 128, 255]),
        ([-1, np.nan, 1], [0, 0, 255]),
    ],
    ids=["up to 1", "up to 255", "negative and NaN"],
)
def test_the_range_of_floats_depends_on_their_maximum(
    values: list[float], levels: list[int]
) -> None:
    picture = Image.fromarray(np.array([values], dtype=np.float32))

    plain = to_plain(picture)

    assert red_levels(plain) == levels


# Profiles and other metadata


def test_cmyk_is_converted_through_its_profile() -> None:
    cyan = Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    cyan.info["icc_profile"] = make_gray_inks_profile()

    pixel = rgb_at_origin(to_plain(cyan))

    assert max(pixel) - min(pixel) <= 2
    assert 100 < pixel[0] < 140


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_is_converted_through_its_profile(mode: str) -> None:
    gray = Image.new("L", (1, 1), 128).convert(mode)
    gray.info["icc_profile"] = make_linear_gray_profile()

    pixel = rgb_at_origin(to_plain(gray))

    assert 180 < pixel[0] < 195  # half the light is at three quarters of sRGB's scale


@pytest.mark.parametrize(
    ("mode", "profile"),
    [("CMYK", make_gray_inks_profile()), ("L", make_linear_gray_profile()), ("CMYK", SRGB)],
    ids=["CMYK", "gray", "RGB in a CMYK picture"],
)
def test_a_profile_of_other_values_than_rgb_is_dropped(mode: str, profile: bytes) -> None:
    picture = Image.new(mode, (1, 1))
    picture.info["icc_profile"] = profile

    plain = to_plain(picture)

    assert plain.info == {}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_rgb_profile_is_kept(mode: str) -> None:
    picture = make_picture(mode=mode)
    picture.info["icc_profile"] = SRGB

    plain = to_plain(picture)

    assert plain.info == {"icc_profile": SRGB}


@pytest.mark.parametrize(
    "profile",
    [b"", b"junk", b"\0" * 200, make_gray_inks_profile()[:300]],
    ids=["empty", "short", "zeros", "cut off"],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_damaged_profile_is_ignored(mode: str, profile: bytes) -> None:
    picture = Image.new(mode, (2, 2))
    picture.info["icc_profile"] = profile

    plain = to_plain(picture)

    assert plain.mode == "RGB"


def test_malformed_exif_data_is_ignored() -> None:
    picture = make_picture()
    picture.info["exif"] = b"Exif\0\0nothing of the kind"

    plain = to_plain(picture)

    assert plain.tobytes() == make_picture().tobytes()


def test_other_metadata_is_dropped() -> None:
    picture = make_picture()
    picture.info.update(comment="by whom", gamma=0.45)

    plain = to_plain(picture)

    assert plain.info == {}


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="expected at least 1x1 px"):
        to_plain(Image.new("RGB", size))
