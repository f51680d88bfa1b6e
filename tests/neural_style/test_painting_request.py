"""Requests and rendering options: checked once, and unchanged on every way."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neural_style import PaintingRequest, RenderingOptions
from neural_style.command_line.arguments import read_rendering_options
from neural_style.neural_style import _build_parser
from neural_style.option_kinds import (
    DEVICE_KINDS,
    BrushSize,
    ByteSize,
    Choice,
    DeviceName,
    Flag,
    Kind,
    PositiveNumber,
    StyleNumbers,
    UnitInterval,
    WholeNumber,
)
from neural_style.options import LOSSY_FORMATS, OPTIONS, Option

SEED = 20_161_008

MAKE_VALUE: dict[type[Kind], Callable[[Any, random.Random], object]] = {
    WholeNumber: lambda kind, rng: rng.randint(kind.minimum, kind.maximum or 10**9),
    StyleNumbers: lambda kind, rng: rng.choice([rng.randint(0, 10**6), "3=0.25,12=0.75"]),
    BrushSize: lambda kind, rng: rng.randint(kind.minimum, 10**9),
    ByteSize: lambda kind, rng: rng.randint(1, 2**50),
    PositiveNumber: lambda kind, rng: 10 ** rng.uniform(-300, 300),
    UnitInterval: lambda kind, rng: rng.random(),
    Flag: lambda kind, rng: rng.random() < 0.5,
    Choice: lambda kind, rng: rng.choice(kind.choices),
    DeviceName: lambda kind, rng: (
        rng.choice((*DEVICE_KINDS, "accel")) + rng.choice(["", ":0", ":17"])
    ),
}
"""For each kind, a function that makes some value of it."""

HOSTILE_NAMES = (
    "plain.png",
    "-dash.png",
    "two\nlines.png",
    "a=b.png",
    "'quo\"te.png",
    "\udcff.png",
)


def make_options(option: Option, rng: random.Random) -> RenderingOptions:
    """Return options of which one has some value."""
    value = MAKE_VALUE[type(option.kind)](option.kind, rng)
    return RenderingOptions.from_json({option.name: value})


def parse(arguments: list[str]) -> PaintingRequest:
    """Return the request that the command line makes of these arguments of `eval`."""
    args: argparse.Namespace = _build_parser().parse_args(["eval", *arguments])
    options = read_rendering_options(args)
    return PaintingRequest(args.content_image, args.model, args.output_image, options)


def some_values(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test for each option, with twenty values each."""
    options = pytest.mark.parametrize("option", OPTIONS, ids=[option.name for option in OPTIONS])
    return options(pytest.mark.parametrize("seed", range(SEED, SEED + 20))(test))


# The options


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="expected threads from 1 to 1024, got 0"):
        RenderingOptions(threads=0)


def test_options_that_are_not_set_are_left_out_of_json() -> None:
    assert RenderingOptions().to_json() == {
        "precision": "exact",
        "preserve_color": False,
        "metadata": "keep",
        "keep_location": False,
        "device": "cpu",
    }


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(TypeError, match="glaze"):
        RenderingOptions.from_json({"glaze": 1})


@pytest.mark.parametrize("option", OPTIONS, ids=[option.name for option in OPTIONS])
def test_the_default_of_an_option_is_a_possible_value(option: Option) -> None:
    if option.default is not None:
        assert option.kind.check(option.name, option.default) == option.default


# Round trips


@some_values
def test_a_request_survives_json(option: Option, seed: int) -> None:
    options = make_options(option, random.Random(seed))
    request = PaintingRequest(Path("a.png"), Path("b.pth"), Path("c.png"), options)

    assert PaintingRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


@some_values
def test_a_request_survives_the_command_line(option: Option, seed: int) -> None:
    options = make_options(option, random.Random(seed))
    request = PaintingRequest(Path("a.png"), Path("b.pth"), Path("c.png"), options)

    assert parse(request.to_arguments()) == request


@pytest.mark.parametrize("seed", range(SEED, SEED + 50))
def test_options_survive_together(seed: int) -> None:
    rng = random.Random(seed)
    chosen = rng.sample(OPTIONS, rng.randint(0, len(OPTIONS)))
    values = {option.name: MAKE_VALUE[type(option.kind)](option.kind, rng) for option in chosen}
    if values.get("file_format") not in (None, *LOSSY_FORMATS):
        values.pop("quality", None)
    options = RenderingOptions.from_json(values)
    request = PaintingRequest(Path("a.png"), Path("b.pth"), Path("c.png"), options)

    assert parse(request.to_arguments()) == request
    assert PaintingRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_survive(name: str) -> None:
    request = PaintingRequest(Path(name), Path(f"folder/{name}"), Path(f"{name}.png"))

    assert parse(request.to_arguments()) == request
    assert PaintingRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_a_path_may_be_given_as_text() -> None:
    request = PaintingRequest("a.png", "b.pth", "c.png")  # type: ignore[arg-type]

    assert request.content_image == Path("a.png")


def test_what_is_not_a_path_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        PaintingRequest(3, Path("b.pth"), Path("c.png"))  # type: ignore[arg-type]
