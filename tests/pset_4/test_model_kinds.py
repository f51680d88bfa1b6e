"""Styles in every kind of file, from the drop-in to the result."""

from io import BytesIO
from typing import Any

import pytest
import torch


def test_a_safetensors_drop_in_is_published_and_paints_what_the_checkpoint_does(
    project: Any, store: Any, drawing: bytes, model: bytes
) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    state = torch.load(BytesIO(model), weights_only=True)
    project.drop("drawing.png", drawing)
    project.drop("candy.pth", model)
    project.drop("candy.safetensors", safetensors.save(state))
    project.run_well("main")
    painted = [
        store.read(f"stylized/{name}/drawing.png") for name in ("candy.pth", "candy.safetensors")
    ]
    assert store.read("saved_models/candy.safetensors") == safetensors.save(state)
    assert painted[0] == painted[1]
