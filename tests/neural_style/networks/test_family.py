"""Networks of the family: their files, and that every backend paints the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from safetensors.numpy import save

from neural_style import Style, StyleError
from neural_style.backends.arena import Arena
from neural_style.backends.loading import load_network
from neural_style.backends.pytorch import TorchStyle
from neural_style.formats.safetensors_file import count_styles_in, encode_network
from neural_style.networks.description import NetworkDescription, parameter_shapes
from neural_style.networks.metadata import NETWORK_KEY
from neural_style.networks.network import StyleNetwork
from neural_style.options import RenderingOptions, ignore
from tests.support.networks.family import (
    FAMILY,
    MANY,
    THIN,
    compute_by_definition,
    make_family_network,
)
from tests.support.networks.styles import make_picture


def make_torch_style(network: StyleNetwork) -> Style:
    return TorchStyle("style", network, torch.device("cpu"), RenderingOptions())


def make_openvino_style(network: StyleNetwork) -> Style:
    pytest.importorskip("openvino")
    from neural_style.backends.openvino import OpenvinoStyle

    return OpenvinoStyle("style", network, RenderingOptions())


def make_engine_style(network: StyleNetwork) -> Style:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    from neural_style.backends.engine import EngineStyle

    options = RenderingOptions(threads=1)
    return EngineStyle("style", network, options, Arena(None, ignore))


BACKENDS = {
    "engine": make_engine_style,
    "pytorch": make_torch_style,
    "openvino": make_openvino_style,
}


def choose(style: Style, shares: dict[int, float]) -> Style:
    return style if style.count is None else style.with_mix(shares)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FAMILY)
def test_every_member_is_painted_as_it_is_defined(
    name: str,
    backend: str,
) -> None:
    network, picture = make_family_network(FAMILY[name]), make_picture(33, 22)
    shares = {1: 0.75, 2: 0.25}

    painted = choose(BACKENDS[backend](network), shares)(picture)

    expected = compute_by_definition(network, picture, shares)[:22, :33]
    expected = expected.round() if network.description.output == "sigmoid" else expected
    assert expected.std() > 10
    assert np.abs(np.asarray(painted) - expected).max() < 1.01


@pytest.mark.parametrize("backend", BACKENDS)
def test_styles_of_a_file_paint_by_turns(backend: str) -> None:
    network, picture = make_family_network(MANY), make_picture(24, 20)
    style = BACKENDS[backend](network)
    numbered = [style.with_number(number) for number in (0, 1, 0)]

    first, second, again = (np.asarray(one(picture), int) for one in numbered)

    assert np.array_equal(first, again)
    assert np.abs(first - second).max() > 10
    alone = BACKENDS[backend](network.mixed({1: 1.0}))(picture)
    assert np.abs(second - np.asarray(alone, int)).max() <= 1


def test_weights_of_a_mixture_are_relative() -> None:
    style, picture = make_torch_style(make_family_network(MANY)), make_picture(24, 20)

    assert style.with_mix({0: 3, 2: 1})(picture) == style.with_mix({0: 0.75, 2: 0.25})(picture)


@pytest.mark.parametrize(
    ("mix", "error", "text"),
    [
        ({}, StyleError, "expected at least one style to mix, got none"),
        ({4: 1.0}, StyleError, "expected a style number from 0 to 3, got 4"),
        ({0: 0.0}, ValueError, "expected a weight above 0 for style 0, got 0.0"),
        ({0: float("nan")}, ValueError, "expected a weight above 0"),
        ({0: True}, TypeError, "expected a number as the weight of style 0, got True"),
    ],
    ids=["none", "number", "zero", "nan", "bool"],
)
def test_an_impossible_mixture_is_refused(
    mix: dict[int, float], error: type[Exception], text: str
) -> None:
    style = make_torch_style(make_family_network(MANY))

    with pytest.raises(error, match=text):
        style.with_mix(mix)


# Files


@pytest.mark.parametrize("name", FAMILY)
def test_a_safetensors_file_holds_every_member(name: str, tmp_path: Path) -> None:
    network = make_family_network(FAMILY[name])
    network = replace(network, notes={"made_by": "a test", "style_image_sha256": "ab" * 32})

    (tmp_path / "style.safetensors").write_bytes(encode_network(network))
    read = load_network(tmp_path / "style.safetensors")

    assert (read.description, read.notes) == (network.description, network.notes)
    assert list(read.weights) == list(parameter_shapes(network.description))
    assert all(np.array_equal(read.weights[key], network.weights[key]) for key in network.weights)


@pytest.mark.parametrize(("name", "count"), [("thin", None), ("many", 4), ("numbered", 3)])
def test_styles_are_counted_without_loading(name: str, count: int | None, tmp_path: Path) -> None:
    (tmp_path / "style.safetensors").write_bytes(encode_network(make_family_network(FAMILY[name])))

    assert count_styles_in(tmp_path / "style.safetensors") == count


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b'{"a": 1}',
        b'{"in1.weight": {"shape": "ab"}}',
        b'{"in1.weight": {"shape": [2.5, 3]}}',
        b"{",
    ],
)
def test_a_damaged_header_is_not_counted(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))

    with pytest.raises(StyleError, match="its header is damaged"):
        count_styles_in(path)


def test_a_missing_bias_stands_for_zeros_beside_metadata(tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    network = make_family_network(THIN)
    weights = {k: v for k, v in network.weights.items() if k != "res1.conv1.conv2d.bias"}
    path.write_bytes(save(weights, {NETWORK_KEY: '{"output": "sigmoid", "input_levels": 1}'}))

    read = load_network(path)

    assert read.description == THIN
    assert not read.weights["res1.conv1.conv2d.bias"].any()


@pytest.mark.parametrize("missing", ["in2", "res1.conv2.conv2d.bias"])
def test_without_metadata_nothing_may_be_missing(missing: str, tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    network = make_family_network(FAMILY["plain"])
    weights = {k: v for k, v in network.weights.items() if not k.startswith(missing)}
    path.write_bytes(save(weights))

    with pytest.raises(StyleError, match=f"got that of another network \\(missing {missing}"):
        load_network(path)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("{", "text that is not JSON"),
        ("[]", r"'\[\]'"),
        ("[" * 100_000, "text that is not JSON"),
        ('{"output": "tanh"}', "the output 'tanh'"),
        ('{"output": []}', r"the output \[\]"),
        ('{"input_levels": 2}', "the input levels 2"),
        ('{"input_levels": true}', "the input levels True"),
        ('{"layers": 9}', "'layers', which this version does not know"),
    ],
    ids=["damaged", "list", "deep", "output", "type", "levels", "bool", "unknown"],
)
def test_metadata_that_are_not_understood_are_refused(text: str, got: str, tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    path.write_bytes(save(make_family_network(THIN).weights, {NETWORK_KEY: text}))

    with pytest.raises(StyleError, match=f"style.safetensors: expected metadata .* got {got}"):
        load_network(path)


def test_notes_of_other_programs_are_left_out_where_they_are_long(tmp_path: Path) -> None:
    path = tmp_path / "style.safetensors"
    notes = {"made_by": "us", "training": json.dumps(list(range(500)))}
    path.write_bytes(save(make_family_network(FAMILY["plain"]).weights, notes))

    assert load_network(path).notes == {"made_by": "us"}


def test_equal_networks_give_equal_files() -> None:
    assert encode_network(make_family_network(THIN)) == encode_network(make_family_network(THIN))


@pytest.mark.parametrize(
    ("description", "text"),
    [
        (replace(THIN, channels=(4, 6, 10, 5, 129)), "expected deconv2.conv2d.weight of shape"),
        (replace(THIN, blocks=33), "unexpected res33"),
        (replace(MANY, styles=4097), "expected in1.weight of shape"),
        (NetworkDescription((128, 256, 512, 256, 128), blocks=7), "at most 33,554,432 parameters"),
    ],
    ids=["channels", "blocks", "styles", "parameters"],
)
def test_networks_beyond_the_limits_are_refused(description: NetworkDescription, text: str) -> None:
    from neural_style.networks.weights import describe_shapes

    with pytest.raises(StyleError, match=text):
        describe_shapes(parameter_shapes(description), description)
