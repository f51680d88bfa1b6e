"""Reading of TIFF files in all sample layouts."""

from __future__ import annotations

import itertools
import struct
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style import PictureError
from neural_style.pictures.codecs.tiff import read_pages
from neural_style.pictures.completeness import is_complete
from neural_style.pictures.decoding import MORE_FRAMES, decode_picture
from tests.support.files.pictures import encode
from tests.support.files.tiff import (
    BLACK_IS_ZERO,
    CMYK,
    DEFLATE,
    NONE,
    ORDERS,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    Layout,
    Order,
    make_pages,
    make_tiff,
)
from tests.support.networks.styles import make_picture

Levels = NDArray[np.int64]

PREMULTIPLIED, ALPHA = 1, 2  # extra samples
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}  # components

COMBINATIONS = [
    (WHITE_IS_ZERO, ()), (BLACK_IS_ZERO, ()), (BLACK_IS_ZERO, (ALPHA,)), (BLACK_IS_ZERO, (0,)),
    (RGB, ()), (RGB, (ALPHA,)), (RGB, (0,)), (RGB, (ALPHA, 0)), (CMYK, ()), (CMYK, (ALPHA,)),
]  # fmt: skip
WIDTHS = [("u", bits) for bits in (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 32)]
WIDTHS += [("i", bits) for bits in (8, 16, 32)] + [("f", bits) for bits in (16, 32, 64)]


def make_samples(kind: str, bits: int, count: int) -> NDArray[Any]:
    """Return random samples over the whole range of their type; the first pixel has the maximum."""
    rng, shape = np.random.default_rng(bits), (23, 37, count)
    if kind == "f":
        samples: NDArray[Any] = rng.random(shape).astype(f"f{bits // 8}")
        samples[0, 0] = 1
        return samples
    full = 2 ** (bits - 1) - 1 if kind == "i" else 2**bits - 1
    width = 8 if bits < 8 else (bits + 7) // 8 * 8
    width = 16 if width not in (8, 16, 32) else width
    values = rng.integers(-full if kind == "i" else 0, full, shape, endpoint=True)
    values[0, 0] = full
    return values.astype(f"{kind}{width // 8}")


def levels_of(samples: NDArray[Any], kind: str, bits: int) -> Levels:
    """Return samples as 8-bit levels."""
    full = {"f": 1, "i": 2 ** (bits - 1) - 1, "u": 2**bits - 1}[kind]
    values = np.maximum(samples, 0).astype(np.float64 if kind == "f" else np.int64)
    if full >= 0xFF:
        return (values >> (full.bit_length() - 8)).astype(np.int64)
    return np.round(values * 255 / full).astype(np.int64)


def to_rgb(levels: Levels, photometric: int, extra: tuple[int, ...]) -> Levels:
    """Return the RGB or RGBA levels for the levels of all components."""
    count = COLORS[photometric]
    colors, alpha = levels[..., :count], levels[..., count : count + 1]
    if photometric == WHITE_IS_ZERO:
        colors = 255 - colors
    if photometric == CMYK:
        colors = np.round((255 - colors[..., :3]) * (255 - colors[..., 3:]) / 255).astype(np.int64)
    elif count == 1:
        colors = colors[..., [0, 0, 0]]
    return np.concatenate([colors, alpha], axis=2) if ALPHA in extra else colors


def decode(data: bytes) -> Levels:
    return np.asarray(decode_picture(data)).astype(np.int64)


@pytest.mark.parametrize(("photometric", "extra"), COMBINATIONS)
@pytest.mark.parametrize(("kind", "bits"), WIDTHS)
def test_every_sample_layout_is_decoded(
    kind: str, bits: int, photometric: int, extra: tuple[int, ...]
) -> None:
    count = COLORS[photometric] + len(extra)
    samples = make_samples(kind, bits, count)
    expected = to_rgb(levels_of(samples, kind, bits), photometric, extra)
    tolerance = 2 if photometric == CMYK else int(kind == "f")  # rounding of halves

    for is_separate, order, tile in itertools.product((False, True), ORDERS, (None, (16, 32))):
        layout = Layout(photometric, bits, kind, extra, is_separate, order, tile)
        decoded = decode(make_tiff(samples, layout))
        assert decoded.shape == expected.shape, layout
        assert np.abs(decoded - expected).max() <= tolerance, layout


@pytest.mark.parametrize("tile", [None, (16, 32)], ids=["strips", "tiles"])
@pytest.mark.parametrize("is_separate", [False, True], ids=["chunky", "separate"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "bits", "predictor"),
    [
        ("u", 8, 2),
        ("u", 16, 2),
        ("u", 32, 2),
        ("f", 32, 2),
        ("f", 16, 3),
        ("f", 32, 3),
        ("f", 64, 3),
    ],
)
def test_predictors_are_undone(
    kind: str,
    bits: int,
    predictor: int,
    order: Order,
    is_separate: bool,
    tile: tuple[int, int] | None,
) -> None:
    samples = make_samples(kind, bits, 3)
    layout = Layout(
        RGB, bits, kind, (), is_separate, order, tile, compression=DEFLATE, predictor=predictor
    )

    decoded = decode(make_tiff(samples, layout))

    assert np.abs(decoded - levels_of(samples, kind, bits)).max() <= (kind == "f")


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
@pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, BLACK_IS_ZERO, RGB])
@pytest.mark.parametrize("is_separate", [False, True], ids=["chunky", "separate"])
def test_reversed_bits_are_turned(photometric: int, bits: int, is_separate: bool) -> None:
    samples = make_samples("u", bits, COLORS[photometric])
    layout = Layout(photometric, bits, is_separate=is_separate, reversed_bits=True)

    decoded = decode(make_tiff(samples, layout))

    assert decoded.tolist() == to_rgb(levels_of(samples, "u", bits), photometric, ()).tolist()


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("scale", [257, 1], ids=["16-bit palette", "8-bit palette"])
@pytest.mark.parametrize("extra", [(), (ALPHA,)], ids=["opaque", "alpha"])
def test_palettes_are_applied(bits: int, scale: int, extra: tuple[int, ...]) -> None:
    samples = make_samples("u", bits, 1 + len(extra))
    colors = np.random.default_rng(0).integers(0, 256, (3, 2**bits))
    tags = {320: (colors * scale).ravel().tolist()}
    layout = Layout(PALETTE, bits, extra_samples=extra, tags=tags)

    decoded = decode(make_tiff(samples, layout))

    assert decoded[..., :3].tolist() == colors.T[samples[..., 0]].tolist()
    assert decoded.shape[2] == 3 + len(extra)


@pytest.mark.parametrize("bits", [8, 32])
@pytest.mark.parametrize("is_separate", [False, True], ids=["chunky", "separate"])
def test_alpha_may_follow_other_extra_samples(bits: int, is_separate: bool) -> None:
    samples = make_samples("u", bits, 5)

    decoded = decode(make_tiff(samples, Layout(RGB, bits, "u", (0, ALPHA), is_separate)))

    assert decoded.tolist() == levels_of(samples, "u", bits)[..., [0, 1, 2, 4]].tolist()


@pytest.mark.parametrize(("kind", "bits"), [("u", 8), ("u", 16), ("u", 32), ("f", 32)])
def test_premultiplied_colors_are_divided(kind: str, bits: int) -> None:
    full = 1 if kind == "f" else 2**bits - 1
    pixels = np.array([[[0.5, 0.25, 0, 0.5], [0.5, 0.5, 0.5, 0]]]) * full
    samples = np.floor(pixels).astype(f"u{bits // 8}") if kind == "u" else pixels.astype(np.float32)

    decoded = decode(make_tiff(samples, Layout(RGB, bits, kind, (PREMULTIPLIED,))))

    assert np.abs(decoded - [[[255, 127, 0, 127], [0, 0, 0, 0]]]).max() <= 1


def rename_tag(data: bytes, tag: int, new_tag: int) -> bytes:
    """Return a little-endian file in which a tag has another number."""
    old, new = (struct.pack("<H", number) for number in (tag, new_tag))
    start = int.from_bytes(data[4:8], "little") + 2
    places = range(start, start + 12 * int.from_bytes(data[start - 2 : start], "little"), 12)
    (place,) = (place for place in places if data[place : place + 2] == old)
    return data[:place] + new + data[place + 2 :]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    ("colors", "extra"),
    [(BLACK_IS_ZERO, ()), (BLACK_IS_ZERO, (ALPHA,)), (RGB, ()), (RGB, (ALPHA,))],
)
def test_colors_without_a_name_are_gray_or_rgb(
    bits: int, colors: int, extra: tuple[int, ...]
) -> None:
    data = make_tiff(
        make_samples("u", bits, COLORS[colors] + len(extra)), Layout(colors, bits, "u", extra)
    )

    assert decode_picture(rename_tag(data, 262, 263)) == decode_picture(data)


@pytest.mark.parametrize("count", [2, 4])
def test_other_colors_without_a_name_are_refused(count: int) -> None:
    data = make_tiff(make_samples("u", 8, count), Layout(CMYK, 8))

    with pytest.raises(PictureError, match="got 8-bit colors of an unnamed kind"):
        decode_picture(rename_tag(data, 262, 263))


def test_jpeg_data_in_colors_without_a_name_are_refused() -> None:
    data = encode(make_picture().convert("L"), "TIFF", compression="jpeg")

    with pytest.raises(PictureError, match="got 8-bit gray compressed with JPEG"):
        decode_picture(rename_tag(data, 262, 263))


@pytest.mark.parametrize("compression", [NONE, DEFLATE])
@pytest.mark.parametrize("is_separate", [False, True], ids=["chunky", "separate"])
def test_tiles_that_are_listed_as_strips_are_decoded(compression: int, is_separate: bool) -> None:
    layout = Layout(RGB, 8, is_separate=is_separate, tile=(16, 32), compression=compression)
    data = make_tiff(make_samples("u", 8, 3), layout)

    assert decode_picture(rename_tag(rename_tag(data, 324, 273), 325, 279)) == decode_picture(data)


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_palette_that_is_too_short_is_refused(bits: int) -> None:
    layout = Layout(PALETTE, bits, tags={320: [0xFFFF] * (3 * 2**bits - 1)})

    with pytest.raises(PictureError, match="the palette is too short"):
        decode_picture(make_tiff(make_samples("u", bits, 1), layout))


def test_the_order_of_bits_does_not_matter_in_jpeg_data() -> None:
    usual, reversed_bits = (
        encode(make_picture(), "TIFF", compression="jpeg", tiffinfo={266: order})
        for order in (1, 2)
    )

    assert usual != reversed_bits
    assert decode_picture(reversed_bits) == decode_picture(usual)


def test_that_a_single_plane_is_separate_does_not_matter_in_jpeg_data() -> None:
    gray = make_picture().convert("L")
    usual, separate = (
        encode(gray, "TIFF", compression="jpeg", tiffinfo={284: planes}) for planes in (1, 2)
    )

    assert usual != separate
    assert decode_picture(separate) == decode_picture(usual)


@pytest.mark.parametrize("bits", [8, 32])
@pytest.mark.parametrize("kind", [1, 3], ids=["BYTE", "SHORT"])
def test_the_orientation_is_applied(bits: int, kind: int) -> None:
    samples = make_samples("u", bits, 3)
    data = make_tiff(samples, Layout(RGB, bits, tags={274: [6]}))
    place = data.index(struct.pack("<HH", 274, 3))

    decoded = decode(data[: place + 2] + struct.pack("<H", kind) + data[place + 4 :])

    assert decoded.tolist() == np.rot90(levels_of(samples, "u", bits), -1).tolist()


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_big_tiffs_are_decoded_and_turned_upright(mode: str) -> None:
    levels = np.arange(6, dtype=np.uint16).reshape(2, 3) * 10_000
    values = levels / 65535 if mode == "F" else levels
    picture = Image.fromarray(values.astype({"I;16": "u2", "I": "i4", "F": "f4"}[mode]))

    data = encode(picture, "TIFF", big_tiff=True, tiffinfo={274: 6})
    decoded = decode_picture(data)

    assert decoded.size == (2, 3)


# Pages


def make_page(side: int, level: int, subfile_type: int = 0) -> tuple[NDArray[np.uint8], Layout]:
    """Return a page of one gray level."""
    samples = np.full((side, side, 1), level, np.uint8)
    return samples, Layout(BLACK_IS_ZERO, 8, tags={254: [subfile_type]})


@pytest.mark.parametrize(
    ("pages", "level", "more"),
    [
        ([make_page(20, 1, 1), make_page(32, 2)], 2, False),
        ([make_page(8, 1), make_page(32, 2)], 2, False),
        ([make_page(8, 1), make_page(32, 2), make_page(32, 3)], 2, True),
        ([make_page(32, 1), make_page(8, 2)], 1, False),
        ([make_page(32, 1), make_page(16, 2, 1)], 1, False),
        ([make_page(32, 1), make_page(32, 2)], 1, True),
        ([make_page(16, 1), make_page(32, 2)], 1, True),
        ([make_page(32, 1, 4), make_page(32, 2)], 2, False),
        ([make_page(32, 1, 1)], 1, False),
    ],
    ids=[
        "declared preview first", "small preview first", "preview and two pages", "preview last",
        "declared preview last", "two pages", "two sizes", "mask first", "only a preview",
    ],
)  # fmt: skip
def test_the_full_page_is_chosen(
    pages: list[tuple[NDArray[np.uint8], Layout]], level: int, more: bool
) -> None:
    picture = decode_picture(make_pages(pages))

    assert np.asarray(picture)[0, 0, 0] == level
    assert picture.info.get(MORE_FRAMES, False) is more


# Refusals


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({259: [50001]}, "got 8-bit RGB compressed with WebP"),
        ({259: [34887]}, "got 8-bit RGB compressed with LERC"),
        ({259: [60000]}, "got 8-bit RGB compressed with method 60000"),
        ({258: [12] * 3, 259: [7]}, "got 12-bit RGB compressed with JPEG"),
        ({262: [32803]}, "got 8-bit camera raw with 2 more samples"),
        ({262: [9]}, "got 8-bit ICC Lab"),
        ({258: [5, 6, 5]}, "got 5/6/5-bit RGB"),
        ({262: [CMYK]}, "got 8-bit CMYK with 3 of 4 samples"),
        ({259: [7], 262: [6], 284: [2]}, "got 8-bit YCbCr in separate planes compressed with JPEG"),
        ({262: [8], 258: [16] * 3}, "got 16-bit Lab"),
        ({262: [6], 530: [2, 2]}, "got 8-bit subsampled YCbCr"),
        ({262: [6], 279: [84, 12]}, "got 8-bit subsampled YCbCr"),
        ({339: [3] * 3}, "got 8-bit floating point RGB"),
    ],
)
def test_an_unsupported_kind_is_named(tags: dict[int, list[int]], kind: str) -> None:
    samples = np.zeros((8, 8, 3), np.uint8)

    with pytest.raises(PictureError) as caught:
        decode_picture(make_tiff(samples, Layout(RGB, 8, tags=dict(tags))))

    assert caught.value.reason.endswith(kind)
    assert caught.value.remedy.startswith("save it as RGB with 8 or 16 bits")


def test_a_big_endian_bigtiff_of_jpeg_data_is_named() -> None:
    entries = {256: 8, 257: 8, 258: 8, 259: 7, 262: 1, 273: 16, 277: 1, 278: 8, 279: 4}
    directory = b"".join(struct.pack(">HHQQ", tag, 16, 1, n) for tag, n in entries.items())
    header = b"MM\0+" + struct.pack(">HHQ", 8, 0, 20) + b"\xff\xd8\xff\xd9"

    with pytest.raises(PictureError, match="in a big-endian BigTIFF file compressed with JPEG"):
        decode_picture(header + struct.pack(">Q", len(entries)) + directory + bytes(8))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_truncated_strip_is_refused(compression: str | None) -> None:
    data = encode(make_picture(), "TIFF", compression=compression)
    layout = Layout(RGB, 32, compression=DEFLATE if compression else NONE)
    deep = make_tiff(make_samples("u", 32, 3), layout)

    for whole in (data, deep):
        with pytest.raises(PictureError, match="damaged"):
            decode_picture(whole[: len(whole) // 2])


def test_a_truncated_strip_of_jpeg_data_is_refused() -> None:
    data = encode(make_picture(), "TIFF", compression="jpeg")
    offsets, counts = read_pages(data)[0].parts
    end = int(offsets[-1] + counts[-1])

    with pytest.raises(PictureError, match="a strip or tile ends too early"):
        decode_picture(data[: end - 9] + bytes(9) + data[end:])


def test_damage_is_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    whole = encode(make_picture(), "TIFF", compression="tiff_lzw")
    rng = np.random.default_rng(0)

    for place in rng.integers(8, len(whole), 50):
        damaged = bytearray(whole)
        damaged[place : place + 4] = rng.bytes(4)
        with suppress(PictureError):
            decode_picture(bytes(damaged))

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("place", [200, 2000, 4000])
def test_an_altered_strip_is_refused(place: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    data = bytearray(encode(Image.fromarray(noise), "TIFF", compression="tiff_adobe_deflate"))
    (strip,) = read_pages(bytes(data))[0].parts[0]
    data[strip + place] ^= 1

    with pytest.raises(PictureError, match="a strip or tile is damaged"):
        decode_picture(bytes(data))


def test_a_picture_with_a_loop_of_pages_is_read() -> None:
    data = bytearray(make_pages([make_page(8, 1)]))
    start = int.from_bytes(data[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")
    data[end : end + 4] = data[4:8]

    assert isinstance(decode_picture(bytes(data)), Image.Image)


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("place", ["first", "next"])
def test_a_directory_beyond_any_file_is_refused(offset: int, place: str) -> None:
    whole = encode(make_picture(), "TIFF", big_tiff=True)
    directory = int.from_bytes(whole[8:16], "little")
    entries = int.from_bytes(whole[directory : directory + 8], "little")
    at = 8 if place == "first" else directory + 8 + entries * 20
    data = whole[:at] + offset.to_bytes(8, "little") + whole[at + 8 :]

    assert not is_complete(data)
    with pytest.raises(PictureError):
        decode_picture(data)
