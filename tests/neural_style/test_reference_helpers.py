"""The reference implementation's helpers in `neural_style.utils`, compared with their formulas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

import torch

from neural_style import PictureError
from neural_style.utils import gram_matrix, load_image, normalize_batch, save_image
from tests.support.networks import formulas
from tests.support.networks.styles import make_picture


def test_importing_the_module_does_not_import_pytorch() -> None:
    program = "import sys, neural_style.utils; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


# load_image


def test_an_image_is_loaded_as_it_is(tmp_path: Path) -> None:
    make_picture().save(tmp_path / "image.png")

    assert load_image(tmp_path / "image.png") == make_picture()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I", "CMYK"])
def test_every_mode_is_loaded_as_rgb(mode: str, tmp_path: Path) -> None:
    make_picture(mode=mode).save(tmp_path / "image.tif")

    assert load_image(tmp_path / "image.tif").mode == "RGB"


def test_transparency_is_dropped_and_colors_stay(tmp_path: Path) -> None:
    picture = make_picture(mode="RGBA")
    picture.save(tmp_path / "image.png")

    assert load_image(tmp_path / "image.png") == picture.convert("RGB")


def test_a_size_makes_a_square(tmp_path: Path) -> None:
    make_picture().save(tmp_path / "image.png")

    image = load_image(str(tmp_path / "image.png"), size=16)

    assert image == make_picture().resize((16, 16), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("scale", [2, 2.5, 0.5])
def test_a_scale_divides_both_sides(scale: float, tmp_path: Path) -> None:
    make_picture(37, 23).save(tmp_path / "image.png")

    image = load_image(tmp_path / "image.png", scale=scale)

    size = (int(37 / scale), int(23 / scale))
    assert image == make_picture(37, 23).resize(size, Image.Resampling.LANCZOS)


def test_a_size_takes_precedence_over_a_scale(tmp_path: Path) -> None:
    make_picture().save(tmp_path / "image.png")

    assert load_image(tmp_path / "image.png", size=8, scale=2).size == (8, 8)


def test_an_impossible_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    make_picture().save(path)

    with pytest.raises(PictureError) as caught:
        load_image(path, size=0)

    assert str(caught.value) == (
        f"{path}: cannot be resized to 0x0 px; choose a size of at least 1 px"
    )


# save_image


@pytest.mark.parametrize("channels", [3, 4])
def test_an_image_is_saved_with_clamped_values_without_fractions(
    channels: int, tmp_path: Path
) -> None:
    data = torch.rand(channels, 5, 7, generator=torch.Generator().manual_seed(2)) * 400 - 70
    before = data.clone()

    save_image(tmp_path / "image.png", data)

    with Image.open(tmp_path / "image.png") as image:
        levels = np.asarray(image).transpose(2, 0, 1)
    assert np.array_equal(levels, data.clamp(0, 255).numpy().astype(np.uint8))
    assert torch.equal(data, before)


def test_a_tensor_in_half_precision_with_gradients_is_saved(tmp_path: Path) -> None:
    data = torch.full((3, 4, 4), 100.0, dtype=torch.bfloat16, requires_grad=True)

    save_image(tmp_path / "image.png", data)

    assert load_image(tmp_path / "image.png").getpixel((0, 0)) == (100, 100, 100)


@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (1, 3, 5, 7)])
def test_other_shapes_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    path = tmp_path / "image.png"

    with pytest.raises(PictureError) as caught:
        save_image(path, torch.zeros(shape))

    assert caught.value.path == str(path)
    assert caught.value.reason.endswith(f"got {' x '.join(map(str, shape))}")
    assert not path.exists()


# gram_matrix and normalize_batch


def test_a_gram_matrix_of_known_values() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # two channels of 1x2

    expected = torch.tensor([[[5.0, 11.0], [11.0, 25.0]]]) / 4
    assert torch.equal(gram_matrix(features), expected)


def test_gram_matrices_are_those_of_the_formula() -> None:
    features = torch.randn(2, 5, 4, 3, generator=torch.Generator().manual_seed(3))

    torch.testing.assert_close(gram_matrix(features), formulas.gram(features))


def test_a_normalized_batch_is_that_of_the_formula() -> None:
    batch = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(4)) * 255

    torch.testing.assert_close(normalize_batch(batch), formulas.normalize(batch))


def test_normalizing_does_not_change_the_batch() -> None:
    batch = torch.full((1, 3, 2, 2), 255.0)

    normalize_batch(batch)

    assert (batch == 255).all()
