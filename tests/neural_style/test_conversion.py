from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from neural_style import PictureError
from neural_style.pictures.conversion import to_plain

MakePicture = Callable[..., Image.Image]

OPAQUE_MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F")
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N")
MODES_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
ALL_MODES = (*OPAQUE_MODES, *DEEP_MODES, *MODES_WITH_ALPHA)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def in_mode(make_picture: MakePicture, mode: str) -> Image.Image:
    if mode in DEEP_MODES:
        return Image.new(mode, (37, 23), 0x8000)
    return make_picture(mode=mode)


def icc_profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile for output devices, as in ICC.1:2022, section 7."""
    connection = b"Lab " if space == b"CMYK" else b"XYZ "
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(tag))
        body += tag + b"\0" * (-len(tag) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", offset + len(body), b"", 0x02400000, b"prtr", space, connection, b"",
        b"acsp",
    )  # fmt: skip
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)  # D50, as every profile must say
    return header.ljust(68, b"\0") + illuminant.ljust(60, b"\0") + table + body


def linear_gray_profile() -> bytes:
    white = struct.pack(">4s4x3i", b"XYZ ", 0xF6D6, 0x10000, 0xD32D)
    linear = struct.pack(">4s4xI", b"curv", 0)
    return icc_profile(b"GRAY", {b"wtpt": white, b"kTRC": linear})


def cmyk_profile_of_gray_inks() -> bytes:
    """Every ink alone is the same gray: plain arithmetic would make a color of it."""
    identity = bytes(range(256))
    lightness = [(255, 128, 0, 0, 0)[bin(inks).count("1")] for inks in range(16)]
    grid = b"".join(bytes((level, 128, 128)) for level in lightness)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut = struct.pack(">4s4x4B", b"mft1", 4, 3, 2, 0) + matrix + identity * 4 + grid + identity * 3
    return icc_profile(b"CMYK", {b"A2B0": lut})


@pytest.mark.parametrize("mode", ALL_MODES)
def test_every_mode_becomes_rgb_or_rgba(mode: str, make_picture: MakePicture) -> None:
    plain = to_plain(in_mode(make_picture, mode))
    assert plain.mode == ("RGBA" if mode in MODES_WITH_ALPHA else "RGB")


@pytest.mark.parametrize("mode", ALL_MODES)
def test_the_size_stays(mode: str, make_picture: MakePicture) -> None:
    assert to_plain(in_mode(make_picture, mode)).size == (37, 23)


@pytest.mark.parametrize("mode", ALL_MODES)
def test_a_plain_picture_stays_as_it_is(mode: str, make_picture: MakePicture) -> None:
    plain = to_plain(in_mode(make_picture, mode))
    assert to_plain(plain) == plain


@pytest.mark.parametrize("mode", ["RGB", "RGBX", "CMYK", "HSV", "YCbCr"])
def test_colors_survive_the_mode(
    mode: str, make_picture: MakePicture, assert_close: Callable[..., None]
) -> None:
    within = {"RGB": 0, "RGBX": 0, "CMYK": 0, "HSV": 8, "YCbCr": 3}[mode]
    assert_close(to_plain(make_picture(mode=mode)), make_picture(), within)


def test_lab_colors_become_those_of_srgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    color = Image.new("RGB", (1, 1), (200, 150, 100))
    picture = ImageCms.profileToProfile(color, srgb, lab, outputMode="LAB")
    assert picture is not None
    np.testing.assert_allclose(np.asarray(to_plain(picture)), np.asarray(color), atol=2)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_carried_over_untouched(mode: str, make_picture: MakePicture) -> None:
    picture = make_picture(mode=mode)
    assert to_plain(picture).getchannel("A") == picture.getchannel("A")


def test_colors_under_transparent_pixels_stay() -> None:
    assert to_plain(Image.new("RGBA", (1, 1), (10, 20, 30, 0))).getpixel((0, 0)) == (10, 20, 30, 0)


@pytest.mark.parametrize(
    ("mode", "clear", "opaque"), [("1", 1, 0), ("L", 7, 8), ("RGB", (1, 2, 3), (1, 2, 4))]
)
def test_a_key_color_becomes_alpha(mode: str, clear: object, opaque: object) -> None:
    picture = Image.new(mode, (2, 1), clear)  # type: ignore[arg-type]
    picture.putpixel((1, 0), opaque)  # type: ignore[arg-type]
    picture.info["transparency"] = clear if mode != "1" else 255
    assert list(np.asarray(to_plain(picture).getchannel("A")).ravel()) == [0, 255]


def test_a_16_bit_key_is_compared_in_16_bits() -> None:
    picture = Image.fromarray(np.array([[0x1234, 0x1235]], dtype=np.uint16))
    picture.info["transparency"] = 0x1234
    assert list(np.asarray(to_plain(picture).getchannel("A")).ravel()) == [0, 255]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_transparency_in_a_palette_becomes_alpha(transparency: object) -> None:
    picture = Image.new("P", (2, 1), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture.info["transparency"] = transparency
    assert [to_plain(picture).getpixel((x, 0)) for x in (0, 1)] == [
        (10, 20, 30, 0),
        (40, 50, 60, 255),
    ]


@pytest.mark.parametrize("dtype", [">u2", "<u2", np.int32])
def test_16_bit_values_are_scaled_and_not_clipped(dtype: object) -> None:
    values = np.array([[0, 0x00FF, 0x0100, 0x8000, 0xFFFF]], dtype=dtype)  # type: ignore[call-overload]
    plain = to_plain(Image.fromarray(values))
    assert list(np.asarray(plain)[0, :, 0]) == [0, 0, 1, 0x80, 0xFF]


def test_integers_beyond_16_bits_are_clamped() -> None:
    plain = to_plain(Image.fromarray(np.array([[-5, 1 << 20]], dtype=np.int32)))
    assert list(np.asarray(plain)[0, :, 0]) == [0, 255]


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0, 0.5, 1], [0, 128, 255]),
        ([0, 127.6, 300], [0, 128, 255]),
        ([-1, np.nan, 1], [0, 0, 255]),
    ],
    ids=["to 1", "to 255", "odd"],
)
def test_floats_are_taken_by_their_maximum(values: list[float], levels: list[int]) -> None:
    plain = to_plain(Image.fromarray(np.array([values], dtype=np.float32)))
    assert list(np.asarray(plain)[0, :, 0]) == levels


def test_cmyk_goes_through_its_profile() -> None:
    cyan = Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    cyan.info["icc_profile"] = cmyk_profile_of_gray_inks()
    pixel = to_plain(cyan).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert max(pixel) - min(pixel) <= 2
    assert 100 < pixel[0] < 140


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_goes_through_its_profile(mode: str) -> None:
    gray = Image.new("L", (1, 1), 128).convert(mode)
    gray.info["icc_profile"] = linear_gray_profile()
    pixel = to_plain(gray).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert 180 < pixel[0] < 195  # half the light is three quarters of sRGB's scale


@pytest.mark.parametrize(
    ("mode", "profile"),
    [("CMYK", cmyk_profile_of_gray_inks()), ("L", linear_gray_profile()), ("CMYK", SRGB)],
)
def test_no_profile_but_an_rgb_one_is_kept(mode: str, profile: bytes) -> None:
    picture = Image.new(mode, (1, 1))
    picture.info["icc_profile"] = profile
    assert to_plain(picture).info == {}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_rgb_profile_is_kept(mode: str, make_picture: MakePicture) -> None:
    picture = make_picture(mode=mode)
    picture.info["icc_profile"] = SRGB
    assert to_plain(picture).info == {"icc_profile": SRGB}


@pytest.mark.parametrize("profile", [b"", b"junk", b"\0" * 200, cmyk_profile_of_gray_inks()[:300]])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_damaged_profile_does_not_cost_the_picture(mode: str, profile: bytes) -> None:
    picture = Image.new(mode, (2, 2))
    picture.info["icc_profile"] = profile
    assert to_plain(picture).mode == "RGB"


def test_malformed_exif_does_not_cost_the_picture(make_picture: MakePicture) -> None:
    picture = make_picture()
    picture.info["exif"] = b"Exif\0\0nothing of the kind"
    assert to_plain(picture) == make_picture()


def test_other_metadata_is_left_behind(make_picture: MakePicture) -> None:
    picture = make_picture()
    picture.info.update(comment="by whom", dpi=(72, 72))
    assert to_plain(picture).info == {}


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="expected at least 1x1 px"):
        to_plain(Image.new("RGB", size))
