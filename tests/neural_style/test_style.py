from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import neural_style
from neural_style import DeviceError, PictureError, Style, StyleError, inspect, load
from neural_style.backends.base import FloatStyle
from neural_style.pictures.arrays import Pixels

MakePicture = Callable[..., Image.Image]
AssertClose = Callable[..., None]

OFFICIAL = ("candy", "mosaic", "rain_princess", "udnie")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


class Fake(FloatStyle):
    """A style without a network: `change` stands for it."""

    def __init__(self, change: Callable[[Pixels], Pixels]) -> None:
        super().__init__("fake.pth")
        self.change = change

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        return self.change(pixels)


def unchanged(pixels: Pixels) -> Pixels:
    return pixels


def seen_by_network(picture: Image.Image) -> Pixels:
    seen: list[Pixels] = []

    def paint(pixels: Pixels) -> Pixels:
        seen.append(pixels)
        return pixels

    Fake(paint)(picture)
    return seen[0]


# The official models


@pytest.mark.parametrize("content", ["amber-301x227", "amber-512x512"])
@pytest.mark.parametrize("name", OFFICIAL)
def test_official_models_paint_as_the_reference_does(
    name: str, content: str, weights_dir: Path, reference_dir: Path, assert_close: AssertClose
) -> None:
    pytest.importorskip("torch")
    picture = neural_style.load_picture(reference_dir / f"{content}.png")
    painted = load(weights_dir / f"{name}.pth")(picture)
    with Image.open(reference_dir / f"{content}-{name}.png") as reference:
        expected = reference.convert("RGB").crop((0, 0, *picture.size))
    assert_close(painted, expected, within=1)


# The road from a picture to a picture


@pytest.mark.parametrize("height", range(1, 10))
@pytest.mark.parametrize("width", range(1, 10))
def test_the_smallest_pictures_keep_their_size(
    width: int, height: int, small_style: Style, make_picture: MakePicture
) -> None:
    assert small_style(make_picture(width, height)).size == (width, height)


@pytest.fixture(scope="module")
def small_style(checkpoint_path: Path) -> Style:
    return load(checkpoint_path)


def test_a_style_paints_the_same_twice(small_style: Style, make_picture: MakePicture) -> None:
    assert small_style(make_picture()) == small_style(make_picture())


def test_a_style_changes_the_picture(small_style: Style, make_picture: MakePicture) -> None:
    assert small_style(make_picture()) != make_picture()


def test_a_photograph_is_painted(small_style: Style, photo_path: Path) -> None:
    photo = neural_style.load_picture(photo_path)
    assert small_style(photo).size == photo.size


def test_colors_reach_the_network_as_levels_of_red_green_and_blue() -> None:
    pixels = seen_by_network(Image.new("RGB", (6, 5), (255, 128, 0)))
    assert (pixels.shape, pixels.dtype.name) == ((1, 3, 5, 6), "float32")
    assert pixels[0, :, 0, 0].tolist() == [255, 128, 0]


def test_a_tiny_picture_is_continued_by_its_border() -> None:
    pixels = seen_by_network(Image.new("RGB", (1, 2), (1, 2, 3)))
    assert pixels.shape == (1, 3, 5, 5)
    assert [np.unique(channel).tolist() for channel in pixels[0]] == [[1], [2], [3]]


def test_colors_are_clamped_and_their_fractions_cut_off() -> None:
    def paint(pixels: Pixels) -> Pixels:
        row = np.array([-3, 0.9, 127.99, 254.5, 300], dtype=np.float32)
        return np.broadcast_to(row, pixels.shape)

    painted = Fake(paint)(Image.new("RGB", (5, 5)))
    assert np.asarray(painted)[0, :, 0].tolist() == [0, 0, 127, 254, 255]


def test_the_picture_is_cut_from_the_top_left(make_picture: MakePicture) -> None:
    larger = Fake(lambda pixels: np.pad(pixels, ((0, 0), (0, 0), (0, 3), (0, 3))))
    assert larger(make_picture()) == make_picture()


def test_alpha_is_carried_over(make_picture: MakePicture) -> None:
    picture = make_picture(mode="RGBA")
    painted = Fake(lambda pixels: 255 - pixels)(picture)
    assert painted.getchannel("A") == picture.getchannel("A")


def test_an_rgb_profile_is_carried_over(make_picture: MakePicture) -> None:
    picture = make_picture()
    picture.info["icc_profile"] = SRGB
    assert Fake(unchanged)(picture).info["icc_profile"] == SRGB


def test_a_cmyk_profile_is_not_carried_over(make_picture: MakePicture) -> None:
    picture = make_picture(mode="CMYK")
    picture.info["icc_profile"] = SRGB[:16] + b"CMYK" + SRGB[20:]
    assert "icc_profile" not in Fake(unchanged)(picture).info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F"])
def test_pictures_of_every_mode_are_painted(mode: str, make_picture: MakePicture) -> None:
    picture = make_picture(mode=mode)
    assert Fake(unchanged)(picture).size == picture.size


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
def test_an_array_of_another_kind_is_an_error(colors: Any) -> None:
    with pytest.raises(PictureError, match=r"expected uint8 of height x width x 3.* got "):
        Fake(unchanged).paint(colors)


def test_an_array_may_lie_in_memory_in_any_way(
    checkpoint_path: Path, make_picture: MakePicture
) -> None:
    strided = np.asarray(make_picture(24, 18))[::-1, ::2]
    style = load(checkpoint_path)
    assert (style.paint(strided) == style.paint(strided.copy())).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_colors_that_are_not_finite_are_an_error(value: float) -> None:
    with pytest.raises(StyleError, match=r"fake\.pth: expected finite colors"):
        Fake(lambda pixels: pixels * value)(Image.new("RGB", (5, 5), "white"))


def test_a_network_that_shrinks_the_picture_is_an_error() -> None:
    with pytest.raises(StyleError, match="expected 8x8 px from this network, got 4x4"):
        Fake(lambda pixels: pixels[:, :, ::2, ::2])(Image.new("RGB", (8, 8)))


def test_running_out_of_memory_is_a_device_error() -> None:
    def paint(pixels: Pixels) -> Pixels:
        raise RuntimeError("not enough memory:\nyou tried to allocate 99 GB")

    with pytest.raises(DeviceError, match=r"8x9 px .* allocate 99 GB\); make the picture smaller"):
        Fake(paint)(Image.new("RGB", (8, 9)))


def test_another_failure_of_an_engine_is_not_taken_for_a_lack_of_memory() -> None:
    def paint(pixels: Pixels) -> Pixels:
        raise RuntimeError("expected 3 channels, got 4")

    with pytest.raises(DeviceError, match=r"8x9 px .* got 4\)$"):
        Fake(paint)(Image.new("RGB", (8, 9)))


# Loading and counting


def test_a_checkpoint_is_one_style_without_a_number(checkpoint_path: Path) -> None:
    assert inspect(checkpoint_path).count is None


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_checkpoint_takes_no_number(number: int, checkpoint_path: Path) -> None:
    with pytest.raises(StyleError, match=r"small\.pth: expected no style number"):
        load(checkpoint_path, number=number)


@pytest.mark.parametrize("function", [load, inspect])
def test_an_unknown_suffix_is_answered_with_the_known_ones(
    function: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "style.bin"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(StyleError, match=r"ending in \.onnx, .*s, got the suffix '\.bin'"):
        function(path)


@pytest.mark.parametrize("name", ["style.pth", "style.pt", "style.onnx", "style.png", "style"])
def test_a_picture_given_as_a_style_is_called_one(
    name: str, tmp_path: Path, make_picture: MakePicture
) -> None:
    make_picture().save(tmp_path / name, "PNG")
    with pytest.raises(StyleError, match="expected a style model, got a PNG picture"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["style.pth", "style.onnx", "style.png"])
def test_a_style_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=f"{name}: there is no such file"):
        load(tmp_path / name)


@pytest.mark.parametrize(("engine", "name"), [("torch", "a.pth"), ("openvino", "a.onnx")])
def test_a_missing_engine_names_the_command_that_installs_it(
    engine: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x80 something that has to be read to know what it is")
    code = (
        f"import sys, neural_style; sys.modules[{engine!r}] = None\n"
        f"try: neural_style.load({str(path)!r})\n"
        "except neural_style.MissingDependencyError as error: print(error)"
    )
    root = Path(neural_style.__file__).parents[1]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert "pip install '.[style]'" in result.stdout


# Devices


def test_auto_always_finds_a_device(checkpoint_path: Path, make_picture: MakePicture) -> None:
    assert load(checkpoint_path, "auto")(make_picture(8, 8)).size == (8, 8)


@pytest.mark.parametrize("device", ["abacus", "cuda:99", "", "cpu:3"])
def test_an_unknown_device_is_answered_with_the_known_ones(
    device: str, checkpoint_path: Path
) -> None:
    with pytest.raises(DeviceError, match="PyTorch finds the CPU"):
        load(checkpoint_path, device)


def test_accel_is_refused_where_there_is_no_accelerator(checkpoint_path: Path) -> None:
    import torch

    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    with pytest.raises(DeviceError, match="expected an accelerator"):
        load(checkpoint_path, "accel")


# The package


@pytest.mark.parametrize("name", ["torch", "openvino", "luigi", "click", "boto3"])
def test_importing_the_package_does_not_import(name: str) -> None:
    code = f"import sys, neural_style, neural_style.neural_style; sys.exit({name!r} in sys.modules)"
    root = Path(neural_style.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
