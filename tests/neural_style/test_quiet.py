"""Reading without warnings, in several threads at once."""

from __future__ import annotations

import warnings

import pytest

from neural_style.system.warning_filter import without_warnings


def test_the_filters_are_what_they_were_whoever_leaves_first() -> None:
    before = list(warnings.filters)
    first, second = without_warnings(), without_warnings()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert list(warnings.filters) == before


def test_it_is_quiet_until_the_last_has_left() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        first, second = without_warnings(), without_warnings()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        warnings.warn("unheard", stacklevel=1)
        second.__exit__(None, None, None)
        warnings.warn("heard", stacklevel=1)
    assert [str(warning.message) for warning in heard] == ["heard"]


def test_an_error_ends_it_too() -> None:
    before = list(warnings.filters)
    with pytest.raises(KeyError), without_warnings():
        raise KeyError
    assert list(warnings.filters) == before
