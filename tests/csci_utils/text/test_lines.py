"""Lines that are safe to show."""

from __future__ import annotations

import pytest

from csci_utils.text import one_line, sort_key


@pytest.mark.parametrize("text", ["two\nlines", "bell\a", "\u202eright to left", "\udcff"])
def test_one_line_is_printable(text: str) -> None:
    assert one_line(text).isprintable()


def test_one_line_collapses_whitespace_and_escapes_the_rest() -> None:
    assert one_line("no\n  style\x00") == r"no style\x00"


def test_one_line_escapes_what_is_blank_and_keeps_emoji() -> None:
    assert one_line("a\u3164b \u2764\ufe0f") == "a\\u3164b \u2764\ufe0f"


def test_one_line_is_cut_to_a_thousand_characters() -> None:
    assert one_line("x" * 100_000) == "x" * 997 + "..."


def test_numbers_in_names_are_sorted_by_value() -> None:
    names = ["many.onnx@10", "many.onnx@2", "B.pth", "a.pth"]
    assert sorted(names, key=sort_key) == ["a.pth", "B.pth", "many.onnx@2", "many.onnx@10"]
