"""Scaling of pictures before they are painted."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from neural_style import PictureError
from neural_style.pictures.resizing import limit_side, resize, scale_down
from tests.support.files.icc import SRGB
from tests.support.files.pictures import encode
from tests.support.networks.styles import make_picture

ORIENTATION = 0x0112  # the EXIF tag


@pytest.mark.parametrize(
    ("scale", "size"), [(1, (37, 23)), (2, (18, 11)), (2.5, (14, 9)), (0.5, (74, 46)), (99, (1, 1))]
)
def test_sides_are_divided_and_rounded_down(scale: float, size: tuple[int, int]) -> None:
    assert scale_down(make_picture(37, 23), scale).size == size


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e-9])
def test_an_impossible_scale_is_refused(scale: float) -> None:
    with pytest.raises(PictureError, match="content scale"):
        scale_down(make_picture(), scale)


@pytest.mark.parametrize(
    ("max_side", "size"), [(37, (37, 23)), (100, (37, 23)), (20, (20, 12)), (1, (1, 1))]
)
def test_the_longer_side_is_limited(max_side: int, size: tuple[int, int]) -> None:
    assert limit_side(make_picture(37, 23), max_side).size == size


def test_the_shorter_side_has_at_least_one_pixel() -> None:
    assert limit_side(Image.new("RGB", (2, 1000)), 100).size == (1, 100)


@pytest.mark.parametrize("max_side", [0, -1])
def test_an_impossible_longest_side_is_refused(max_side: int) -> None:
    with pytest.raises(PictureError, match="at least 1 px"):
        limit_side(make_picture(), max_side)


@pytest.mark.parametrize(
    ("content_scale", "max_side", "size"),
    [(None, None, (40, 20)), (2, None, (20, 10)), (None, 10, (10, 5)), (2, 10, (10, 5))],
)
def test_steps_of_resizing_are_optional(
    content_scale: float | None, max_side: int | None, size: tuple[int, int]
) -> None:
    assert resize(make_picture(40, 20), content_scale, max_side).size == size


@pytest.mark.parametrize(
    "halve", [lambda picture: scale_down(picture, 2), lambda picture: limit_side(picture, 2)]
)
def test_pictures_of_one_bit_are_filtered(halve: Callable[[Image.Image], Image.Image]) -> None:
    checkered = Image.new("1", (4, 4))
    for x in range(4):
        for y in range(4):
            checkered.putpixel((x, y), (x + y) % 2 * 255)

    small = halve(checkered)

    assert set(np.asarray(small).ravel()) <= set(range(100, 156))


def test_transparent_colors_do_not_bleed_into_opaque_ones() -> None:
    picture = Image.new("RGBA", (64, 64), (0, 255, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 32, 64))

    small = np.asarray(scale_down(picture, 4)).astype(int)

    green_of_opaque = small[small[..., 3] > 250][:, 1]
    assert green_of_opaque.max() <= 5


def test_the_profile_is_kept() -> None:
    picture = make_picture()
    picture.info["icc_profile"] = SRGB

    assert scale_down(picture, 2).info == {"icc_profile": SRGB}


def test_a_rotated_photograph_is_measured_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    stored = Image.open(io.BytesIO(encode(make_picture(37, 23), "JPEG", exif=exif)))

    assert scale_down(stored, 2).size == (11, 18)
