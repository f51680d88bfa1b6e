import importlib

import pytest

from csci_utils.errors import at_path
from neural_style.errors import (
    INSTALL_COMMAND,
    MissingDependencyError,
    PictureError,
    StyleError,
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


def test_a_missing_package_names_the_command_that_installs_it() -> None:
    with pytest.raises(MissingDependencyError) as caught, needing("Nothing", "some"):
        importlib.import_module("no_such_package_anywhere")
    assert INSTALL_COMMAND.format(extra="some") in str(caught.value)
