"""The difference between two pictures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

_LEVELS = 255
_ROWS_AT_ONCE = 256


def compare(path: Path, reference_path: Path) -> tuple[float, int]:
    """Compare two .npy files of uint8, H x W x 3, part by part.

    Returns:
        The PSNR in dB, infinite for equal pictures, and the largest difference in levels.

    Raises:
        ValueError: The shapes differ.
    """
    picture, reference = (np.load(p, mmap_mode="r") for p in (path, reference_path))
    if picture.shape != reference.shape:
        raise ValueError(f"expected a picture of {reference.shape}, got one of {picture.shape}")
    squares, largest = 0, 0
    for top in range(0, len(picture), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        difference = np.abs(picture[rows].astype(np.int32) - reference[rows])
        squares += int(np.square(difference, dtype=np.int64).sum())
        largest = max(largest, int(difference.max()))
    if squares == 0:
        return math.inf, 0
    return 10 * math.log10(_LEVELS**2 * picture.size / squares), largest
