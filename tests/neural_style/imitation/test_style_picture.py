"""The style picture, and the squares that the network looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import PictureError
from neural_style.imitation.style_picture import find_squares, read_style_picture
from tests.support.networks.styles import make_picture

ORIENTATION = 0x0112


def write(picture: Image.Image, path: Path, orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture.save(path, exif=exif)
    return path


@pytest.mark.parametrize(
    ("size", "starts"),
    [
        ((30, 30), [(0, 0)]),
        ((31, 30), [(0, 0), (1, 0)]),
        ((60, 30), [(0, 0), (30, 0)]),
        ((30, 75), [(0, 0), (0, 22), (0, 45)]),
        ((10, 1000), [(0, 0), (0, 330), (0, 660), (0, 990)]),
    ],
)
def test_squares_cover_the_picture_evenly(
    size: tuple[int, int], starts: list[tuple[int, int]]
) -> None:
    side = min(size)

    assert find_squares(*size) == [(x, y, x + side, y + side) for x, y in starts]


def test_the_squares_of_a_wide_picture_are_its_left_and_its_right(tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 32), "red")
    picture.paste("blue", (32, 0, 64, 32))

    left, right = read_style_picture(write(picture, tmp_path / "wide.png")).squares

    assert left[128, 128].tolist() == [1, 0, 0]
    assert right[128, 128].tolist() == [0, 0, 1]


def test_a_picture_is_turned_upright(tmp_path: Path) -> None:
    picture = make_picture(48, 48)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    upright_path = write(picture, tmp_path / "upright.png")
    turned_path = write(turned, tmp_path / "turned.png", orientation=6)

    upright, also_upright = map(read_style_picture, (upright_path, turned_path))

    np.testing.assert_array_equal(upright.squares[0], also_upright.squares[0])
    assert upright.digest != also_upright.digest


def test_transparent_places_are_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (16, 0, 32, 32))

    (square,) = read_style_picture(write(picture, tmp_path / "half.png")).squares

    assert square[128, 32].tolist() == [1, 1, 1]
    assert square[128, 224].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("size", "color", "expected"),
    [
        ((1, 1), "red", "one color only"),
        ((300, 300), (9, 90, 200), "one color only"),
        ((300, 300), (255, 0, 0, 0), "transparent is white"),
        ((15, 90), None, "a picture of 15x90 px shows little of a style"),
        ((16, 90), None, ""),
    ],
)
def test_a_picture_that_shows_little_of_a_style_is_noted(
    tmp_path: Path, size: tuple[int, int], color: Any, expected: str
) -> None:
    mode = "RGBA" if isinstance(color, tuple) and len(color) == 4 else "RGB"
    picture = Image.effect_noise(size, 90) if color is None else Image.new(mode, size, color)
    picture.save(tmp_path / "style.png")

    note = read_style_picture(tmp_path / "style.png").note

    assert expected in note and bool(note) == bool(expected)


def test_a_file_that_is_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("shopping list")

    with pytest.raises(PictureError) as refused:
        read_style_picture(path)

    assert refused.value.path == str(path)
