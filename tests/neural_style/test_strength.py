"""The option `strength`, from the photograph to the painting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import PaintingRequest, RenderingOptions, load, load_picture, paint_file
from tests.support.networks.styles import assert_same_pixels, make_picture


def paint(
    picture: Image.Image, checkpoint_path: Path, folder: Path, strength: float
) -> Image.Image:
    """Return a picture painted with this strength, from file to file."""
    picture.save(folder / "picture.png")
    options = RenderingOptions(strength=strength)
    request = PaintingRequest(
        folder / "picture.png", checkpoint_path, folder / "painted.png", options
    )
    paint_file(request)
    return load_picture(folder / "painted.png")


def test_no_strength_is_the_photograph(checkpoint_path: Path, tmp_path: Path) -> None:
    picture = make_picture()

    painted = paint(picture, checkpoint_path, tmp_path, strength=0)

    assert_same_pixels(painted, picture)


def test_full_strength_is_the_painting(checkpoint_path: Path, tmp_path: Path) -> None:
    picture = make_picture()

    painted = paint(picture, checkpoint_path, tmp_path, strength=1)

    assert_same_pixels(painted, load(checkpoint_path)(picture))


@pytest.mark.parametrize("size", [(37, 23), (11, 600)], ids=["one-strip", "several-strips"])
def test_half_strength_is_halfway(
    size: tuple[int, int], checkpoint_path: Path, tmp_path: Path
) -> None:
    picture = make_picture(*size)

    painted = paint(picture, checkpoint_path, tmp_path, strength=0.5)

    ends = np.array([np.asarray(picture), np.asarray(load(checkpoint_path)(picture))], dtype=float)
    assert np.abs(np.asarray(painted) - ends.mean(axis=0)).max() <= 1


def test_alpha_stays_as_it_is(checkpoint_path: Path, tmp_path: Path) -> None:
    picture = make_picture()
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))

    painted = paint(picture, checkpoint_path, tmp_path, strength=0.5)

    assert_same_pixels(painted.getchannel("A"), picture.getchannel("A"))
