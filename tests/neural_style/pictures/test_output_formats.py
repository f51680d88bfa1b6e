"""The options `file_format` and `quality`: in which format a painting is written, and how well."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from neural_style import (
    PaintingRequest,
    PictureError,
    RenderingOptions,
    paint_file,
    read_provenance,
    save_picture,
)
from neural_style.options import FORMATS, LOSSY_FORMATS
from neural_style.pictures.file_formats import format_for, name_of, suffix_of
from tests.support.networks.styles import make_picture


@pytest.mark.parametrize("name", FORMATS)
def test_each_name_of_a_format_has_a_suffix_and_says_whether_there_is_a_quality(name: str) -> None:
    found = format_for(f"a{suffix_of(name)}")

    assert format_for("no suffix", name) is format_for("a.TMP", name) is found
    assert found.has_quality is (name in LOSSY_FORMATS)
    assert name_of(found.name) == name


@pytest.mark.parametrize("name", [name for name in LOSSY_FORMATS if name != "heic"])
def test_a_lower_quality_makes_a_smaller_file(name: str, tmp_path: Path) -> None:
    sizes = []
    for quality in (20, 80, None):
        path = tmp_path / f"{quality}.tmp"
        save_picture(make_picture(), path, file_format=name, quality=quality)
        sizes.append(path.stat().st_size)

    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    with Image.open(path) as written:
        assert name_of(written.format) == name


def test_what_survives_another_format_is_what_it_has_room_for(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    picture = make_picture()
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    exif = Image.Exif()
    exif[0x010E] = "a description"
    picture.save(tmp_path / "a.png", exif=exif, dpi=(300, 300))
    output = tmp_path / "painted"
    options = RenderingOptions(file_format="jpeg", quality=90)

    paint_file(PaintingRequest(tmp_path / "a.png", checkpoint_path, output, options))

    with Image.open(output) as painted:
        assert (painted.format, painted.mode, painted.info["dpi"]) == ("JPEG", "RGB", (300, 300))
        assert painted.getexif()[0x010E] == "a description"
    provenance = read_provenance(output)
    assert provenance is not None
    assert provenance.options.items() >= {"file_format": "jpeg", "quality": 90}.items()


def test_options_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="expected no quality for png, which loses nothing"):
        RenderingOptions(file_format="png", quality=90)


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        (
            "a.png",
            {"file_format": "jpeg"},
            "a picture in the format jpeg, got .png; end it in .jpg",
        ),
        ("a.png", {"quality": 90}, "expected no quality for PNG, got 90; leave out --quality"),
    ],
)
def test_a_name_that_contradicts_is_refused_before_painting(
    path: str,
    options: dict[str, object],
    message: str,
    checkpoint_path: Path,
    picture_path: Path,
    tmp_path: Path,
) -> None:
    request = PaintingRequest(
        picture_path, checkpoint_path, tmp_path / path, RenderingOptions.from_json(options)
    )

    with pytest.raises(PictureError) as refusal:
        paint_file(request)

    assert message in str(refusal.value)
    assert not (tmp_path / path).exists()
