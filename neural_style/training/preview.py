"""Pictures painted with a network that is still in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from csci_utils.files import replacing

from ..backends.base import FloatStyle
from ..errors import PictureError
from ..pictures.arrays import Pixels
from ..pictures.io import load_picture, save_picture
from ..pictures.resizing import limit_side
from ..transformer_net import TransformerNet

_MAX_SIDE = 512  # px: enough to see the style, and cheap beside a batch


class Preview(FloatStyle):
    """A style that paints with the current weights of `network` and does not change them."""

    def __init__(self, network: TransformerNet, picture_path: Path) -> None:
        """Read the picture to paint.

        Raises:
            PictureError: The picture cannot be read.
        """
        super().__init__(picture_path)
        self._network = network
        self._picture: Image.Image = limit_side(load_picture(picture_path), _MAX_SIDE)

    def save(self, path: Path) -> None:
        """Paint the picture, and replace `path` with the result atomically.

        Raises:
            NeuralStyleError: The picture cannot be painted or written.
        """
        painted = self(self._picture)
        with replacing(path, PictureError) as temporary_path:
            save_picture(painted, temporary_path, final_path=path)

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        """Run the network on the device where it is; see `FloatStyle.paint_pixels`."""
        device = next(self._network.parameters()).device
        with torch.inference_mode():
            painted = self._network(torch.from_numpy(pixels).to(device))
        return np.asarray(painted.cpu().numpy(), dtype=np.float32)
