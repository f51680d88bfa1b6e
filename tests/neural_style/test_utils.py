from __future__ import annotations

import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from neural_style import PICTURE_SUFFIXES, PictureError, load_picture, save_picture
from neural_style.pictures.io import MORE_FRAMES, decode_picture
from neural_style.pictures.resizing import limit_side, scale_down

MakePicture = Callable[..., Image.Image]

KEEP_ALPHA = (".png", ".webp", ".tif", ".tiff", ".avif", ".jp2")
KEEP_ICC = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif")
LOSSLESS = (".png", ".tif", ".tiff", ".bmp", ".jp2")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION = 0x0112  # the EXIF tag
SAMPLE_FORMAT = 339  # the TIFF tag; 3 is for floats


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def refusal_of(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        decode_picture(data)
    assert str(caught.value).isprintable()
    return str(caught.value)


# Reading


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_what_is_written_is_read(suffix: str, make_picture: MakePicture, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"
    save_picture(make_picture(), path)
    assert load_picture(path).size == make_picture().size


def test_the_content_counts_and_not_the_suffix(make_picture: MakePicture, tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    make_picture().save(path, "PNG")
    assert load_picture(path) == make_picture()


# For each EXIF orientation, where the picture's top left corner is stored (TIFF 6.0, p. 36).
STORED_CORNERS = dict(enumerate(zip("ttbbtbbt", "lrrlllrr", strict=True), start=1))


@pytest.mark.parametrize("orientation", STORED_CORNERS)
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    size = (16, 24) if orientation < 5 else (24, 16)
    stored = Image.new("RGB", size, "black")
    vertical, horizontal = STORED_CORNERS[orientation]
    corner = (0 if horizontal == "l" else size[0] - 8, 0 if vertical == "t" else size[1] - 8)
    stored.paste((255, 255, 255), (*corner, corner[0] + 8, corner[1] + 8))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    upright = decode_picture(encoded(stored, "PNG", exif=exif))
    expected = Image.new("RGB", (16, 24), "black")
    expected.paste((255, 255, 255), (0, 0, 8, 8))
    assert upright == expected


def test_the_orientation_does_not_travel_on(make_picture: MakePicture, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    upright = decode_picture(encoded(make_picture(), "JPEG", exif=exif))
    save_picture(upright, tmp_path / "again.jpg")
    assert load_picture(tmp_path / "again.jpg").size == upright.size


def test_a_16_bit_gray_png_is_not_clipped() -> None:
    values = np.array([[0, 0x0100, 0x8000, 0xFFFF]], dtype=np.uint16)
    picture = decode_picture(encoded(Image.fromarray(values), "PNG"))
    assert list(np.asarray(picture)[0, :, 0]) == [0, 1, 0x80, 0xFF]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_of_several_frames_is_read(kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    data = encoded(first, kind, save_all=True, append_images=[second])
    assert min(np.asarray(decode_picture(data)).ravel()) > 250


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_further_frames_are_reported(kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    data = encoded(first, kind, save_all=True, append_images=[second])
    assert decode_picture(data).info[MORE_FRAMES] is True


def test_the_preview_inside_a_jpeg_is_no_frame(make_picture: MakePicture) -> None:
    data = encoded(make_picture(), "MPO", save_all=True, append_images=[make_picture()])
    assert MORE_FRAMES not in decode_picture(data).info


# What cannot be read


def png_of_size(width: int, height: int) -> bytes:
    """A PNG file with one bit a pixel that has hardly any bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (b"just text", "expected a picture (JPEG, PNG,"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "expected a picture (JPEG, PNG,"),
        (b"8BPS\0\1" + b"\0" * 100, "expected a picture (JPEG, PNG,"),
        (png_of_size(30_000, 30_000), "expected a smaller picture"),
        (png_of_size(100, 100), "expected a whole picture, got a damaged one"),
    ],
    ids=["empty", "text", "PostScript", "Photoshop", "bomb", "no pixels"],
)
def test_what_is_no_picture_is_described(data: bytes, said: str) -> None:
    assert said in refusal_of(data)


@pytest.mark.parametrize("big_tiff", [False, True])
def test_a_tiff_file_of_floats_is_called_one(big_tiff: bool, make_picture: MakePicture) -> None:
    floats = {SAMPLE_FORMAT: (3, 3, 3)}
    data = encoded(make_picture(), "TIFF", tiffinfo=floats, big_tiff=big_tiff)
    assert "expected a TIFF file of 8 or 16 bits a color" in refusal_of(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_picture_cut_short_is_called_damaged(kind: str, make_picture: MakePicture) -> None:
    data = encoded(make_picture(), kind)
    assert "damaged" in refusal_of(data[: len(data) * 3 // 4])


def test_a_large_picture_below_the_limit_gives_no_warning(
    make_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = make_picture()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", picture.width * picture.height * 2 // 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_picture(encoded(picture, "PNG"))


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"broken\.png: expected a picture"):
        load_picture(path)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"absent\.png: there is no such file"):
        load_picture(tmp_path / "absent.png")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="got a folder"):
        load_picture(tmp_path)


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_file_without_permission_is_named(picture_path: Path) -> None:
    picture_path.chmod(0)
    with pytest.raises(PictureError, match="Permission denied"):
        load_picture(picture_path)


@pytest.mark.parametrize("name", ["nul\0.png", "x" * 300 + ".png"])
def test_an_impossible_name_is_a_picture_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError):
        load_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_mutilated_pictures_raise_nothing_but_picture_errors(
    suffix: str, make_picture: MakePicture, tmp_path: Path
) -> None:
    rng = random.Random(suffix)
    path = tmp_path / f"picture{suffix}"
    save_picture(make_picture(mode="RGBA"), path)
    whole = path.read_bytes()
    for _ in range(100):
        data = bytearray(whole[: rng.choice((len(whole), rng.randrange(1, len(whole))))])
        for _ in range(rng.randrange(5)):
            place = rng.choice((rng.randrange(len(data)), rng.randrange(min(64, len(data)))))
            data[place] = rng.randrange(256)
        try:
            decode_picture(bytes(data))
        except PictureError as error:
            assert str(error).isprintable()


# Writing


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_formats_keep_every_pixel(
    suffix: str, make_picture: MakePicture, tmp_path: Path
) -> None:
    save_picture(make_picture(), tmp_path / f"picture{suffix}")
    assert load_picture(tmp_path / f"picture{suffix}") == make_picture()


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lossy_formats_stay_close(suffix: str, photo_path: Path, tmp_path: Path) -> None:
    photo = load_picture(photo_path)
    save_picture(photo, tmp_path / f"photo{suffix}")
    errors = np.asarray(load_picture(tmp_path / f"photo{suffix}"), float) - np.asarray(photo, float)
    assert np.sqrt(np.square(errors).mean()) < 4  # levels


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES - {".gif"}))
def test_alpha_is_written_where_the_format_has_it(
    suffix: str, make_picture: MakePicture, tmp_path: Path
) -> None:
    save_picture(make_picture(mode="RGBA"), tmp_path / f"picture{suffix}")
    expected = "RGBA" if suffix in KEEP_ALPHA else "RGB"
    assert load_picture(tmp_path / f"picture{suffix}").mode == expected


def test_a_gif_is_clear_or_opaque(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 200, 0))
    save_picture(picture, tmp_path / "picture.gif")
    assert list(np.asarray(load_picture(tmp_path / "picture.gif").getchannel("A"))[0]) == [255, 0]


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_an_icc_profile_is_written_where_the_format_has_it(
    suffix: str, make_picture: MakePicture, tmp_path: Path
) -> None:
    picture = make_picture()
    picture.info["icc_profile"] = SRGB
    save_picture(picture, tmp_path / f"picture{suffix}")
    expected = SRGB if suffix in KEEP_ICC else None
    assert load_picture(tmp_path / f"picture{suffix}").info.get("icc_profile") == expected


def test_a_suffix_may_be_in_capitals(make_picture: MakePicture, tmp_path: Path) -> None:
    save_picture(make_picture(), tmp_path / "PICTURE.PNG")
    assert load_picture(tmp_path / "PICTURE.PNG") == make_picture()


@pytest.mark.parametrize("name", ["picture.eps", "picture.pdf", "picture", ".png"])
def test_an_unknown_suffix_is_answered_with_the_known_ones(
    name: str, make_picture: MakePicture, tmp_path: Path
) -> None:
    with pytest.raises(PictureError, match=r"use one of .*\.jpg .*\.png"):
        save_picture(make_picture(), tmp_path / name)


def test_what_is_no_picture_is_not_written(tmp_path: Path) -> None:
    array: Any = np.zeros((5, 5, 3), np.uint8)
    with pytest.raises(TypeError, match=r"expected a picture \(see load_picture\), got ndarray"):
        save_picture(array, tmp_path / "picture.png")


LONGEST_SIDES = {".webp": 16_383, ".jpg": 65_500, ".gif": 65_535, ".avif": 32_768}


@pytest.mark.parametrize(("suffix", "side"), LONGEST_SIDES.items())
def test_the_longest_side_that_a_format_holds_is_written_and_read(
    suffix: str, side: int, tmp_path: Path
) -> None:
    save_picture(Image.new("RGB", (side, 1)), tmp_path / f"wide{suffix}")
    assert load_picture(tmp_path / f"wide{suffix}").size == (side, 1)


@pytest.mark.parametrize(("suffix", "side"), LONGEST_SIDES.items())
def test_a_longer_side_than_a_format_holds_is_a_picture_error(
    suffix: str, side: int, tmp_path: Path
) -> None:
    path = tmp_path / f"high{suffix}"
    message = (
        rf"high\{suffix}: cannot be written: expected at most {side} px a side .*1x{side + 1};"
    )
    with pytest.raises(PictureError, match=message):
        save_picture(Image.new("RGB", (1, side + 1)), path)
    assert not path.exists()


def test_a_missing_folder_is_a_picture_error(make_picture: MakePicture, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file or directory"):
        save_picture(make_picture(), tmp_path / "absent" / "picture.png")


def test_a_failed_write_leaves_no_new_file(
    make_picture: MakePicture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_a_part(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_a_part)
    with pytest.raises(PictureError, match="No space left on device"):
        save_picture(make_picture(), tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


# Resizing


@pytest.mark.parametrize(
    ("scale", "size"), [(1, (37, 23)), (2, (18, 11)), (2.5, (14, 9)), (0.5, (74, 46)), (99, (1, 1))]
)
def test_sides_are_divided_and_rounded_down(
    scale: float, size: tuple[int, int], make_picture: MakePicture
) -> None:
    assert scale_down(make_picture(), scale).size == size


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e-9])
def test_an_impossible_scale_is_refused(scale: float, make_picture: MakePicture) -> None:
    with pytest.raises(PictureError, match="content scale"):
        scale_down(make_picture(), scale)


@pytest.mark.parametrize(
    ("max_side", "size"), [(37, (37, 23)), (100, (37, 23)), (20, (20, 12)), (1, (1, 1))]
)
def test_the_longer_side_is_limited(
    max_side: int, size: tuple[int, int], make_picture: MakePicture
) -> None:
    assert limit_side(make_picture(), max_side).size == size


def test_the_proportions_of_a_thin_picture_end_at_one_pixel() -> None:
    assert limit_side(Image.new("RGB", (2, 1000)), 100).size == (1, 100)


@pytest.mark.parametrize("max_side", [0, -1])
def test_an_impossible_longest_side_is_refused(max_side: int, make_picture: MakePicture) -> None:
    with pytest.raises(PictureError, match="at least 1 px"):
        limit_side(make_picture(), max_side)


@pytest.mark.parametrize("resize", [lambda p: scale_down(p, 2), lambda p: limit_side(p, 2)])
def test_every_mode_is_filtered(resize: Callable[[Image.Image], Image.Image]) -> None:
    checkered = Image.new("1", (4, 4))
    for x in range(4):
        for y in range(4):
            checkered.putpixel((x, y), (x + y) % 2 * 255)
    assert set(np.asarray(resize(checkered)).ravel()) <= set(range(100, 156))


def test_transparent_colors_do_not_bleed_into_opaque_ones() -> None:
    picture = Image.new("RGBA", (64, 64), (0, 255, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 32, 64))
    small = np.asarray(scale_down(picture, 4)).astype(int)
    assert small[small[..., 3] > 250][:, 1].max() <= 5


def test_the_icc_profile_survives_resizing(make_picture: MakePicture) -> None:
    picture = make_picture()
    picture.info["icc_profile"] = SRGB
    assert scale_down(picture, 2).info == {"icc_profile": SRGB}


def test_a_turned_photograph_is_measured_upright(make_picture: MakePicture) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    stored = Image.open(io.BytesIO(encoded(make_picture(), "JPEG", exif=exif)))
    assert scale_down(stored, 2).size == (11, 18)
