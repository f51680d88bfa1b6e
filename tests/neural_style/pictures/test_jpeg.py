"""Reading of JPEG and JPEG 2000 files that Pillow alone decodes wrongly, refuses, or too slowly."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from neural_style import PictureError
from neural_style.pictures.codecs.jpeg import read_jpeg
from neural_style.pictures.decoding import decode_picture
from tests.support.files.pictures import encode
from tests.support.networks.styles import make_picture

DEEP_JPEG2000 = bytes.fromhex(
    "ff4fff51002f0000000000040000000200000000000000000000000400000002000000000000000000030f01010f0101"
    "0f0101ff52000c00000001000004040001ff5c00044080ff640025000143726561746564206279204f70656e4a504547"
    "2076657273696f6e20322e352e34ff90000a00000000004b0001ff93dff89080079ff1e1ac5d11d85e09deb97f0bb2a5"
    "dff8908818693f27112696afa54c2fea7a5e67169fdff8908016ed0cdaebf59a1dae8c11edc03ffa1fffd9"
)
"""A codestream with 3 components of 16 bits, as OpenJPEG writes it."""

DEEP_LEVELS = [
    [[0x0000, 0x8000, 0xFF80], [0x1234, 0xFFFF, 0xFFFF], [0x7FFF, 0xFF80, 0x8000],
     [0xFE80, 0xFF7F, 0x0000]],
    [[0xFF7F, 0xFE80, 0x1234], [0xFF80, 0x7FFF, 0x7FFF], [0xFFFF, 0x1234, 0xFE80],
     [0x8000, 0x0000, 0xFF7F]],
]  # fmt: skip
"""Its samples."""

SHALLOW_JPEG2000 = bytes.fromhex(
    "ff4fff510029000000000004000000010000000000000000000000040000000100000000000000000001030101ff5200"
    "0c00000001000004040001ff5c00044020ff640025000143726561746564206279204f70656e4a504547207665727369"
    "6f6e20322e352e34ff90000a0000000000150001ff93df204006c9803fffd9"
)
"""A codestream with the samples 0, 5, 10 and 15 of 4 bits."""


def with_precision(data: bytes, marker: int, bits: int) -> bytes:
    """Return a JPEG file with another marker of the frame header, and another sample width."""
    place = data.index(b"\xff\xc0")
    return data[:place] + bytes((0xFF, marker)) + data[place + 2 : place + 4] + bytes((bits,)) + (
        data[place + 5 :]
    )  # fmt: skip


def with_more_scans(count: int) -> bytes:
    """Return a progressive JPEG file whose first scan is repeated."""
    data = encode(make_picture(), "JPEG", progressive=True)
    first = data[data.index(b"\xff\xda") : read_jpeg(data).scan_ends[0]]
    return data[:-2] + first * count + data[-2:]


@pytest.mark.parametrize(
    ("marker", "bits", "kind"),
    [
        (0xC1, 12, "got 12 bits"),
        (0xC3, 8, "got a lossless one"),
        (0xF7, 8, "got a JPEG-LS one"),
        (0xC5, 8, "got a hierarchical one"),
    ],
)
def test_an_unsupported_kind_is_named(marker: int, bits: int, kind: str) -> None:
    data = with_precision(encode(make_picture(), "JPEG"), marker, bits)

    with pytest.raises(PictureError) as caught:
        decode_picture(data)

    assert caught.value.reason.endswith(kind)
    assert caught.value.remedy.startswith("save it")


def test_scans_are_counted() -> None:
    usual = read_jpeg(with_more_scans(0)).scans

    assert read_jpeg(with_more_scans(5)).scans == usual + 5


def test_some_more_scans_than_usual_are_decoded() -> None:
    assert decode_picture(with_more_scans(20)).size == make_picture().size


def test_too_many_scans_are_refused() -> None:
    with pytest.raises(PictureError, match="expected a JPEG file with at most 100 scans"):
        decode_picture(with_more_scans(4000))


def test_fewer_scans_are_allowed_in_a_large_picture() -> None:
    data = bytearray(with_more_scans(60))
    place = data.index(b"\xff\xc2")
    data[place + 5 : place + 9] = (12_000).to_bytes(2, "big") * 2

    with pytest.raises(PictureError, match="of 12000x12000 px"):
        decode_picture(bytes(data))


def test_the_markers_of_a_thumbnail_do_not_count() -> None:
    exif = Image.Exif()
    exif[0x010E] = with_more_scans(0).decode("latin-1")
    data = encode(make_picture(), "JPEG", exif=exif)

    structure = read_jpeg(data)

    assert (structure.scans, structure.end) == (1, len(data))


def test_bytes_behind_the_picture_do_not_count() -> None:
    data = encode(make_picture(), "JPEG")

    assert decode_picture(data + b"more") == decode_picture(data)


def make_noise(mode: str) -> Image.Image:
    """Return a picture whose JPEG file has data for each of its pixels."""
    size, channels = (90, 70), len(Image.new(mode, (1, 1)).getbands())
    levels = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    return Image.frombytes(mode, size, levels.tobytes())


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_scan_that_ends_too_early_is_refused(progressive: bool, mode: str, part: float) -> None:
    data = encode(make_noise(mode), "JPEG", progressive=progressive)
    begin = data.index(b"\xff\xda") + 20
    cut_off = data[: begin + int((len(data) - begin) * part)].rstrip(b"\xff") + data[-2:]

    with pytest.raises(PictureError, match="the data end before the last row"):
        decode_picture(cut_off)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_that_ends_in_gray_is_whole(progressive: bool, mode: str) -> None:
    picture = make_noise(mode)
    picture.paste((128,) * len(picture.getbands()), (0, 30, *picture.size))

    decoded = decode_picture(encode(picture, "JPEG", progressive=progressive))

    assert decoded.getpixel((89, 69)) == (128, 128, 128)


def test_bytes_between_the_scans_do_not_count() -> None:
    data = encode(make_noise("RGB"), "JPEG")

    assert decode_picture(data[:-2] + bytes(99) + b"\xff" + data[-2:]) == decode_picture(data)


def test_a_file_without_its_height_is_named() -> None:
    data = bytearray(encode(make_picture(), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 2] = bytes(2)

    with pytest.raises(PictureError, match="got a height of 0"):
        decode_picture(bytes(data))


def test_white_in_16_bits_of_jpeg_2000_stays_white() -> None:
    decoded = np.asarray(decode_picture(DEEP_JPEG2000))

    rounded = np.minimum((np.array(DEEP_LEVELS) + 0x80) >> 8, 0xFF)
    assert decoded.tolist() == rounded.tolist()


def make_squares() -> Image.Image:
    levels = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((8, 8))) * 255
    return Image.fromarray(levels.astype(np.uint8)).convert("RGB")


def test_white_in_16_bits_of_lossy_jpeg_2000_stays_white() -> None:
    shallow = bytearray(encode(make_squares(), "JPEG2000", irreversible=True, quality_layers=[9]))
    deep, components = shallow.copy(), shallow.find(b"\xff\x4f\xff\x51") + 42
    deep[components : components + 9 : 3] = bytes([15] * 3)

    expected, decoded = (np.asarray(decode_picture(bytes(each))) for each in (shallow, deep))
    assert np.abs(decoded.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("step", [2, 4])
def test_subsampled_jpeg_2000_of_an_odd_side_is_named(step: int) -> None:
    data = bytearray(encode(make_squares().crop((0, 0, 63, 64)), "JPEG2000"))
    data[data.find(b"\xff\x4f\xff\x51") + 42 + 4] = step

    with pytest.raises(PictureError, match=f"got 63x64 px with one sample for {step} px"):
        decode_picture(bytes(data))


@pytest.mark.parametrize("has_decoy", [False, True])
def test_jpeg_2000_of_too_many_blocks_is_refused(has_decoy: bool) -> None:
    data = bytearray(encode(make_squares(), "JPEG2000"))
    start, style = data.find(b"\xff\x4f\xff\x51"), data.find(b"\xff\x52")
    decoy = struct.pack(">I4s", 8 + len(data) - start, b"free") + data[start:]
    for sides in (8, 24):  # of the picture and of its tiles
        data[start + sides : start + sides + 8] = struct.pack(">II", 8000, 8000)
    data[style + 10 : style + 12] = b"\0\0"  # 4x4
    if has_decoy:
        data[12:12] = decoy

    with pytest.raises(PictureError, match="at most 1,048,576 code-blocks and packets"):
        decode_picture(bytes(data))


def test_4_bits_of_jpeg_2000_are_scaled_to_8() -> None:
    decoded = np.asarray(decode_picture(SHALLOW_JPEG2000))

    assert decoded[0, :, 0].tolist() == [0, 85, 170, 255]
