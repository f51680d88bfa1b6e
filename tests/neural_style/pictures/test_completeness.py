"""Whether image files are whole."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style import PictureError
from neural_style.pictures.checking import check_structure
from neural_style.pictures.codecs.jpeg import read_jpeg
from neural_style.pictures.completeness import is_complete
from neural_style.pictures.decoding import decode_picture
from neural_style.pictures.decoding_memory import MAX_COPIED_BYTES
from tests.support.files.pictures import encode
from tests.support.networks.styles import make_picture

SEVERAL = {"save_all": True}
FILES: list[tuple[str, dict[str, Any]]] = [
    ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}), ("GIF", {}),
    ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"big_tiff": True}),
    ("AVIF", {}), ("JPEG2000", {}), ("JPEG2000", {"no_jp2": True}),
    ("PNG", SEVERAL), ("WEBP", SEVERAL), ("GIF", SEVERAL), ("TIFF", SEVERAL), ("AVIF", SEVERAL),
    ("MPO", SEVERAL),
]  # fmt: skip


def encode_file(format: str, options: dict[str, Any]) -> bytes:
    """Return a file with one frame or page, or with two if the option `save_all` is given."""
    if "save_all" in options:
        options = {**options, "append_images": [make_picture().rotate(180)]}
    return encode(make_picture(), format, **options)


def name_of(value: object) -> str:
    """Return a name for a format or its options."""
    if isinstance(value, dict):
        return " ".join(value) or "plain"
    return str(value)


@pytest.mark.parametrize(("format", "options"), FILES, ids=name_of)
def test_a_whole_file_is_complete(format: str, options: dict[str, Any], tmp_path: Path) -> None:
    data = encode_file(format, options)
    (tmp_path / "picture").write_bytes(data)

    assert is_complete(data)
    check_structure(tmp_path / "picture")


@pytest.mark.parametrize(("format", "options"), FILES, ids=name_of)
def test_a_part_of_a_file_is_neither_complete_nor_decoded(
    format: str, options: dict[str, Any], tmp_path: Path
) -> None:
    whole = encode_file(format, options)
    end = whole.rindex(whole.rstrip(b"\0")[-1:]) + 1  # without padding
    rng = random.Random(format)

    for size in {1, 2, 3, 7, 8, 11, 12, 20, end - 1, *(rng.randrange(1, end) for _ in range(60))}:
        assert not is_complete(whole[:size]), size
        with pytest.raises(PictureError):
            decode_picture(whole[:size])
        (tmp_path / "picture").write_bytes(whole[:size])
        with pytest.raises(PictureError):
            check_structure(tmp_path / "picture")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "JPEG2000", "GIF"])
def test_a_file_whose_place_was_reserved_is_not_complete(format: str, tmp_path: Path) -> None:
    if format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    noise = Image.effect_noise((400, 400), 99).convert("RGB")
    whole = encode(noise, format)

    for part in (len(whole) // 2, len(whole) * 3 // 4):
        reserved = whole[:part] + bytes(len(whole) - part)
        (tmp_path / "picture").write_bytes(reserved)
        assert not is_complete(reserved)
        with pytest.raises(PictureError):
            decode_picture(reserved)
        with pytest.raises(PictureError):
            check_structure(tmp_path / "picture")


@pytest.mark.parametrize(
    "data", [b"", b"text", b"<!DOCTYPE html>", b"II*\0", b"MM\0*" + bytes(99), bytes(1000)]
)
def test_what_is_no_picture_is_refused_without_decoding(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(data)

    with pytest.raises(PictureError, match="expected a"):
        check_structure(tmp_path / "picture")


def test_too_many_pixels_are_refused_without_decoding(tmp_path: Path) -> None:
    Image.new("1", (30000, 30000)).save(tmp_path / "picture.png")

    with pytest.raises(PictureError, match="expected a smaller picture"):
        check_structure(tmp_path / "picture.png")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_bytes_behind_the_end_do_not_count(format: str) -> None:
    assert is_complete(encode(make_picture(), format) + b"\0\r\n")


@pytest.mark.parametrize("format", ["WEBP", "AVIF", "JPEG2000"])
def test_a_file_of_which_copies_are_too_large_is_refused(format: str, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(encode(make_picture(), format))
    os.truncate(path, MAX_COPIED_BYTES + 1)

    with pytest.raises(PictureError, match=r"file of at most 268.4 MB, got 268.4 MB"):
        check_structure(path)


@pytest.mark.parametrize("data", [b"", b"text", b"RIFF", b"\0" * 100], ids=repr)
def test_other_content_is_not_complete(data: bytes) -> None:
    assert not is_complete(data)


def test_a_part_that_ends_with_the_first_of_several_pictures_is_not_complete() -> None:
    whole = encode_file("MPO", SEVERAL)

    assert not is_complete(whole[: read_jpeg(whole).end])


def test_an_index_that_an_editor_copied_does_not_count() -> None:
    whole = encode_file("MPO", SEVERAL)
    first = whole[: read_jpeg(whole).end]
    comment = b"\xff\xfe\0\7added"

    assert is_complete(first[:2] + comment + first[2:])


def test_blocks_without_end_take_bounded_time() -> None:
    blocks = b"GIF89a" + bytes(7) + b"!\xfe" + b"\1x" * 2**23

    assert not is_complete(blocks)
