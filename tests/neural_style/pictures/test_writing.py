"""Writing of image files."""

from __future__ import annotations

import errno
import io
import re
import shutil
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from neural_style import PICTURE_SUFFIXES, PictureError, load_picture, save_picture
from tests.support.files.icc import SRGB, make_wide_profile
from tests.support.networks.styles import make_picture

FORMATS_WITH_ALPHA = (
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".avif",
    ".jp2",
    ".heic",
    ".heif",
    ".hif",
)
FORMATS_WITH_PROFILE = tuple(sorted(PICTURE_SUFFIXES - {".gif", ".bmp", ".jp2"}))
LOSSLESS_FORMATS = (".png", ".tif", ".tiff", ".bmp", ".jp2")
LONGEST_SIDES = {".webp": 16_383, ".jpg": 65_500, ".gif": 65_535, ".avif": 32_768, ".heic": 16_384}


@pytest.mark.parametrize("suffix", LOSSLESS_FORMATS)
def test_lossless_formats_keep_every_pixel(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"

    save_picture(make_picture(), path)

    assert load_picture(path).tobytes() == make_picture().tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_lossy_formats_stay_close(suffix: str, photo_path: Path, tmp_path: Path) -> None:
    path = tmp_path / f"photo{suffix}"
    photo = load_picture(photo_path)

    save_picture(photo, path)

    errors = np.asarray(load_picture(path), float) - np.asarray(photo, float)
    assert np.sqrt(np.square(errors).mean()) < 4  # levels


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES - {".gif"}))
def test_alpha_is_written_if_the_format_stores_it(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"

    save_picture(make_picture(mode="RGBA"), path)

    assert load_picture(path).mode == ("RGBA" if suffix in FORMATS_WITH_ALPHA else "RGB")


def test_alpha_in_a_gif_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "picture.gif"
    picture = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 200, 0))

    save_picture(picture, path)

    assert np.asarray(load_picture(path).getchannel("A")).tolist() == [[255, 0]]


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_a_profile_is_written_if_the_format_stores_it(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"
    picture = make_picture()
    picture.info["icc_profile"] = SRGB

    save_picture(picture, path)

    expected = SRGB if suffix in FORMATS_WITH_PROFILE else None
    assert load_picture(path).info.get("icc_profile") == expected


def convert_to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return an RGB picture whose colors LittleCMS itself has converted."""
    wide = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(picture, wide, ImageCms.createProfile("sRGB"))
    assert converted is not None
    converted.info.clear()
    return converted


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".jp2", ".bmp"])
def test_colors_are_converted_where_the_format_stores_no_profile(
    suffix: str, mode: str, tmp_path: Path
) -> None:
    path, profile = tmp_path / f"picture{suffix}", make_wide_profile()
    picture = make_picture(mode=mode)
    expected = convert_to_srgb(picture.convert("RGB"), profile)
    picture.info["icc_profile"] = profile

    save_picture(picture, path)

    written = load_picture(path)
    assert written.convert("RGB").tobytes() == expected.tobytes()
    assert written.convert("RGB").tobytes() != picture.convert("RGB").tobytes()
    if written.mode == "RGBA":
        assert written.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    assert picture.info["icc_profile"] == profile, "the caller's picture is left alone"


def test_colors_of_a_gif_are_converted(tmp_path: Path) -> None:
    path, profile = tmp_path / "picture.gif", make_wide_profile()
    picture = Image.new("RGB", (8, 8), (200, 150, 100))
    expected = convert_to_srgb(picture, profile)
    picture.info["icc_profile"] = profile

    save_picture(picture, path)

    assert load_picture(path) == expected


def test_a_profile_that_cannot_be_used_costs_only_exact_colors(tmp_path: Path) -> None:
    path = tmp_path / "picture.jp2"
    picture = make_picture()
    picture.info["icc_profile"] = SRGB[:200]

    save_picture(picture, path)

    assert load_picture(path) == make_picture()


def test_a_suffix_may_be_in_upper_case(tmp_path: Path) -> None:
    save_picture(make_picture(), tmp_path / "PICTURE.PNG")

    assert load_picture(tmp_path / "PICTURE.PNG") == make_picture()


@pytest.mark.parametrize(("suffix", "side"), LONGEST_SIDES.items())
def test_the_longest_side_of_a_format_is_written_and_read(
    suffix: str, side: int, tmp_path: Path
) -> None:
    path = tmp_path / f"wide{suffix}"
    size = (side, 32 if suffix == ".heic" else 1)  # x265 takes no long picture that is thinner

    save_picture(Image.new("RGB", size), path)

    assert load_picture(path).size == size


# Pictures that cannot be written


@pytest.mark.parametrize(("suffix", "side"), LONGEST_SIDES.items())
def test_a_side_too_long_for_a_format_is_refused(suffix: str, side: int, tmp_path: Path) -> None:
    path = tmp_path / f"high{suffix}"
    start = f"{path}: cannot be written: expected at most {side} px a side"

    with pytest.raises(PictureError, match=rf"^{re.escape(start)} .*1x{side + 1}; make it smaller"):
        save_picture(Image.new("RGB", (1, side + 1)), path)

    assert not path.exists()


@pytest.mark.parametrize("name", ["picture.eps", "picture.pdf", "picture", ".png"])
def test_the_error_for_an_unknown_suffix_lists_the_known_ones(name: str, tmp_path: Path) -> None:
    path = tmp_path / name

    with pytest.raises(PictureError, match=r"; use one of .*\.jpg .*\.png") as caught:
        save_picture(make_picture(), path)

    assert caught.value.path == str(path)


def test_an_array_is_refused(tmp_path: Path) -> None:
    array: Any = np.zeros((5, 5, 3), np.uint8)

    with pytest.raises(TypeError, match=r"expected a picture \(see load_picture\), got ndarray"):
        save_picture(array, tmp_path / "picture.png")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file or directory"):
        save_picture(make_picture(), tmp_path / "absent" / "picture.png")


def test_an_error_names_the_final_path(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        save_picture(make_picture(), tmp_path / "absent/part.png", final_path="final.png")

    assert caught.value.path == "final.png"


def test_a_failed_write_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_a_part(source: IO[bytes], target: IO[bytes], length: int) -> None:
        target.write(source.read(10))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", write_a_part)

    with pytest.raises(PictureError, match="No space left on device"):
        save_picture(make_picture(), tmp_path / "picture.png")

    assert list(tmp_path.iterdir()) == []
