"""Contact sheets: the command sheet, and the layout."""

from __future__ import annotations

import pytest
from PIL import Image

import pset_4
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project, assert_failed

RED, WHITE = (255, 0, 0), (255, 255, 255)


def test_a_sheet_shows_a_picture_beside_its_results(
    directory_project: Project,
    photograph: bytes,
) -> None:
    directory_project.drop("photo.jpg", photograph)
    for seed, name in enumerate(("one.pth", "two.pth")):
        directory_project.drop(name, make_model(seed))
    directory_project.run_well("main")

    result = directory_project.run("sheet", "--image", "photo.jpg")

    path = "contact_sheets/photo.jpg"
    assert (result.exit_code, result.stdout) == (0, f"machine/data/{path}\n")
    with Image.open(directory_project.data / path) as sheet:
        assert sheet.width == 3 * (160 + 8) + 8


def test_a_picture_that_was_not_painted_has_no_sheet(directory_project: Project) -> None:
    result = directory_project.run("sheet", "--image", "my photo.jpg")
    assert_failed(
        result,
        "my photo.jpg: nothing was painted from it here; paint it first: python -m pset_4 main "
        "--image 'my photo.jpg'",
    )


def test_a_picture_that_cannot_be_read_costs_only_its_own_sheet(
    directory_project: Project, photograph: bytes, model: bytes
) -> None:
    for name in ("a.jpg", "b.jpg"):
        directory_project.drop(name, photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    (directory_project.data / "stylized/one.pth/a.jpg").write_bytes(b"damaged")

    result = directory_project.run("sheet")

    assert (result.exit_code, result.stdout) == (1, "machine/data/contact_sheets/b.jpg\n")
    assert "one.pth/a.jpg: expected a picture" in result.stderr


def test_many_pictures_are_laid_out_in_rows() -> None:
    picture = Image.new("RGB", (200, 100), "red")
    sheet = pset_4.lay_out([("", picture)] * 3, columns=2)
    cell = (sheet.width // 2, sheet.height // 2)
    colors = [sheet.getpixel((x, y)) for y in (50, 50 + cell[1]) for x in (50, 50 + cell[0])]
    assert colors == [RED, RED, RED, WHITE]


def test_the_transparent_parts_of_a_picture_are_white() -> None:
    sheet = pset_4.lay_out([("", Image.new("RGBA", (200, 100), (255, 0, 0, 0)))])
    assert sheet.getpixel((50, 50)) == WHITE


def test_no_picture_makes_no_sheet() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        pset_4.lay_out([])
