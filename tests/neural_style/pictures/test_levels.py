"""Conversion of sample values of any type to 8-bit levels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import DTypeLike

from neural_style.pictures.levels import find_full_range, to_8_bits


@pytest.mark.parametrize(
    ("maximum", "full"),
    [
        (0, 1), (0.01, 1), (1, 1), (1.25, 1), (1.5, 1.5), (4, 4), (15.9, 15.9), (16, 255),
        (255, 255), (300, 255), (400, 400), (4095, 4095), (4097, 65535), (65535, 65535), (1e9, 1e9),
    ],
)  # fmt: skip
def test_the_range_of_floats_follows_from_their_maximum(maximum: float, full: float) -> None:
    samples = np.array([-5, 0, maximum], np.float64)

    assert find_full_range([samples]) == full


@pytest.mark.parametrize(
    ("dtype", "maximum", "full"),
    [
        (np.int8, 127, 127), (np.int16, 200, 255), (np.int16, 2000, 2000), (np.int16, 32767, 32767),
        (np.uint32, 0, 255), (np.uint32, 255, 255), (np.uint32, 1000, 1000),
        (np.uint32, 65535, 65535), (np.uint32, 2**20, 2**20), (np.uint32, 2**32 - 1, 2**32 - 1),
        (np.int32, 2**31 - 1, 2**31 - 1), (np.uint64, 2**64 - 1, 2**64 - 1),
    ],
)  # fmt: skip
def test_the_range_of_integers_follows_from_their_maximum(
    dtype: DTypeLike, maximum: int, full: int
) -> None:
    samples = np.array([0, maximum], dtype)

    assert find_full_range([samples]) == full


def test_the_maximum_is_that_of_all_strips() -> None:
    assert find_full_range([np.array([0.5]), np.array([200.0]), np.array([])]) == 255


def test_values_that_are_not_finite_do_not_count() -> None:
    assert find_full_range([np.array([np.nan, np.inf, 0.5])]) == 1


@pytest.mark.parametrize(
    ("dtype", "full", "values", "levels"),
    [
        (np.uint8, 15, [0, 7, 15], [0, 119, 255]),
        (np.uint16, 65535, [0, 0xFF, 0x100, 0xFFFF], [0, 0, 1, 255]),
        (np.uint16, 4095, [0, 0xF, 0x10, 0xFFF], [0, 0, 1, 255]),
        (np.uint32, 2**32 - 1, [0, 2**24, 2**32 - 1], [0, 1, 255]),
        (np.uint64, 2**64 - 1, [0, 2**56, 2**64 - 1], [0, 1, 255]),
        (np.int16, 32767, [-5, 0x80, 32767], [0, 1, 255]),
        (np.int32, 65535, [-5, 0x100, 2**20], [0, 1, 255]),
        (np.int32, 1000, [-5, 500, 1000, 2000], [0, 128, 255, 255]),
        (np.float32, 1, [-1, 0.5, 1, 2, np.nan, np.inf, -np.inf], [0, 128, 255, 255, 0, 255, 0]),
        (np.float64, 1e300, [0, 5e299, 1e300], [0, 128, 255]),
        (np.float16, 65504, [0, 32752, 65504], [0, 128, 255]),
    ],
)
def test_full_intensity_is_255(
    dtype: DTypeLike, full: float, values: list[float], levels: list[int]
) -> None:
    assert to_8_bits(np.array(values, dtype), full).tolist() == levels
