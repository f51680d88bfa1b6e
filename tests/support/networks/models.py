"""Small models with random weights."""

from __future__ import annotations

import io

import torch

from neural_style.transformer_net import TransformerNet

MODEL_WIDTH = 2
"""A sixteenth of the official models' base width: painting takes no time, the file has 50 kB."""


def make_model(seed: int, base_width: int = MODEL_WIDTH) -> bytes:
    """Return a checkpoint file of the official kind."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = TransformerNet(base_width).state_dict()
    # Untrained weights paint only the few levels above black.
    state["deconv3.conv2d.weight"] *= 64
    state["deconv3.conv2d.bias"] += 128
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()
