"""Numbers, sizes and durations in text."""

from __future__ import annotations

import pytest

from csci_utils.text import (
    format_duration,
    format_size,
    parse_above_zero,
    parse_from_zero,
    parse_size,
    parse_whole,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("2000000000", 2_000_000_000),
        ("512MiB", 512 * 2**20),
        ("2GiB", 2**31),
        ("1.5GB", 1_500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("64k", 64_000),
        ("3Ki", 3072),
        ("1TB", 10**12),
        ("1.9", 1),
        ("9007199254740993", 2**53 + 1),
        ("9223372036854775807", 2**63 - 1),
        ("9007.199254740993TB", 2**53 + 1),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0.1",
        "-1",
        "many",
        "1XB",
        "1e9",
        "nan",
        "GiB",
        "1 2",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "9" * 90,
        "9" * 5000,
        "1." + "0" * 5000,
        "8EiB",
        "8388608TiB",
    ],
)
def test_anything_but_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(text)


@pytest.mark.parametrize(
    "text", ["", "0", "5", "-1", "+1", " 1", "1_0", "1.0", "two", "\N{ARABIC-INDIC DIGIT THREE}"]
)
def test_anything_but_a_whole_number_in_the_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number from 1 to 4, got '"):
        parse_whole(text, 1, 4)


def test_a_number_of_more_digits_than_python_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a whole number from 0, got '9"):
        parse_whole("9" * 5000, 0)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_950, "1.0 MB"), (10**12, "1.0 TB")],
)
def test_sizes_are_written(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("0.5", 0.5), ("1e3", 1000.0)])
def test_numbers_from_zero_are_read(text: str, value: float) -> None:
    assert parse_from_zero(text) == value


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "many"])
def test_anything_but_a_number_from_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number from 0, got '"):
        parse_from_zero(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "many"])
def test_anything_but_a_number_above_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number above 0, got '"):
        parse_above_zero(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0:00"), (67, "1:07"), (3599.9, "59:59"), (3600 + 125, "1:02:05")]
)
def test_a_duration_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
