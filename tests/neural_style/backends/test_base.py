"""A style's way from picture to picture, with a function in place of the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import neural_style
from neural_style import DeviceError, PictureError, Style, StyleError, load
from neural_style.backends.base import FloatStyle
from neural_style.pictures.arrays import Pixels
from tests.support.networks.styles import make_picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


class FunctionStyle(FloatStyle):
    """A style whose network is a function."""

    def __init__(self, network: Callable[[Pixels], Pixels]) -> None:
        super().__init__("function.pth")
        self._network = network

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        return self._network(pixels)


def copy(pixels: Pixels) -> Pixels:
    """Paint every picture as it is."""
    return pixels


def raise_error(error: Exception) -> Callable[[Pixels], Pixels]:
    """Return a network that raises `error`."""

    def network(pixels: Pixels) -> Pixels:
        raise error

    return network


def input_of_network(picture: Image.Image) -> Pixels:
    """Return what the network gets for `picture`."""
    inputs: list[Pixels] = []

    def network(pixels: Pixels) -> Pixels:
        inputs.append(pixels)
        return pixels

    FunctionStyle(network)(picture)
    return inputs[0]


@pytest.fixture(scope="module")
def small_style(checkpoint_path: Path) -> Style:
    """The style of `checkpoint_path`."""
    return load(checkpoint_path)


# Pictures


@pytest.mark.parametrize("height", range(1, 10))
@pytest.mark.parametrize("width", range(1, 10))
def test_the_smallest_pictures_keep_their_size(
    width: int,
    height: int,
    small_style: Style,
) -> None:
    assert small_style(make_picture(width, height)).size == (width, height)


def test_a_style_paints_the_same_twice(small_style: Style) -> None:
    assert small_style(make_picture()) == small_style(make_picture())


def test_a_style_changes_the_picture(small_style: Style) -> None:
    assert small_style(make_picture()) != make_picture()


def test_a_photograph_keeps_its_size(small_style: Style, photo_path: Path) -> None:
    photo = neural_style.load_picture(photo_path)

    assert small_style(photo).size == photo.size


def test_the_network_gets_levels_of_red_green_and_blue() -> None:
    pixels = input_of_network(Image.new("RGB", (6, 5), (255, 128, 0)))

    assert (pixels.shape, pixels.dtype.name) == ((1, 3, 5, 6), "float32")
    assert pixels[0, :, 0, 0].tolist() == [255, 128, 0]


def test_a_tiny_picture_is_continued_by_its_border() -> None:
    pixels = input_of_network(Image.new("RGB", (1, 2), (1, 2, 3)))

    assert pixels.shape == (1, 3, 5, 5)
    assert [np.unique(channel).tolist() for channel in pixels[0]] == [[1], [2], [3]]


def test_colors_are_clamped_and_their_fractions_cut_off() -> None:
    def network(pixels: Pixels) -> Pixels:
        row = np.array([-3, 0.9, 127.99, 254.5, 300], dtype=np.float32)
        return np.broadcast_to(row, pixels.shape)

    painted = FunctionStyle(network)(Image.new("RGB", (5, 5)))

    assert np.asarray(painted)[0, :, 0].tolist() == [0, 0, 127, 254, 255]


def test_the_picture_is_cut_from_the_top_left() -> None:
    enlarge = FunctionStyle(lambda pixels: np.pad(pixels, ((0, 0), (0, 0), (0, 3), (0, 3))))

    assert enlarge(make_picture()) == make_picture()


def test_alpha_is_carried_over() -> None:
    picture = make_picture(mode="RGBA")

    painted = FunctionStyle(lambda pixels: 255 - pixels)(picture)

    assert painted.getchannel("A") == picture.getchannel("A")


def test_an_rgb_profile_is_carried_over() -> None:
    picture = make_picture()
    picture.info["icc_profile"] = SRGB

    assert FunctionStyle(copy)(picture).info["icc_profile"] == SRGB


def test_a_cmyk_profile_is_not_carried_over() -> None:
    picture = make_picture(mode="CMYK")
    picture.info["icc_profile"] = SRGB[:16] + b"CMYK" + SRGB[20:]

    assert "icc_profile" not in FunctionStyle(copy)(picture).info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F"])
def test_pictures_of_every_mode_are_painted(mode: str) -> None:
    picture = make_picture(mode=mode)

    assert FunctionStyle(copy)(picture).size == picture.size


# Arrays


@pytest.mark.parametrize(
    "colors",
    [
        np.zeros((8, 8, 3)),
        np.zeros((8, 8, 3), np.int64),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 4, 3), np.uint8),
    ],
    ids=["float", "int64", "alpha", "flat", "narrow"],
)
def test_an_array_of_another_kind_is_an_error(colors: NDArray[Any]) -> None:
    with pytest.raises(PictureError, match=r"expected uint8 of height x width x 3.* got "):
        FunctionStyle(copy).paint(colors)


def test_an_array_may_have_any_memory_layout(small_style: Style) -> None:
    strided = np.asarray(make_picture(24, 18))[::-1, ::2]

    assert (small_style.paint(strided) == small_style.paint(strided.copy())).all()


# Failures


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_colors_that_are_not_finite_are_an_error(value: float) -> None:
    style = FunctionStyle(lambda pixels: pixels * value)

    with pytest.raises(StyleError, match=r"^function\.pth: expected finite colors"):
        style(Image.new("RGB", (5, 5), "white"))


def test_a_network_that_shrinks_the_picture_is_an_error() -> None:
    style = FunctionStyle(lambda pixels: pixels[:, :, ::2, ::2])

    with pytest.raises(StyleError, match=r"^function\.pth: expected 8x8 px .*, got 4x4"):
        style(Image.new("RGB", (8, 8)))


def test_running_out_of_memory_is_a_device_error() -> None:
    style = FunctionStyle(raise_error(MemoryError("the system refuses 99 GB")))

    with pytest.raises(DeviceError) as caught:
        style(Image.new("RGB", (8, 9)))

    assert caught.value.reason == (
        "function.pth cannot paint 8x9 px on this device (the system refuses 99 GB)"
    )
    assert caught.value.remedy == "make the picture smaller (--max-side)"


@pytest.mark.parametrize(
    "reason", ["expected 3 channels, got 4", "not enough memory:\nyou tried to allocate 99 GB"]
)
def test_another_failure_of_an_engine_is_described_in_its_words(reason: str) -> None:
    style = FunctionStyle(raise_error(RuntimeError(reason)))

    with pytest.raises(DeviceError) as caught:
        style(Image.new("RGB", (8, 9)))

    assert caught.value.reason == f"function.pth cannot paint 8x9 px on this device ({reason})"
    assert caught.value.remedy == ""
    assert str(caught.value).isprintable()
