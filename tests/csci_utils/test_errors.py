"""Errors as values, and the sentence that they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from csci_utils import errors
from csci_utils.errors import BusyError, CsciUtilsError, DescribedError, at_path


@pytest.mark.parametrize(
    ("path", "remedy", "text"),
    [
        (None, "", "too dark"),
        ("a.jpg", "", "a.jpg: too dark"),
        (None, "use a lamp", "too dark; use a lamp"),
        (Path("a.jpg"), "use a lamp", "a.jpg: too dark; use a lamp"),
    ],
)
def test_an_error_is_one_sentence(path: str | Path | None, remedy: str, text: str) -> None:
    assert str(DescribedError("too dark", path=path, remedy=remedy)) == text


def test_an_error_that_is_also_a_built_in_is_the_same_sentence() -> None:
    error = BusyError("it is busy", path="a.jpg", remedy="wait")

    assert str(error) == "a.jpg: it is busy; wait"


def test_at_path_sets_a_missing_path() -> None:
    with pytest.raises(DescribedError) as caught, at_path("a.jpg"):
        raise DescribedError("too dark")

    assert caught.value.path == "a.jpg"


def test_at_path_keeps_a_path() -> None:
    with pytest.raises(DescribedError) as caught, at_path("a.jpg"):
        raise DescribedError("too dark", path="b.jpg")

    assert caught.value.path == "b.jpg"


@pytest.mark.parametrize("name", ["two\nlines", "bell\a", "\u202eright to left", "\udcff"])
def test_a_hostile_name_leaves_one_printable_line(name: str) -> None:
    assert str(DescribedError("no style", path=name)).isprintable()


def test_a_long_message_is_cut() -> None:
    assert len(str(DescribedError("x" * 100_000))) <= 1000


@pytest.mark.parametrize(
    "error",
    [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, DescribedError) and kind != DescribedError
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_error_has_the_one_base(error: type[Exception]) -> None:
    assert issubclass(error, CsciUtilsError)


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (errors.NothingWrittenError, ValueError),
        (errors.AlreadyExistsError, FileExistsError),
        (errors.ChangedError, RuntimeError),
        (errors.S3Error, OSError),
        (errors.S3AccessError, PermissionError),
        (errors.S3BucketMissingError, FileNotFoundError),
        (errors.S3KeyMissingError, FileNotFoundError),
        (errors.BusyError, BlockingIOError),
    ],
)
def test_an_error_is_the_built_in_that_fits(
    error: type[Exception], built_in: type[Exception]
) -> None:
    assert issubclass(error, built_in)
