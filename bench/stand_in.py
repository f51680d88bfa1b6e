"""A stand-in for the reference script where that is not available: ``python -m bench.stand_in``."""

from __future__ import annotations

import argparse

import numpy as np
import torch
from PIL import Image

from neural_style.formats.checkpoint import load_network


def main() -> None:
    """Paint one picture as the reference script does, with the same options."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--content-image", "--model", "--output-image"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    picture = np.array(Image.open(args.content_image).convert("RGB"))
    with torch.no_grad():
        pixels = torch.from_numpy(picture).permute(2, 0, 1).float().unsqueeze(0)
        painted = load_network(args.model)(pixels)[0].clamp(0, 255)
    Image.fromarray(painted.permute(1, 2, 0).numpy().astype(np.uint8)).save(args.output_image)


if __name__ == "__main__":
    main()
