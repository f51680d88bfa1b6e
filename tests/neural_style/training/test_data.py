"""Which pictures are trained on, in which order, and what is cut out of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.training.data import find_pictures, read_square

MakePicture = Callable[..., Image.Image]


def test_pictures_come_in_sorted_order_those_of_a_folder_before_those_inside_it(
    tmp_path: Path, make_picture: MakePicture
) -> None:
    names = ["b.JPG", "c.png", "a/z.webp", "a/b/y.png", "a-b/x.png"]
    for name in [
        "a-b/x.png",
        "notes.txt",
        ".hidden.png",
        "c.png",
        "a/b/y.png",
        "a/z.webp",
        "b.JPG",
    ]:
        path = tmp_path / "found" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = find_pictures(tmp_path / "found")
    assert [path.relative_to(tmp_path / "found").as_posix() for path in found] == names


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
    for name in ("a/0.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    for link, target in links.items():
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(target, target_is_directory=True)
    assert [path.relative_to(tmp_path).as_posix() for path in find_pictures(tmp_path)] == names


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((64, 32), (16, 0, 48, 32)),
        ((32, 64), (0, 16, 32, 48)),
        ((35, 32), (2, 0, 34, 32)),  # 1.5 is rounded to 2, and
        ((37, 32), (2, 0, 34, 32)),  # 2.5 too
        ((32, 32), (0, 0, 32, 32)),
    ],
)
def test_the_middle_of_a_picture_is_cut_out(
    size: tuple[int, int],
    box: tuple[int, int, int, int],
    make_picture: MakePicture,
    tmp_path: Path,
) -> None:
    picture = make_picture(*size)
    picture.save(tmp_path / "picture.png")
    expected = np.asarray(picture.crop(box), dtype=np.float32).transpose(2, 0, 1)
    assert np.array_equal(read_square(tmp_path / "picture.png", 32)[0], expected)


def test_the_shorter_side_decides_how_far_a_picture_is_scaled_down(
    make_picture: MakePicture, tmp_path: Path
) -> None:
    picture = make_picture(150, 96)
    picture.save(tmp_path / "picture.png")
    resized = picture.resize((50, 32), Image.Resampling.BILINEAR).crop((9, 0, 41, 32))
    pixels = read_square(tmp_path / "picture.png", 32)
    assert np.array_equal(pixels[0].transpose(1, 2, 0), np.asarray(resized, dtype=np.float32))


def test_pictures_are_turned_the_right_way_up(make_picture: MakePicture, tmp_path: Path) -> None:
    picture = make_picture(32, 32)
    exif = Image.Exif()
    exif[0x0112] = 3  # orientation: upside down
    picture.rotate(180).save(tmp_path / "picture.png", exif=exif)
    pixels = read_square(tmp_path / "picture.png", 32)
    assert np.array_equal(pixels[0].transpose(1, 2, 0), np.asarray(picture, dtype=np.float32))
