"""The network of a training: its first weights, what of it is trained, and its files."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import mkdtemp

import torch
from torch import nn

from ..errors import StyleError, TrainingError
from ..formats.checkpoint import load_network
from ..formats.saving import save_network
from ..transformer_net import TransformerNet
from .checks import check_width
from .options import NORMS, TrainingOptions


def build_network(options: TrainingOptions) -> TransformerNet:
    """Return the network before the first step; what is not trained needs no gradients.

    Without a model to start from, it is for the same seed the one that the reference builds.
    """
    if options.start_from is not None:
        # A copy: weights from a file may be in memory that cannot be written.
        network = deepcopy(load_network(options.start_from)).train()
    else:
        check_width(options.base_width)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random numbers alone
            torch.manual_seed(options.seed)
            network = TransformerNet(options.base_width)
    if options.train == NORMS:
        network.requires_grad_(False)
        for module in network.modules():
            if isinstance(module, nn.InstanceNorm2d):
                module.requires_grad_(True)
    return network


def save_model(network: TransformerNet, path: Path) -> None:
    """Write `network` to `path`, or to a temporary folder if that fails: it may be days of work.

    Raises:
        TrainingError: The model is in the temporary folder that the error names.
        StyleError: The model could not be written at all.
    """
    try:
        save_network(network, path)
    except StyleError as error:
        rescued_path = _rescue_model(network, path.name)
        if rescued_path is None:
            raise
        raise TrainingError(
            error.reason,
            path=error.path,
            remedy=f"the model was saved as {rescued_path}; move it to where you want it",
        ) from error


def _rescue_model(network: TransformerNet, name: str) -> Path | None:
    """Write `network` to a new temporary folder; return None if that fails, too."""
    try:
        path = Path(mkdtemp(prefix="neural_style-"), name)
        save_network(network, path)
    except (OSError, StyleError):
        return None
    return path
