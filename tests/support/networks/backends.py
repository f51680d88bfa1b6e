"""Pictures painted by PyTorch, which other backends are compared with."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from neural_style.backends.loading import load_network
from neural_style.options import RenderingOptions


def paint_with_torch(path: Path, picture: Image.Image) -> Image.Image:
    """Return the picture that PyTorch paints on the CPU with a checkpoint."""
    import torch

    from neural_style.backends.pytorch import TorchStyle

    network = load_network(path)
    return TorchStyle(path, network, torch.device("cpu"), RenderingOptions())(picture)
