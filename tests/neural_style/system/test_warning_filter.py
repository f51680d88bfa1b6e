"""Suppression of warnings, from several threads at once.

Two blocks that overlap without being nested stand in for two threads.
"""

from __future__ import annotations

import warnings

import pytest

from neural_style.system.warning_filter import suppress_warnings


def test_the_filters_are_restored_in_any_order() -> None:
    before = list(warnings.filters)
    first, second = suppress_warnings(), suppress_warnings()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)

    assert list(warnings.filters) == before


def test_warnings_are_suppressed_until_the_last_block_ends() -> None:
    first, second = suppress_warnings(), suppress_warnings()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        warnings.warn("suppressed", stacklevel=1)
        second.__exit__(None, None, None)
        warnings.warn("shown", stacklevel=1)

    assert [str(warning.message) for warning in caught] == ["shown"]


def test_the_filters_are_restored_after_an_error() -> None:
    before = list(warnings.filters)

    with pytest.raises(KeyError), suppress_warnings():
        raise KeyError

    assert list(warnings.filters) == before
