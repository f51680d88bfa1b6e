"""Reading of PNG files that Pillow alone decodes wrongly or refuses."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from neural_style import PictureError
from neural_style.pictures.decoding import MORE_FRAMES, decode_picture
from tests.support.files.icc import SRGB
from tests.support.files.pictures import decode_levels
from tests.support.files.png import (
    CHANNELS,
    GRAY,
    GRAY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    Samples,
    chunk,
    make_png,
)

KINDS = [
    (bits, color_type)
    for color_type, widths in (
        (GRAY, (1, 2, 4, 8, 16)),
        (RGB, (8, 16)),
        (PALETTE, (1, 2, 4, 8)),
        (GRAY_ALPHA, (8, 16)),
        (RGBA, (8, 16)),
    )
    for bits in widths
]
SIZES = [(17, 13), (1, 1), (3, 2), (1, 9)]


def make_samples(width: int, height: int, bits: int, color_type: int) -> Samples:
    """Return random samples."""
    rng = np.random.default_rng(bits * 10 + color_type)
    shape = (height, width, CHANNELS[color_type])
    return rng.integers(0, 2**bits, shape).astype(np.uint16)


def levels_of(samples: Samples, bits: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return samples as 8-bit levels."""
    values = samples.astype(np.int64)
    return values >> 8 if bits == 16 else values * 255 // (2**bits - 1)


def key_chunk(*levels: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(levels)}H", *levels))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("interlaced", [False, True], ids=["progressive", "interlaced"])
@pytest.mark.parametrize(("bits", "color_type"), KINDS)
def test_every_kind_is_decoded(
    bits: int, color_type: int, interlaced: bool, size: tuple[int, int]
) -> None:
    samples = make_samples(*size, bits, color_type)
    palette = np.random.default_rng(0).integers(0, 256, (2 ** min(bits, 8), 3)).astype(np.uint8)
    chunks = [chunk(b"PLTE", palette.tobytes())] if color_type == PALETTE else []

    decoded = decode_levels(make_png(samples, bits, color_type, chunks, interlaced))

    expected = levels_of(samples, bits)
    if color_type == PALETTE:
        expected = palette.astype(np.int64)[samples[..., 0]]
    elif color_type in (GRAY, GRAY_ALPHA):
        expected = np.concatenate([expected[..., [0, 0, 0]], expected[..., 1:]], axis=2)
    assert decoded == expected.tolist()


@pytest.mark.parametrize("interlaced", [False, True], ids=["progressive", "interlaced"])
@pytest.mark.parametrize(("bits", "color_type"), [kind for kind in KINDS if kind[1] in (GRAY, RGB)])
def test_exactly_the_key_color_is_transparent(bits: int, color_type: int, interlaced: bool) -> None:
    samples = make_samples(17, 13, bits, color_type)
    samples[5, 7] = samples[2, 3]
    samples[6, 8] = samples[2, 3]
    samples[6, 8, 0] ^= 1  # of 16 bits, the lower byte differs
    key = samples[2, 3].tolist()

    decoded = decode_levels(make_png(samples, bits, color_type, [key_chunk(*key)], interlaced))

    expected = np.where((samples == samples[2, 3]).all(axis=2), 0, 255).tolist()
    assert [[pixel[3] for pixel in row] for row in decoded] == expected


@pytest.mark.parametrize(
    ("bits", "color_type"), [(1, GRAY), (2, GRAY), (4, GRAY), (8, GRAY), (8, RGB)]
)
def test_the_unused_bits_of_a_key_do_not_count(bits: int, color_type: int) -> None:
    samples = np.ones((1, 1, CHANNELS[color_type]), np.uint16)

    decoded = decode_levels(
        make_png(samples, bits, color_type, [key_chunk(*[0x5001] * samples.size)])
    )

    assert decoded[0][0][3] == 0


def test_a_palette_has_alpha() -> None:
    samples = np.array([[[0], [1], [2]]], np.uint16)
    chunks = [chunk(b"PLTE", bytes(range(9))), chunk(b"tRNS", b"\0\x80")]

    decoded = decode_levels(make_png(samples, 8, PALETTE, chunks))

    assert decoded == [[[0, 1, 2, 0], [3, 4, 5, 0x80], [6, 7, 8, 0xFF]]]


# Metadata


@pytest.mark.parametrize(
    "content",
    [
        b"Comment\0\0" + zlib.compress(bytes(2**21)),
        b"Raw profile type exif\0\0" + zlib.compress(bytes(2**21)),
    ],
    ids=["comment", "EXIF"],
)
def test_a_long_compressed_text_does_not_count(content: bytes) -> None:
    samples = make_samples(4, 3, 8, RGB)

    decoded = decode_levels(make_png(samples, 8, RGB, [chunk(b"zTXt", content)]))

    assert decoded == samples.tolist()


def test_many_texts_do_not_count() -> None:
    texts = [chunk(b"tEXt", b"Comment\0" + b"x" * 2**20)] * 70

    decode_picture(make_png(make_samples(4, 3, 8, RGB), 8, RGB, texts))


@pytest.mark.parametrize("kind", [b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"pHYs", b"tRNS"])
def test_an_ancillary_chunk_with_a_wrong_checksum_does_not_count(kind: bytes) -> None:
    samples = np.zeros((3, 4, 3), np.uint16)

    picture = decode_picture(make_png(samples, 8, RGB, [chunk(kind, bytes(6), checksum=1)]))

    assert (picture.mode, picture.info) == ("RGB", {})


@pytest.mark.parametrize("content", [b"", b"\0", bytes(10)], ids=["empty", "short", "long"])
@pytest.mark.parametrize("kind", [b"iCCP", b"iTXt", b"eXIf", b"pHYs", b"tRNS", b"acTL"])
def test_an_ancillary_chunk_of_another_size_does_not_count(kind: bytes, content: bytes) -> None:
    samples = make_samples(4, 3, 8, RGB)

    assert decode_levels(make_png(samples, 8, RGB, [chunk(kind, content)])) == samples.tolist()


def test_a_profile_above_1_mib_is_kept() -> None:
    profile = SRGB + np.random.default_rng(0).bytes(2**21)
    content = b"large\0\0" + zlib.compress(profile)

    data = make_png(make_samples(4, 3, 8, RGB), 8, RGB, [chunk(b"iCCP", content)])
    picture = decode_picture(data)

    assert picture.info["icc_profile"] == profile


def test_a_profile_that_expands_without_end_is_dropped() -> None:
    content = b"bomb\0\0" + zlib.compress(SRGB + bytes(2**25))

    data = make_png(make_samples(4, 3, 8, RGB), 8, RGB, [chunk(b"iCCP", content)])
    picture = decode_picture(data)

    assert picture.info == {}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"eXIf", b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
        (b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'),
        (
            b"iTXt",
            b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b'<x tiff:Orientation="6"/>'),
        ),
    ],
    ids=["EXIF", "XMP", "compressed XMP"],
)
def test_the_orientation_is_applied(kind: bytes, content: bytes) -> None:
    data = make_png(make_samples(4, 3, 8, RGB), 8, RGB, [chunk(kind, content)])

    assert decode_picture(data).size == (3, 4)


# Frames


@pytest.mark.parametrize(
    ("frames", "is_default", "more"), [(1, False, False), (2, False, True), (1, True, True)]
)
def test_more_frames_are_counted(frames: int, is_default: bool, more: bool) -> None:
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 4, 3, 0, 0, 1, 1, 0, 0))
    chunks = [chunk(b"acTL", struct.pack(">II", frames, 0)), *([] if is_default else [control])]

    picture = decode_picture(make_png(make_samples(4, 3, 8, RGB), 8, RGB, chunks))

    assert picture.info.get(MORE_FRAMES, False) is more


# Files without all rows


@pytest.mark.parametrize("rows", [0, 1, 12])
@pytest.mark.parametrize("interlaced", [False, True], ids=["progressive", "interlaced"])
@pytest.mark.parametrize(("bits", "color_type"), [(1, GRAY), (8, GRAY), (8, RGB), (16, RGBA)])
def test_data_that_end_before_the_last_row_are_refused(
    bits: int, color_type: int, interlaced: bool, rows: int
) -> None:
    samples = make_samples(16, 13, bits, color_type)
    data = make_png(samples, bits, color_type, interlaced=interlaced, rows=rows)

    with pytest.raises(PictureError, match="damaged"):
        decode_picture(data)


@pytest.mark.parametrize(
    ("color_type", "pixel"), [(GRAY, (90,)), (RGB, (90, 3, 171)), (RGBA, (90, 3, 171, 5))]
)
def test_a_last_row_of_the_marking_color_is_decoded(
    color_type: int, pixel: tuple[int, ...]
) -> None:
    samples = np.array([[pixel] * 5] * 4, np.uint16)

    decoded = decode_levels(make_png(samples, 8, color_type))

    assert decoded[-1][0] == [pixel[0]] * 3 if color_type == GRAY else list(pixel)


def test_too_many_chunks_are_refused() -> None:
    empty = [chunk(b"IDAT", b"") * 2**18]

    with pytest.raises(PictureError, match="more than 262144 chunks"):
        decode_picture(make_png(make_samples(4, 3, 8, RGB), 8, RGB, empty))


@pytest.mark.parametrize("kind", [b"CgBI", b"ABCD"])
def test_an_unknown_chunk_that_changes_the_pixels_is_named(kind: bytes) -> None:
    data = make_png(make_samples(4, 3, 8, RGB), 8, RGB, [chunk(kind, b"")])

    with pytest.raises(PictureError, match=f"got one with the chunk '{kind.decode()}'"):
        decode_picture(data)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (19, 0, "0x3 px"),
        (24, 3, "3 bits in the color type 2"),
        (25, 3, "16 bits in the color type 3"),
        (26, 1, "an unknown method in the header"),
        (27, 64, "an unknown method in the header"),
        (28, 2, "an unknown method in the header"),
    ],
    ids=["width", "bits", "color type", "compression", "filters", "interlacing"],
)
def test_a_header_that_describes_no_picture_is_refused(place: int, value: int, reason: str) -> None:
    data = make_png(make_samples(4, 3, 16, RGB), 16, RGB)
    content = bytearray(data[16:29])
    content[place - 16] = value

    with pytest.raises(PictureError, match=reason):
        decode_picture(data[:8] + chunk(b"IHDR", bytes(content)) + data[33:])


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([], "no palette"),
        ([chunk(b"PLTE", bytes(6))] * 2, "two palettes"),
        ([chunk(b"PLTE", bytes(6), checksum=1)], "the palette does not match its checksum"),
    ],
    ids=["none", "two", "damaged"],
)
def test_a_picture_needs_its_palette(chunks: list[bytes], reason: str) -> None:
    data = make_png(make_samples(4, 3, 1, PALETTE), 1, PALETTE, chunks)

    with pytest.raises(PictureError, match=reason):
        decode_picture(data)


def test_a_file_that_was_copied_as_text_is_named() -> None:
    data = make_png(make_samples(4, 3, 8, RGB), 8, RGB)

    for changed in (data.replace(b"\r\n", b"\n"), data.replace(b"\n", b"\r\n")):
        with pytest.raises(PictureError, match="a PNG file that was changed as if it were text"):
            decode_picture(changed)
