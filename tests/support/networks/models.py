"""Small models with random weights."""

from __future__ import annotations

import io
from collections.abc import Callable

import torch

from neural_style.transformer_net import TransformerNet

MODEL_WIDTH = 2
"""A sixteenth of the official models' base width: painting takes no time, the file has 50 kB."""

MakeModel = Callable[[int], bytes]
"""The type of `make_model`."""


def make_model(seed: int) -> bytes:
    """Return a checkpoint file of the official kind."""
    torch.manual_seed(seed)
    state = TransformerNet(base_width=MODEL_WIDTH).state_dict()
    # Untrained weights paint only the few levels above black.
    state["deconv3.conv2d.weight"] *= 64
    state["deconv3.conv2d.bias"] += 128
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()
