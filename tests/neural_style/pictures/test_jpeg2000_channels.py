"""Reading of JP2 files with palettes and with channels in an order of their own."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style import PictureError
from neural_style.pictures.decoding import decode_picture
from tests.support.files.pictures import decode_levels, encode

Levels = NDArray[np.uint8]

SRGB, GRAY, LAB = 16, 17, 14
"""Color spaces."""

COLOR, ALPHA, PREMULTIPLIED, UNKNOWN = 0, 1, 2, 65535
"""Types of channels."""

INDICES = np.arange(24, dtype=np.uint8).reshape(4, 6) % 8


def make_box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def make_jp2(components: Levels, space: int, *boxes: bytes, bits: int = 8) -> bytes:
    """Return a file of height x width x components, without loss."""
    height, width, count = components.shape
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[count]
    picture = Image.frombytes(mode, (width, height), components.tobytes())
    stream = encode(picture, "JPEG2000", no_jp2=True, mct=0)
    header = make_box(b"ihdr", struct.pack(">IIHBBBB", height, width, count, bits - 1, 7, 0, 0))
    header += make_box(b"colr", struct.pack(">BBBI", 1, 0, 0, space)) + b"".join(boxes)
    signature = make_box(b"jP  ", b"\r\n\x87\n") + make_box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
    return signature + make_box(b"jp2h", header) + make_box(b"jp2c", stream)


def make_palette(colors: NDArray[np.integer], bits: int = 8) -> bytes:
    """Return the boxes of a palette of colors x columns."""
    count, columns = colors.shape
    content = struct.pack(f">HB{columns}B", count, columns, *[bits - 1] * columns)
    content += colors.astype(">u2" if bits > 8 else "u1").tobytes()
    mapping = b"".join(struct.pack(">HBB", 0, 1, column) for column in range(columns))
    return make_box(b"pclr", content) + make_box(b"cmap", mapping)


def define(*channels: tuple[int, int]) -> bytes:
    """Return the box that says the type of each channel, and which color it is."""
    content = b"".join(struct.pack(">HHH", n, *channel) for n, channel in enumerate(channels))
    return make_box(b"cdef", struct.pack(">H", len(channels)) + content)


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_a_palette_is_applied(bits: int, columns: int) -> None:
    full = 2**bits - 1
    colors = np.random.default_rng(bits).integers(0, full, (8, columns), endpoint=True)
    colors[3] = colors[5]  # Pillow stores equal colors once
    space = GRAY if columns == 1 else SRGB

    decoded = decode_levels(make_jp2(INDICES[..., np.newaxis], space, make_palette(colors, bits)))

    levels = np.round(colors * 255 / full).astype(int)
    assert decoded == np.broadcast_to(levels[INDICES], (4, 6, 3)).tolist()


def test_a_palette_has_alpha() -> None:
    colors = np.random.default_rng(0).integers(0, 256, (8, 4))
    channels = define((COLOR, 1), (COLOR, 2), (COLOR, 3), (ALPHA, 0))

    decoded = decode_levels(
        make_jp2(INDICES[..., np.newaxis], SRGB, make_palette(colors), channels)
    )

    assert decoded == colors[INDICES].tolist()


@pytest.mark.parametrize(
    ("channels", "places"),
    [
        ([(COLOR, 3), (COLOR, 2), (COLOR, 1)], [2, 1, 0]),
        ([(ALPHA, 0), (COLOR, 1), (COLOR, 2), (COLOR, 3)], [1, 2, 3, 0]),
        ([(COLOR, 1), (COLOR, 2), (COLOR, 3), (ALPHA, 0)], [0, 1, 2, 3]),
        ([(COLOR, 1), (COLOR, 2), (COLOR, 3), (UNKNOWN, UNKNOWN)], [0, 1, 2]),
        ([(ALPHA, 0), (COLOR, 1)], [1, 1, 1, 0]),
        ([(COLOR, 1), (ALPHA, 0)], [0, 0, 0, 1]),
    ],
    ids=["BGR", "ARGB", "RGBA", "RGB and another", "alpha and gray", "gray and alpha"],
)
def test_channels_are_those_that_the_file_says(
    channels: Sequence[tuple[int, int]], places: list[int]
) -> None:
    components = np.random.default_rng(0).integers(0, 256, (4, 6, len(channels)), np.uint8)
    space = GRAY if len(channels) == 2 else SRGB

    assert (
        decode_levels(make_jp2(components, space, define(*channels)))
        == components[..., places].tolist()
    )


def test_premultiplied_colors_are_divided() -> None:
    components = np.array([[[100, 50, 0, 128], [0, 20, 30, 255]]], np.uint8)
    channels = define((COLOR, 1), (COLOR, 2), (COLOR, 3), (PREMULTIPLIED, 0))

    decoded = decode_levels(make_jp2(components, SRGB, channels))

    assert np.abs(np.array(decoded) - [[[199, 99, 0, 128], [0, 20, 30, 255]]]).max() <= 1


# Refusals


def test_the_memory_of_a_palette_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[float] = []
    monkeypatch.setattr(
        "neural_style.pictures.decoding.check_decoding_memory",
        lambda size, bytes_per_pixel, *others: counted.append(bytes_per_pixel),
    )

    decode_picture(
        make_jp2(INDICES[..., np.newaxis], SRGB, make_palette(np.zeros((8, 3), np.int64)))
    )
    decode_picture(make_jp2(INDICES[..., np.newaxis], GRAY))

    assert counted[0] - counted[1] == 9


def test_another_color_space_is_named() -> None:
    with pytest.raises(PictureError, match="got one in the color space 14"):
        decode_picture(make_jp2(np.zeros((4, 6, 3), np.uint8), LAB))


def test_a_palette_of_too_many_colors_is_named() -> None:
    palette = make_palette(np.zeros((1000, 3), np.int64))

    with pytest.raises(PictureError, match="at most 256 colors, got 1000 of 3 values"):
        decode_picture(make_jp2(INDICES[..., np.newaxis], SRGB, palette))


@pytest.mark.parametrize(
    "boxes",
    [
        make_box(b"pclr", b""),
        make_box(b"pclr", struct.pack(">HBBBB", 9, 3, 7, 7, 7)),
        make_palette(np.zeros((8, 3), np.int64)) + define((COLOR, 1), (COLOR, 2)),
        make_box(b"cdef", b"\0\1\0"),
        make_box(b"cmap", b"\0\1\1\0") + make_palette(np.zeros((8, 3), np.int64)),
        make_box(b"cmap", b"\0\0\1\0" * 10**6) + make_palette(np.zeros((8, 3), np.int64)),
        define(*[(COLOR, 1)] * 9999),
    ],
    ids=[
        "empty", "no colors", "two colors", "half a channel", "another component",
        "a million channels of a palette", "many channels",
    ],
)  # fmt: skip
def test_damaged_boxes_are_refused(boxes: bytes) -> None:
    with pytest.raises(PictureError, match="damaged"):
        decode_picture(make_jp2(INDICES[..., np.newaxis], SRGB, boxes))
