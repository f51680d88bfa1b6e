"""How mixtures of styles are written."""

from __future__ import annotations

import random

import pytest

from neural_style.mixing.names import (
    SHARES,
    digest_blend,
    find_bad_mixture,
    make_mixture,
    parse_mixture,
    parse_numbers,
    read_numbers,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("b.pth:0.5,a.pth:0.5", "a.pth=0.5,b.pth=0.5"),
        ("x/a,b.pth:1,c=d.pth:3", "c=d.pth=0.75,x/a,b.pth=0.25"),
        ("many.onnx@12:1,3:1", "many.onnx@3=0.5,12=0.5"),
        ("many.onnx@3=0.5,12=0.5", "many.onnx@3=0.5,12=0.5"),
        ("many.onnx@3:2,a.pth:1", "a.pth=0.3333,many.onnx@3=0.6667"),
        ("a.pth:1,b.pth:1,c.pth:1", "a.pth=0.3334,b.pth=0.3333,c.pth=0.3333"),
        ("a.pth:.5,b.pth:1.5", "a.pth=0.25,b.pth=0.75"),
        ("a.pth:7", "a.pth"),
        ("many.onnx@7:2", "many.onnx@7"),
    ],
)
def test_a_mixture_is_written_in_one_way(text: str, written: str) -> None:
    found = parse_mixture(text)

    assert found is not None and str(found) == written
    assert parse_mixture(written) in (found, None)


@pytest.mark.parametrize(
    "text", ["a.pth", "many.onnx@7", "C:\\a.pth", "a=0.5,b.pth", "a.pth:0.5,", "a.pth:x", ""]
)
def test_other_names_are_no_mixtures(text: str) -> None:
    assert parse_mixture(text) is None


@pytest.mark.parametrize("seed", range(20))
def test_any_mixture_is_the_same_when_it_is_read_again(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [(f"{i}.pth", None, rng.random() + 0.001) for i in range(rng.randint(2, 12))]

    mixture = make_mixture(pieces)

    assert parse_mixture(str(mixture)) == mixture
    assert round(sum(each.share for each in mixture.ingredients) * SHARES) == SHARES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.pth:1,a.pth:2", "got a.pth twice; name each style once"),
        ("a.pth:0,b.pth:1", "expected a weight above 0 for a.pth, got 0"),
        ("a.pth:1,b.pth:0.00001", "at least 1/10000 of the sum for b.pth, got 1e-05 of 1"),
    ],
)
def test_a_mixture_without_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_mixture(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candy:0.5,amber:x", "for amber, got 'x'; write candy:0.5,amber:0.5"),
        ("a.pth:-1,b.pth:2", "for a.pth, got '-1'; write a.pth:0.5,b.pth:2"),
        ("a.pth:inf,b.pth:2", "for a.pth, got 'inf'"),
        ("a.pth:1,b.pth", "for b.pth, got none; write a.pth:1,b.pth:0.5"),
        ("a.pth,b.pth", "for a.pth, got none; write a.pth:0.5,b.pth:0.5"),
        ("a.pth:x", "for a.pth, got 'x'; write a.pth:0.5"),
        ("a.pth:1,", "on both sides of a comma, got nothing on one; write a.pth:1"),
    ],
)
def test_what_is_meant_as_a_mixture_is_told_from_other_names(text: str, message: str) -> None:
    assert message in str(find_bad_mixture(text))


@pytest.mark.parametrize("text", ["a.pth", "a,b.pth", "C:\\a.pth", "a=b.pth", "b.pth:1,a.pth:.5"])
def test_other_names_and_good_mixtures_have_nothing_wrong(text: str) -> None:
    assert find_bad_mixture(text) is None


def test_numbers_are_those_of_one_file() -> None:
    assert parse_numbers("7") == parse_numbers("7:2") == 7
    assert parse_numbers("12:1,3:3") == "3=0.75,12=0.25"
    assert read_numbers("3=0.75,12=0.25") == {3: 0.75, 12: 0.25}
    with pytest.raises(ValueError, match="expected a whole number from 0, or such as"):
        parse_numbers("candy")
    with pytest.raises(ValueError, match=r"for style 3, got '-1'; write 3:0.5,12:2"):
        parse_numbers("3:-1,12:2")


def test_the_digest_of_a_blend_is_of_what_is_in_it() -> None:
    parts = [("a" * 64, None, 0.25), ("b" * 64, 3, 0.75)]

    assert digest_blend(parts) == digest_blend(reversed(parts))
    assert digest_blend(parts) != digest_blend([("a" * 64, None, 0.75), ("b" * 64, 3, 0.25)])
