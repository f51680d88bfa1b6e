"""The pictures that a training reads: which ones, in which order, and which part of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style import PictureError
from neural_style.training.data import find_pictures, read_square, read_style
from tests.support.networks.styles import make_picture

ORIENTATION = 0x0112
"""The EXIF tag; 3 is for a picture that is stored upside down."""


def create_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def find_names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder)]


def to_array(picture: Image.Image) -> NDArray[np.float32]:
    """Return 1 x 3 x H x W."""
    return np.asarray(picture, dtype=np.float32).transpose(2, 0, 1)[np.newaxis]


def test_pictures_are_sorted_and_those_of_subfolders_come_last(tmp_path: Path) -> None:
    create_files(tmp_path, "a-b/x.png", "c.png", "a/b/y.png", "a/z.webp", "b.JPG")

    found = find_names(tmp_path)

    assert found == ["b.JPG", "c.png", "a/z.webp", "a/b/y.png", "a-b/x.png"]


@pytest.mark.parametrize("name", ["notes.txt", ".hidden.png", "png"])
def test_other_files_are_left_out(name: str, tmp_path: Path) -> None:
    create_files(tmp_path, "a.png", name)

    assert find_names(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("links", "names"),
    [
        ({"loop": "."}, ["a/0.png", "b/1.png"]),
        ({"a/loop": "..", "a/b/up": "../.."}, ["a/0.png", "b/1.png"]),
        (
            {"a/b": "../b", "b/a": "../a"},  # each leads into the other
            ["a/0.png", "a/b/1.png", "b/1.png", "b/a/0.png"],
        ),
        ({"c": "a"}, ["a/0.png", "b/1.png", "c/0.png"]),
    ],
    ids=["itself", "above", "each other", "no loop"],
)
def test_links_to_folders_are_followed_but_not_in_a_circle(
    links: dict[str, str], names: list[str], tmp_path: Path
) -> None:
    create_files(tmp_path, "a/0.png", "b/1.png")
    for link, target in links.items():
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(target, target_is_directory=True)

    assert find_names(tmp_path) == names


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((64, 32), (16, 0, 48, 32)),
        ((32, 64), (0, 16, 32, 48)),
        ((35, 32), (2, 0, 34, 32)),  # 1.5 is rounded to 2
        ((37, 32), (2, 0, 34, 32)),  # 2.5 is rounded to 2, too
        ((32, 32), (0, 0, 32, 32)),
    ],
)
def test_the_middle_of_a_picture_is_cut_out(
    size: tuple[int, int],
    box: tuple[int, int, int, int],
    tmp_path: Path,
) -> None:
    picture = make_picture(*size)
    picture.save(tmp_path / "picture.png")

    pixels = read_square(tmp_path / "picture.png", 32)

    assert np.array_equal(pixels, to_array(picture.crop(box)))


def test_the_shorter_side_is_scaled_to_the_square(tmp_path: Path) -> None:
    picture = make_picture(150, 96)
    picture.save(tmp_path / "picture.png")

    pixels = read_square(tmp_path / "picture.png", 32)

    resized = picture.resize((50, 32), Image.Resampling.BILINEAR)
    assert np.array_equal(pixels, to_array(resized.crop((9, 0, 41, 32))))


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    picture = make_picture(32, 32)
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    picture.rotate(180).save(tmp_path / "picture.png", exif=exif)

    pixels = read_square(tmp_path / "picture.png", 32)

    assert np.array_equal(pixels, to_array(picture))


def test_a_picture_too_long_to_be_scaled_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    Image.new("L", (1, 400_000)).save(path)

    with pytest.raises(PictureError) as caught:
        read_square(path, 256)

    assert str(caught.value) == f"{path}: too long for training (1x400000 px); crop it"


def test_a_style_picture_keeps_its_size(tmp_path: Path) -> None:
    picture = make_picture(30, 20)
    picture.save(tmp_path / "style.png")

    pixels = read_style(tmp_path / "style.png")

    assert np.array_equal(pixels, to_array(picture))


def test_a_style_picture_is_resized_to_a_square(tmp_path: Path) -> None:
    picture = make_picture(30, 20)
    picture.save(tmp_path / "style.png")

    pixels = read_style(tmp_path / "style.png", 12)

    assert np.array_equal(pixels, to_array(picture.resize((12, 12), Image.Resampling.LANCZOS)))
