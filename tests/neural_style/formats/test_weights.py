"""Weights of a network: their names and shapes, and their values from files of all formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from safetensors.torch import save

from neural_style import StyleError, load
from neural_style.backends.loading import load_network as load_style_network
from neural_style.formats.checkpoint import load_network
from neural_style.networks.description import official_description, parameter_shapes
from neural_style.networks.weights import list_names
from neural_style.transformer_net import TransformerNet
from tests.support.networks.styles import State, make_picture, make_state


def write_checkpoint(state: State, path: Path) -> Path:
    """Write weights in the format of the path's suffix and return the path."""
    if path.suffix == ".pth":
        torch.save(state, path)
    else:
        path.write_bytes(save(state))
    return path


@pytest.mark.parametrize("base_width", [1, 8, 32])
def test_names_and_shapes_are_those_of_the_network(base_width: int) -> None:
    state = TransformerNet(base_width).state_dict()

    shapes = parameter_shapes(official_description(base_width))

    assert shapes == {key: tuple(value.shape) for key, value in state.items()}


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64], ids=str
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_of_every_type_equal_those_that_pytorch_reads(
    suffix: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    state = {key: value.to(dtype) for key, value in make_state().items()}
    path = write_checkpoint(state, tmp_path / f"model{suffix}")
    expected = load_network(path).state_dict()

    weights = load_style_network(path).weights

    assert {value.dtype for value in weights.values()} == {np.dtype(np.float32)}
    assert all((expected[key].numpy() == value).all() for key, value in weights.items())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_the_memory_layout_of_weights_does_not_matter(
    layout: torch.memory_format, tmp_path: Path
) -> None:
    plain = make_state()
    state = {
        key: value.contiguous(memory_format=layout) if value.ndim == 4 else value
        for key, value in plain.items()
    }
    torch.save(state, tmp_path / "model.pth")
    expected = load(write_checkpoint(plain, tmp_path / "plain.safetensors"))(make_picture())

    assert load(tmp_path / "model.pth")(make_picture()) == expected


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_beyond_fp32_are_refused(suffix: str, tmp_path: Path) -> None:
    state = {key: value.double() for key, value in make_state().items()}
    state["in1.weight"][3] = 1e300
    path = write_checkpoint(state, tmp_path / f"model{suffix}")

    with pytest.raises(StyleError, match=r"NaN or infinity in in1\.weight"):
        load(path)


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "nothing"), (["b", "a"], "a, b"), (["d", "c", "b", "a", "e"], "a, b, c and 2 more")],
)
def test_a_message_lists_at_most_three_names(names: list[str], text: str) -> None:
    assert list_names(names) == text
