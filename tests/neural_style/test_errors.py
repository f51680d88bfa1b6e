"""The errors of neural_style, as text and as JSON."""

from __future__ import annotations

import importlib
import json

import pytest

from csci_utils.errors import at_path
from neural_style.errors import (
    DeviceError,
    MissingDependencyError,
    NeuralStyleError,
    PictureError,
    StyleError,
    TrainingError,
    needing,
)


def test_the_file_is_named_and_the_class_kept() -> None:
    with pytest.raises(PictureError, match=r"^holiday\.jpg: too dark$"), at_path("holiday.jpg"):
        raise PictureError("too dark")


@pytest.mark.parametrize("name", ["two\nlines", "bell\a", "\u202eright to left", "\udcff"])
def test_a_hostile_name_leaves_one_printable_line(name: str) -> None:
    with pytest.raises(StyleError) as caught, at_path(name):
        raise StyleError("no style")

    assert str(caught.value).isprintable()


def test_a_message_of_several_lines_becomes_one() -> None:
    assert str(StyleError("no\n  style\x00")) == r"no style\x00"


def test_a_long_message_is_cut() -> None:
    assert len(str(StyleError("x" * 100_000))) <= 1000


def test_an_error_keeps_its_parts_in_json() -> None:
    error = StyleError("no\n  style", path="two\nlines", remedy="choose another")

    assert json.loads(json.dumps(error.to_json())) == {
        "type": "StyleError",
        "path": "two\nlines",
        "reason": "no style",
        "remedy": "choose another",
    }


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (PictureError, ValueError),
        (StyleError, ValueError),
        (DeviceError, RuntimeError),
        (TrainingError, RuntimeError),
        (MissingDependencyError, ImportError),
    ],
)
def test_every_error_is_also_the_built_in_that_fits(
    kind: type[NeuralStyleError], builtin: type[Exception]
) -> None:
    assert issubclass(kind, NeuralStyleError)
    assert issubclass(kind, builtin)


def test_a_missing_package_is_answered_with_its_install_command() -> None:
    with pytest.raises(MissingDependencyError) as caught, needing("Nothing", "some"):
        importlib.import_module("no_such_package_anywhere")

    assert caught.value.remedy.endswith(" -m pip install '.[some]' in the project's folder")
