"""The network's shapes, names and gradients."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from neural_style.transformer_net import TransformerNet


@pytest.mark.parametrize(("side", "painted_side"), [(5, 8), (6, 8), (8, 8), (9, 12), (12, 12)])
def test_sides_are_rounded_up_to_multiples_of_four(side: int, painted_side: int) -> None:
    pictures = torch.zeros(2, 3, side, 16)

    with torch.inference_mode():
        painted = TransformerNet(2)(pictures)

    assert painted.shape == (2, 3, painted_side, 16)


def test_the_official_width_has_the_official_number_of_parameters() -> None:
    assert sum(p.numel() for p in TransformerNet().parameters()) == 1_679_235


@pytest.mark.parametrize("name", ["candy", "mosaic", "rain_princess", "udnie"])
def test_names_and_shapes_are_those_of_the_official_models(name: str, weights_dir: Path) -> None:
    official = torch.load(weights_dir / f"{name}.pth", weights_only=True)

    ours = {key: value.shape for key, value in TransformerNet().state_dict().items()}

    assert ours == {k: v.shape for k, v in official.items() if "running_" not in k}


def test_every_parameter_gets_a_gradient() -> None:
    network = TransformerNet(2)

    network(torch.rand(1, 3, 16, 16) * 255).square().mean().backward()

    assert [name for name, p in network.named_parameters() if p.grad is None] == []
