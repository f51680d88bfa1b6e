"""Damaged and hostile image files: each costs one error, and bounded time and memory."""

from __future__ import annotations

import random
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.files.bmp import make_runs
from tests.support.files.decoding_child import DecodingReport, decode_in_child
from tests.support.files.pictures import encode
from tests.support.files.png import GRAY_ALPHA, PALETTE, RGB, SIGNATURE, chunk, header, make_png
from tests.support.files.tiff import BLACK_IS_ZERO, DEFLATE, Layout, make_tiff
from tests.support.files.tiff import RGB as TIFF_RGB
from tests.support.networks.styles import make_picture
from tests.support.reliability.tally import Count

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MAX_SECONDS, MAX_MEMORY = 10, 2_000_000_000
FEW, MANY = 25, 1000  # altered files of each kind

_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)


def encode_frames(format: str) -> bytes:
    return encode(make_picture(), format, save_all=True, append_images=[make_picture(mode="L")])


def make_deep_tiff(predictor: int, tile: tuple[int, int] | None) -> bytes:
    samples = np.random.default_rng(0).random((37, 23, 3)).astype(np.float32)
    layout = Layout(
        TIFF_RGB, 32, "f", (), True, ">", tile, compression=DEFLATE, predictor=predictor
    )
    return make_tiff(samples, layout)


SEEDS: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: encode(make_picture(mode="RGBA"), "PNG"),
    "PNG with a key": lambda: make_png(
        np.arange(300, dtype=np.uint16).reshape(10, 10, 3), 16, RGB, [chunk(b"tRNS", bytes(6))]
    ),
    "PNG with a palette": lambda: make_png(
        np.zeros((9, 9, 1), np.uint16), 2, PALETTE, [chunk(b"PLTE", bytes(12))], interlaced=True
    ),
    "animated PNG": lambda: encode_frames("PNG"),
    "JPEG": lambda: encode(make_picture(), "JPEG"),
    "progressive JPEG": lambda: encode(make_picture(mode="CMYK"), "JPEG", progressive=True),
    "MPO": lambda: encode_frames("MPO"),
    "GIF": lambda: encode_frames("GIF"),
    "WebP": lambda: encode(make_picture(mode="RGBA"), "WEBP"),
    "animated WebP": lambda: encode_frames("WEBP"),
    "BMP": lambda: encode(make_picture(), "BMP"),
    "TIFF": lambda: encode(make_picture(), "TIFF"),
    "TIFF with LZW": lambda: encode(make_picture(), "TIFF", compression="tiff_lzw"),
    "TIFF with JPEG": lambda: encode(make_picture(), "TIFF", compression="jpeg"),
    "TIFF with fax": lambda: encode(make_picture(mode="1"), "TIFF", compression="group4"),
    "BigTIFF": lambda: encode(make_picture(), "TIFF", big_tiff=True, compression="packbits"),
    "deep TIFF": lambda: make_deep_tiff(2, None),
    "deep tiled TIFF": lambda: make_deep_tiff(3, (16, 16)),
    "AVIF": lambda: encode(make_picture(), "AVIF"),
    "JPEG 2000": lambda: encode(make_picture(), "JPEG2000"),
}
"""A small file of each kind."""


def alter(whole: bytes, rng: random.Random) -> bytes:
    """Return a file with a few bytes changed, mostly at the beginning, or with a part missing."""
    data = bytearray(whole)
    if rng.random() < 0.2:
        start = rng.randrange(len(data))
        del data[start : start + rng.choice((1, 8, len(data)))]
    for _ in range(rng.randrange(1, 6)):
        width = rng.choice((1, 1, 2, 4))
        place = rng.choice((rng.randrange(len(whole)), rng.randrange(min(len(whole), 200))))
        value = rng.choice((rng.randbytes(width), bytes([rng.choice(_INTERESTING)]) * width))
        data[place : place + width] = value
    return bytes(data)


def write_altered(folder: Path, kind: str, count: int, seed: int = 0) -> list[Path]:
    """Write files made from the whole one of a kind; the same ones for the same seed."""
    rng, whole = random.Random(f"{kind} {seed}"), SEEDS[kind]()
    paths = [folder / f"{number:04}" for number in range(count)]
    for path in paths:
        path.write_bytes(alter(whole, rng))
    return paths


def check(paths: list[Path]) -> DecodingReport:
    report = decode_in_child(paths)

    assert report.seconds < MAX_SECONDS
    assert report.memory < MAX_MEMORY
    return report


def test_altered_files_cost_only_an_error(tmp_path: Path) -> None:
    paths = []
    for kind in SEEDS:
        folder = tmp_path / kind
        folder.mkdir()
        paths += write_altered(folder, kind, FEW)

    check(paths)


@pytest.mark.soak
@pytest.mark.parametrize("kind", SEEDS)
def test_many_altered_files_cost_only_an_error(
    kind: str, tmp_path: Path, soak_seed: int, count: Count
) -> None:
    tally = count("altered images", soak_seed)

    report = check(write_altered(tmp_path, kind, MANY, soak_seed))

    tally.tried, tally.refused = MANY, MANY - report.decoded


# Files that are small and decode to much


def blank_png(bits: int, color_type: int, *chunks: bytes) -> bytes:
    """Return a file of 13370x13370 px, just below Pillow's limit, with rows of zeros."""
    side, channels = 13_370, {RGB: 3, GRAY_ALPHA: 2}.get(color_type, 1)
    row = bytes(1 + -(-side * channels * bits // 8))
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    image = chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return SIGNATURE + header(side, side, bits, color_type) + b"".join(chunks) + image


def many_scans() -> bytes:
    data = encode(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True)
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * 4000 + data[-2:]


def many_directories() -> bytes:
    """Return a TIFF file of 20,000 directories that all have the same large table."""
    samples = np.zeros((4, 4, 1), np.uint8)
    file = bytearray(make_tiff(samples, Layout(BLACK_IS_ZERO, 8)))
    for _ in range(20_000):
        start = len(file)
        entry = struct.pack("<HHII", 330, 4, 250_000, 8)
        file += struct.pack("<H", 1) + entry + struct.pack("<I", start + 18)
    file[4:8] = struct.pack("<I", len(file) - 20_000 * 18)
    return bytes(file)


def many_lists() -> bytes:
    """Return a file of many pages with the same million of strips."""
    strips, pages = 10**6, 50_000
    lists = b"".join(struct.pack("<HHII", tag, 4, strips, 8) for tag in (273, 279))
    start = 8 + 4 * strips
    places = range(start + 30, start + 30 * (pages + 1), 30)
    directories = (struct.pack("<H24sI", 2, lists, place) for place in places)
    header = struct.pack("<2sHI", b"II", 42, start)
    return header + b"\x08\0\0\0" * strips + b"".join(directories)[:-4] + bytes(4)


def encode_jpeg() -> bytes:
    return encode(make_picture(), "JPEG")


def many_precincts(side: int, exponent: int) -> bytes:
    """Return a JPEG 2000 file of a few bytes in precincts of a few pixels."""
    sizes = struct.pack(">H8IH", 0, side, side, 0, 0, side, side, 0, 0, 1) + b"\7\1\1"
    style = struct.pack(">BBHBBBBBBB", 1, 0, 1, 0, 0, 4, 4, 0, 1, exponent * 0x11)
    segments = ((0xFF51, sizes), (0xFF52, style), (0xFF5C, b"\x40\x40"))
    header = b"".join(struct.pack(">HH", mark, 2 + len(c)) + c for mark, c in segments)
    tile = struct.pack(">HHHIBBH", 0xFF90, 10, 0, 14 + 64, 0, 1, 0xFF93) + bytes(64)
    return b"\xff\x4f" + header + tile + b"\xff\xd9"


def hostile_files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield files that once took seconds or gigabytes, by name."""
    yield "16-bit gray PNG", lambda: blank_png(16, 0)
    yield "16-bit PNG with a key", lambda: blank_png(16, RGB, chunk(b"tRNS", bytes(6)))
    yield "gray PNG with alpha", lambda: blank_png(8, GRAY_ALPHA)
    yield "many scans", many_scans
    yield (
        "lossless WebP",
        lambda: encode(Image.new("RGBA", (13_370, 13_370)), "WEBP", lossless=True, method=0),
    )
    yield "many directories", many_directories
    yield "many lists of strips", many_lists
    yield "precincts of JPEG 2000", lambda: many_precincts(8000, 1)
    yield "as many precincts as are allowed", lambda: many_precincts(1400, 1)
    yield "short blocks of GIF", lambda: b"GIF89a" + bytes(7) + b"!\xfe" + b"\1x" * 2**24
    yield "short chunks of PNG", lambda: blank_png(1, 0)[:-12] + chunk(b"IDAT", b"") * 10**6
    yield (
        "empty JPEG segments",
        lambda: encode_jpeg()[:2] + b"\xff\xe5\0\2" * 10**6,
    )
    yield "fill bytes of JPEG", lambda: b"\xff\xd8" + b"\xff" * 30_000_000 + encode_jpeg()[3:]
    yield "runs of BMP beyond the row", lambda: make_runs(b"\1\1" * 15_000_000, 8)
    yield "runs of BMP that skip nothing", lambda: make_runs(b"\0\2\0\0" * 7_500_000, 8)


def name_of(value: object) -> str | None:
    return value if isinstance(value, str) else ""


@pytest.mark.soak
@pytest.mark.parametrize(("name", "make"), list(hostile_files()), ids=name_of)
def test_a_hostile_file_takes_bounded_time_and_memory(
    name: str, make: Callable[[], bytes], tmp_path: Path, count: Count
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    tally = count("image bombs")

    report = check([path])

    tally.tried, tally.refused = 1, 1 - report.decoded
