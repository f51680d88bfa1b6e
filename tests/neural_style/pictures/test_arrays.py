"""Pictures as arrays, and back."""

from __future__ import annotations

import numpy as np
from PIL import Image

from neural_style.pictures.arrays import to_colors, to_floats, to_levels, to_pixels
from tests.support.networks.styles import make_picture


def test_colors_are_those_of_the_picture_without_alpha() -> None:
    picture = make_picture(mode="RGBA")

    colors = to_colors(picture)

    assert np.array_equal(colors, np.asarray(picture)[..., :3])


def test_a_picture_of_many_rows_is_complete() -> None:
    picture = make_picture(3, 600)

    colors = to_colors(picture)

    assert np.array_equal(colors, np.asarray(picture))


def test_a_small_picture_is_padded_with_its_last_row_and_column() -> None:
    picture = make_picture(3, 2)

    colors = to_colors(picture, minimum_side=5)

    padded = np.pad(np.asarray(picture), ((0, 3), (0, 2), (0, 0)), mode="edge")
    assert np.array_equal(colors, padded)


def test_pixels_have_the_shape_that_networks_take() -> None:
    picture = Image.new("RGB", (7, 5), (10, 20, 30))

    pixels = to_pixels(picture)

    assert pixels.shape == (1, 3, 5, 7)
    assert pixels.dtype == np.float32
    assert pixels[0, :, 4, 6].tolist() == [10, 20, 30]


def test_levels_are_the_inverse_of_floats() -> None:
    colors = np.asarray(make_picture())

    assert np.array_equal(to_levels(to_floats(colors)), colors)


def test_levels_are_clamped_and_truncated() -> None:
    pixels = np.array([-7, 3.9, 300], np.float32).reshape(1, 3, 1, 1)

    assert to_levels(pixels).ravel().tolist() == [0, 3, 255]
