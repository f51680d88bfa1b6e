"""Reading of image files."""

from __future__ import annotations

import random
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import (
    PICTURE_SUFFIXES,
    MissingDependencyError,
    PictureError,
    load_picture,
    save_picture,
)
from neural_style.pictures.codecs.heif import is_heif
from neural_style.pictures.codecs.jpeg2000 import find_profile
from neural_style.pictures.io import MORE_FRAMES, decode_picture
from tests.support.files.icc import make_wide_profile
from tests.support.files.pictures import encode
from tests.support.networks.styles import make_picture

ORIENTATION = 0x0112  # the EXIF tag
SAMPLE_FORMAT = 339  # the TIFF tag; 3 is for floats
ANIMATED_FORMATS = ("GIF", "PNG", "WEBP", "TIFF", "AVIF")

STORED_CORNERS = dict(enumerate(zip("ttbbtbbt", "lrrlllrr", strict=True), start=1))
"""Where the top left corner is stored, for each EXIF orientation (TIFF 6.0, p. 36)."""


def refusal_of(data: bytes) -> str:
    """Return the message of the error with which `data` is refused."""
    with pytest.raises(PictureError) as caught:
        decode_picture(data)
    assert str(caught.value).isprintable()
    return str(caught.value)


def encode_two_frames(format: str) -> bytes:
    """Return a file with a white frame and a black one."""
    white, black = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    return encode(white, format, save_all=True, append_images=[black])


def encode_rotated(format: str, orientation: int) -> bytes:
    """Return `make_picture` as a file that has to be turned."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encode(make_picture(), format, exif=exif.tobytes())


def add_profile(jp2: bytes, profile: bytes) -> bytes:
    """Return a JP2 file of Pillow's with an ICC profile of any kind in place of its color space."""
    old = struct.pack(">I4s3BI", 15, b"colr", 1, 0, 0, 16)
    new = struct.pack(">I4s3B", 11 + len(profile), b"colr", 2, 0, 0) + profile
    header = jp2.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", jp2, header)
    assert old in jp2
    grown = struct.pack(">I", size + len(new) - len(old))
    return (jp2[:header] + grown + jp2[header + 4 :]).replace(old, new)


def encode_empty_png(width: int, height: int) -> bytes:
    """Return a PNG file whose header promises a size, and that contains no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_what_is_written_can_be_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"

    save_picture(make_picture(), path)

    assert load_picture(path).size == make_picture().size


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    make_picture().save(path, "PNG")

    assert load_picture(path) == make_picture()


def test_a_photograph_of_a_phone_is_read_whatever_its_suffix_is(tmp_path: Path) -> None:
    path = tmp_path / "really-a-heic.jpg"
    path.write_bytes(encode(make_picture(), "HEIF", quality=-1, chroma=444))

    assert load_picture(path).size == make_picture().size
    error = np.asarray(load_picture(path), float) - np.asarray(make_picture(), float)
    assert np.abs(error).max() <= 3  # levels: lossless, but in YCbCr


def test_a_heic_picture_is_turned_upright(tmp_path: Path) -> None:
    assert decode_picture(encode_rotated("HEIF", 6)).size == make_picture().size[::-1]


def test_without_its_package_a_heic_picture_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(make_picture(), "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(MissingDependencyError) as caught:
        decode_picture(data)

    what, remedy = str(caught.value).split("; ")
    assert what == "a HEIC or HEIF picture, which needs the package pillow-heif"
    assert remedy.endswith(" -m pip install '.[heif]' in the project's folder")


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        (b"heic\0\0\0\0mif1heic", True),
        (b"mif1\0\0\0\0mif1heic", True),
        (b"msf1\0\0\0\0hevc", True),
        (b"mif1\0\0\0\0", True),
        (b"mif1\0\0\0\0mif1avif", False),
        (b"avif\0\0\0\0mif1miaf", False),
        (b"mp42\0\0\0\0isom", False),
    ],
)
def test_heif_files_are_told_by_their_brands(brands: bytes, expected: bool) -> None:
    box = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert is_heif(box + b"\0\0\0\x10metaheic") == expected


@pytest.mark.parametrize("orientation", STORED_CORNERS)
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    size = (16, 24) if orientation < 5 else (24, 16)
    stored = Image.new("RGB", size, "black")
    vertical, horizontal = STORED_CORNERS[orientation]
    corner = (0 if horizontal == "l" else size[0] - 8, 0 if vertical == "t" else size[1] - 8)
    stored.paste((255, 255, 255), (*corner, corner[0] + 8, corner[1] + 8))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    upright = decode_picture(encode(stored, "PNG", exif=exif))

    expected = Image.new("RGB", (16, 24), "black")
    expected.paste((255, 255, 255), (0, 0, 8, 8))
    assert (upright.size, upright.tobytes()) == (expected.size, expected.tobytes())


def test_the_orientation_is_not_written_again(tmp_path: Path) -> None:
    upright = decode_picture(encode_rotated("JPEG", orientation=6))

    save_picture(upright, tmp_path / "again.jpg")

    assert load_picture(tmp_path / "again.jpg").size == upright.size


def test_a_16_bit_gray_png_is_not_clipped() -> None:
    values = np.array([[0, 0x0100, 0x8000, 0xFFFF]], dtype=np.uint16)

    picture = decode_picture(encode(Image.fromarray(values), "PNG"))

    assert np.asarray(picture)[0, :, 0].tolist() == [0, 1, 0x80, 0xFF]


def test_what_the_first_frame_of_a_gif_leaves_uncovered_is_transparent() -> None:
    data = encode(Image.new("RGB", (3, 2), "blue"), "GIF")
    frame = data.index(b",\0\0\0\0")
    placed = struct.pack("<HH", 2, 1)
    partial = data[:6] + struct.pack("<HH", 8, 6) + data[10 : frame + 1] + placed
    picture = decode_picture(partial + data[frame + 5 :])

    assert (picture.mode, picture.size) == ("RGBA", (8, 6))
    assert picture.getchannel("A").getbbox() == (2, 1, 5, 3)
    assert picture.getpixel((2, 1)) == (0, 0, 255, 255)
    assert decode_picture(data).mode == "RGB"


@pytest.mark.parametrize("format", ANIMATED_FORMATS)
def test_the_first_of_several_frames_is_read(format: str) -> None:
    picture = decode_picture(encode_two_frames(format))

    assert np.asarray(picture).min() > 250


@pytest.mark.parametrize("format", ANIMATED_FORMATS)
def test_more_frames_are_reported(format: str) -> None:
    assert decode_picture(encode_two_frames(format)).info[MORE_FRAMES] is True


def test_the_preview_inside_a_jpeg_does_not_count_as_a_frame() -> None:
    data = encode(make_picture(), "MPO", save_all=True, append_images=[make_picture()])

    assert MORE_FRAMES not in decode_picture(data).info


def test_a_picture_below_the_limit_of_pixels_causes_no_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = make_picture()
    # Pillow warns above this number and refuses twice as many.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", picture.width * picture.height * 2 // 3)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_picture(encode(picture, "PNG"))


# Files that cannot be read


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (b"\xff\x0a\xfa\x7f\x01", "got JPEG XL; convert it to one of these formats"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "got JPEG XL; convert it to one of these formats"),
        (b"\0\1\2\3", "got something else; convert it to one of these formats"),
        (b"<html>not found", "got text that begins '<html>not found'; download it again, or"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "expected a picture (JPEG, PNG,"),
        (b"8BPS\0\1" + b"\0" * 100, "got a Photoshop document; convert it to one of"),
        (encode_empty_png(30_000, 30_000), "expected a smaller picture"),
        (encode_empty_png(100, 100), "expected a whole picture, got a damaged one"),
    ],
    ids=[
        "empty",
        "JPEG XL",
        "JPEG XL in boxes",
        "unknown",
        "HTML",
        "PostScript",
        "Photoshop",
        "bomb",
        "no pixels",
    ],
)
def test_an_error_describes_the_content(data: bytes, message: str) -> None:
    assert message in refusal_of(data)


@pytest.mark.parametrize("big_tiff", [False, True])
def test_an_error_says_that_a_tiff_file_contains_floats(big_tiff: bool) -> None:
    floats = {SAMPLE_FORMAT: (3, 3, 3)}
    data = encode(make_picture(), "TIFF", tiffinfo=floats, big_tiff=big_tiff)

    assert "expected a TIFF file with 8 or 16 bits a color" in refusal_of(data)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_an_error_says_that_a_truncated_file_is_damaged(format: str) -> None:
    data = encode(make_picture(), format)

    assert "damaged" in refusal_of(data[: len(data) * 3 // 4])


def test_an_error_has_a_path_a_reason_and_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()

    with pytest.raises(PictureError) as caught:
        load_picture(path)

    error = caught.value
    assert (error.path, error.remedy) == (str(path), "copy it again")
    assert str(error) == f"{path}: {error.reason}; copy it again"


def test_an_error_names_a_file_that_is_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"nothing")

    with pytest.raises(PictureError, match=r"broken\.png: expected a picture"):
        load_picture(path)


def test_an_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"absent\.png: there is no such file"):
        load_picture(tmp_path / "absent.png")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="got a folder"):
        load_picture(tmp_path)


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_file_without_permission_is_refused(picture_path: Path) -> None:
    picture_path.chmod(0)

    with pytest.raises(PictureError, match="Permission denied"):
        load_picture(picture_path)


@pytest.mark.parametrize("name", ["nul\0.png", "x" * 300 + ".png"], ids=["NUL", "long"])
def test_an_impossible_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError):
        load_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_altered_files_raise_only_picture_errors(suffix: str, tmp_path: Path) -> None:
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


def test_the_profile_of_a_jpeg_2000_file_is_read() -> None:
    profile = make_wide_profile()

    picture = decode_picture(add_profile(encode(make_picture(), "JPEG2000"), profile))

    assert picture.info["icc_profile"] == profile


def test_a_box_beyond_the_end_of_a_jpeg_2000_file_is_no_profile() -> None:
    file = add_profile(encode(make_picture(), "JPEG2000"), make_wide_profile())
    place = file.index(b"colr") - 4

    assert find_profile(file[:place] + b"\xff\xff\xff\xff" + file[place + 4 :]) == b""
