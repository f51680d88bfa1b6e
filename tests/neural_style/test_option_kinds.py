"""Kinds of option values: what each reads, accepts and refuses."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from neural_style.option_kinds import (
    AUTO_BRUSH,
    BrushSize,
    ByteSize,
    Choice,
    DeviceName,
    Flag,
    Kind,
    PositiveNumber,
    UnitInterval,
    WholeNumber,
)

COUNT = WholeNumber(1, 4)
BRUSH = BrushSize()
SIZE = ByteSize()
SCALE = PositiveNumber()
STRENGTH = UnitInterval()
WORD = Choice(("exact", "fast"), others=(("quick", "fast"),))
DEVICE = DeviceName()
FLAG = Flag()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (COUNT, "1", 1),
        (COUNT, "4", 4),
        (WholeNumber(0), "0", 0),
        (BRUSH, "16", 16),
        (BRUSH, "auto", AUTO_BRUSH),
        (SIZE, "2GiB", 2**31),
        (SIZE, "1", 1),
        (SCALE, "1.5", 1.5),
        (SCALE, "1e-3", 0.001),
        (STRENGTH, "0", 0.0),
        (STRENGTH, "1", 1.0),
        (WORD, "fast", "fast"),
        (WORD, "quick", "fast"),
        (FLAG, "true", True),
        (FLAG, "false", False),
        (DEVICE, "cuda:1", "cuda:1"),
        (DEVICE, "accel", "accel"),
    ],
)
def test_a_text_is_read(kind: Kind, text: str, value: object) -> None:
    assert kind.parse(text) == value
    assert type(kind.parse(text)) is kind.type


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (COUNT, "0", "a whole number from 1 to 4, got '0'"),
        (COUNT, "5", "a whole number from 1 to 4, got '5'"),
        (COUNT, "two", "a whole number from 1 to 4, got 'two'"),
        (WholeNumber(0), "-1", "a whole number from 0, got '-1'"),
        (BRUSH, "15", "native, auto or a whole number from 16 to 1000000000, got '15'"),
        (BRUSH, "fine", "native, auto or a whole number from 16 to 1000000000, got 'fine'"),
        (SIZE, "much", "a size such as .*, got 'much'"),
        (SCALE, "0", "a number above 0, got '0'"),
        (SCALE, "nan", "a number above 0, got 'nan'"),
        (SCALE, "inf", "a number above 0, got 'inf'"),
        (STRENGTH, "1.01", "a number from 0 to 1, got '1.01'"),
        (STRENGTH, "-0.1", "a number from 0 to 1, got '-0.1'"),
        (STRENGTH, "nan", "a number from 0 to 1, got 'nan'"),
        (STRENGTH, "half", "a number from 0 to 1, got 'half'"),
        (WORD, "good", "exact or fast, got 'good'"),
        (FLAG, "yes", "true or false, got 'yes'"),
        (DEVICE, "", "one of cpu, auto, .*, got ''"),
        (DEVICE, "abacus", "one of cpu, auto, .*, got 'abacus'"),
        (DEVICE, "cuda:", "one of cpu, auto, .*, got 'cuda:'"),
        (DEVICE, "cuda:x", "one of cpu, auto, .*, got 'cuda:x'"),
    ],
)
def test_another_text_is_answered_with_what_is_expected(
    kind: Kind, text: str, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^expected {expected}"):
        kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (COUNT, np.uint8(3), 3),
        (BRUSH, np.int16(600), 600),
        (BRUSH, "600", 600),
        (SIZE, np.uint64(2**32), 2**32),
        (SCALE, np.float32(1.5), 1.5),
        (SCALE, 2, 2.0),
        (SCALE, Fraction(3, 2), 1.5),
        (WORD, "exact", "exact"),
        (DEVICE, "abacus", "abacus"),
    ],
)
def test_a_value_becomes_a_plain_one(kind: Kind, given: object, value: object) -> None:
    checked = kind.check("option", given)

    assert checked == value
    assert type(checked) is kind.type


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        (COUNT, "2", "a whole number, such as option=3, got '2'"),
        (BRUSH, 600.5, "a whole number, such as option=3, got 600.5"),
        (COUNT, 1.5, "a whole number, such as option=3, got 1.5"),
        (COUNT, True, "a whole number, such as option=3, got True"),
        (SIZE, "2GiB", "a whole number, such as option=3, got '2GiB'"),
        (SIZE, 2e9, "a whole number, such as option=3, got 2000000000.0"),
        (SCALE, "2", "a number, such as option=1.5, got '2'"),
        (SCALE, True, "a number, such as option=1.5, got True"),
        (FLAG, 1, "option=True or option=False, got 1"),
        (DEVICE, 3, "the name of a device as option, got 3"),
        (DEVICE, None, "the name of a device as option, got None"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_type_error(kind: Kind, value: Any, got: str) -> None:
    with pytest.raises(TypeError, match=f"^expected {got}$"):
        kind.check("option", value)


@pytest.mark.parametrize(
    ("kind", "value", "got"),
    [
        (COUNT, 0, "option from 1 to 4, got 0"),
        (COUNT, 5, "option from 1 to 4, got 5"),
        (WholeNumber(0), -1, "option from 0, got -1"),
        (SIZE, 0, "option from 1 byte to below 8 EiB, got 0"),
        (SIZE, 2**63, f"option from 1 byte to below 8 EiB, got {2**63}"),
        (SCALE, 0, "a finite option above 0, got 0"),
        (SCALE, -1.5, "a finite option above 0, got -1.5"),
        (SCALE, math.nan, "a finite option above 0, got nan"),
        (SCALE, math.inf, "a finite option above 0, got inf"),
        (SCALE, 10**400, "a finite option above 0, got 10*"),
        (WORD, "good", "exact or fast as option, got 'good'"),
        (WORD, None, "exact or fast as option, got None"),
    ],
)
def test_a_value_out_of_range_is_a_value_error(kind: Kind, value: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"^expected {got}$"):
        kind.check("option", value)
