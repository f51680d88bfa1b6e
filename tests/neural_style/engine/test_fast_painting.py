"""Fast painting: the bf16 kernels paint close to what PyTorch paints in fp32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import neural_style
from neural_style.backends.loading import load_network
from neural_style.engine import list_kernels
from neural_style.options import FAST
from tests.support.networks.engine import measure_psnr, paint_with, paint_with_torch
from tests.support.networks.styles import make_picture

pytest.importorskip("torch")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

MakePath = Callable[[int], Path]

EMULATED = "amx-bf16-emulated"
ENLARGED = (1632, 1224)
"""A photograph of 451x300 px enlarged to this size is smooth, the hardest case for bf16."""


def measure_against_pytorch(path: Path, photo: Image.Image, kernel: str) -> float:
    """Return the PSNR of what a kernel paints against what PyTorch paints, in dB."""
    painted = paint_with(kernel, load_network(path), photo, threads=2)
    return measure_psnr(painted, paint_with_torch(path, photo))


@pytest.mark.parametrize(
    "kernel", [*list_kernels(FAST), pytest.param(EMULATED, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("name", ["candy", "mosaic", "rain_princess", "udnie"])
@pytest.mark.parametrize(
    ("size", "box", "min_psnr"),
    [
        ((167, 111), None, 45),
        (ENLARGED, (500, 300, 700, 456), 47),
    ],
    ids=["small", "smooth"],
)
def test_photographs_are_close_to_pytorch(
    size: tuple[int, int],
    box: tuple[int, int, int, int] | None,
    min_psnr: float,
    name: str,
    kernel: str,
    weights_dir: Path,
    photo_path: Path,
) -> None:
    photo = neural_style.load_picture(photo_path).resize(size).crop(box)

    assert measure_against_pytorch(weights_dir / f"{name}.pth", photo, kernel) >= min_psnr


# Emulated, one of these takes four minutes.
@pytest.mark.soak
@pytest.mark.parametrize("kernel", list_kernels(FAST))
@pytest.mark.parametrize("name", ["candy", "mosaic", "rain_princess", "udnie"])
def test_large_photographs_are_close_to_pytorch(
    name: str, kernel: str, weights_dir: Path, photo_path: Path
) -> None:
    photo = neural_style.load_picture(photo_path).resize(ENLARGED)

    assert measure_against_pytorch(weights_dir / f"{name}.pth", photo, kernel) >= 45


def test_random_weights_are_close_to_pytorch(
    make_path: MakePath,
) -> None:
    path, picture = make_path(32), make_picture(38, 53)

    painted = paint_with(EMULATED, load_network(path), picture)

    assert measure_psnr(painted, paint_with_torch(path, picture)) >= 30  # it paints noise


def test_the_number_of_threads_changes_no_bit(
    make_path: MakePath,
) -> None:
    network, picture = load_network(make_path(32)), make_picture(38, 53)

    painted = paint_with(EMULATED, network, picture, threads=3)

    assert (painted == paint_with(EMULATED, network, picture, threads=1)).all()
