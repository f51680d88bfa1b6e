"""Names of results: a style, its look, and an image."""

from __future__ import annotations

from typing import Any

import pytest

from neural_style import RenderingOptions
from pset_4.errors import InvalidNameError
from pset_4.names import check_name, parse_model_name
from pset_4.styles.looks import name_look, parse_look
from pset_4.styles.results import join_result, split_result
from pset_4.tasks.parameters import ModelParameter


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.pth/b.png", ("a.pth", "b.png")),
        ("shared/a.pth/lisbon/b.png", ("shared/a.pth", "lisbon/b.png")),
        ("a/b/many.onnx@7/b.png", ("a/b/many.onnx@7", "b.png")),
        ("a.pth/c.pth/b.png", None),
        ("a.pth/b.txt", None),
        ("a/b.png", None),
        ("a.pth", None),
        (".a/b.pth/c.png", None),
        ("a.pth@strength=0.5/b.png", ("a.pth@strength=0.5", "b.png")),
        ("x/many.onnx@7@preserve-color/b.png", ("x/many.onnx@7@preserve-color", "b.png")),
        ("a.pth@b.pth/b.png", ("a.pth@b.pth", "b.png")),
        ("a.pth@sparkle=1/b.png", None),
        ("a.pth@strength=7/b.png", None),
        ("a.pth@strength=.5/b.png", None),
        ("a.pth@strength=1/b.png", None),
        ("a.pth@preserve-color,strength=0.5/b.png", None),
        ("a.pth@/b.png", None),
        ("a.pth=0.5,x/b.pth=0.5/c/d.png", ("a.pth=0.5,x/b.pth=0.5", "c/d.png")),
        ("a.pth=0.5,b.pth=0.5@strength=0.5/c.png", ("a.pth=0.5,b.pth=0.5@strength=0.5", "c.png")),
        ("many.onnx@3=0.5,12=0.5/c.png", ("many.onnx@3=0.5,12=0.5", "c.png")),
        ("b.pth=0.5,a.pth=0.5/c.png", None),
        ("a.pth=1,b.pth=1/c.png", None),
        ("many.pth@3=0.5,12=0.5/c.png", None),
    ],
)
def test_a_result_belongs_to_one_style_and_one_image(
    path: str, expected: tuple[str, str] | None
) -> None:
    assert split_result(path) == expected
    if expected is not None:
        assert join_result(*expected) == path


@pytest.mark.parametrize(
    ("options", "look"),
    [
        ({}, ""),
        ({"strength": 1, "max_side": 16, "precision": "fast"}, ""),
        ({"strength": 0}, "strength=0"),
        ({"strength": 0.25, "preserve_color": True}, "strength=0.25,preserve-color"),
        ({"strength": 1e-5}, "strength=1e-05"),
    ],
)
def test_a_look_is_named_by_what_is_unusual(options: dict[str, Any], look: str) -> None:
    assert name_look(RenderingOptions(**options)) == look
    assert name_look(RenderingOptions(**parse_look(look))) == look
    check_name(f"folder{look}/a.png")


def test_a_look_that_is_none_says_what_looks_are_like() -> None:
    with pytest.raises(InvalidNameError, match="no option is named sparkle"):
        parse_model_name("a.pth@sparkle=1")


def test_the_model_of_a_task_has_no_look() -> None:
    with pytest.raises(InvalidNameError, match="give the look as options, such as --strength"):
        ModelParameter(default="").normalize("a.pth@strength=0.5")


def test_a_folder_named_like_a_style_is_refused() -> None:
    with pytest.raises(InvalidNameError, match="must not be named like a model"):
        check_name("a.pth@preserve-color/b.png")
