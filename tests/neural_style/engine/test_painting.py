"""Exact painting: every kernel paints what PyTorch paints in fp32, within one level."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import neural_style
from neural_style import StyleError
from neural_style.backends.loading import load_network
from neural_style.engine import list_kernels
from neural_style.options import EXACT, FAST
from tests.support.networks.engine import Levels, count_errors, paint_with, paint_with_torch
from tests.support.networks.styles import make_picture, make_state
from tests.support.reliability.tally import Count

pytest.importorskip("torch")
pytest.importorskip("safetensors.torch")
pytest.importorskip(
    "neural_style.engine._core", reason="the C++ engine is not installed", exc_type=ImportError
)

import safetensors.torch
import torch

ForceKernel = Callable[[str], None]
MakePath = Callable[[int], Path]
Size = tuple[int, int]

KERNELS = list_kernels(EXACT)
ALL_KERNELS = KERNELS + list_kernels(FAST)
EMULATED = "amx-emulated"
WIDTH = 8


def is_stable(size: Size) -> bool:
    """Return whether rounding errors do not decide what a picture of this size becomes.

    They do where a whole layer is constant along one direction: normalization amplifies them to
    full contrast. At 1x1 px PyTorch's own fp32 differs from its fp64 by 114 levels.
    """
    return min(size) > 1 or max(size) > 16


TINY = [(x, y) for x in range(1, 13) for y in range(1, 13) if is_stable((x, y))]
SMALL = [(width, (width * 7) % 52 + 13) for width in range(13, 65)]
"""Every remainder of division by 4 and 16 in both directions, and the sizes around 16, 32, 64."""
LONG = [(1030, 21), (21, 1030), (1025, 37), (300, 270), (5, 600), (600, 5), (2049, 5)]
"""More than one band of columns, or more than one strip of rows."""


def paint_forced(path: Path, picture: Image.Image, threads: int = 1) -> Levels:
    return np.asarray(neural_style.load(path, threads=threads)(picture))


@cache
def paint_expected(path: Path, size: Size) -> Levels:
    """Return what PyTorch paints from a picture; all kernels are compared with it."""
    return np.asarray(paint_with_torch(path, make_picture(*size)))


@cache
def paint_emulated(path: Path, size: Size) -> Levels:
    """Return what the emulated tiles paint from a picture with one thread, which takes long."""
    return paint_with(EMULATED, load_network(path), make_picture(*size))


def find_differing_sizes(sizes: list[Size], path: Path) -> dict[Size, dict[int, int]]:
    """Return the sizes that differ from PyTorch by more than one level, with all errors."""
    style = neural_style.load(path, threads=1)
    differing = {}
    for size in sizes:
        painted = np.asarray(style(make_picture(*size)))
        errors = count_errors(painted, paint_expected(path, size))
        if max(errors) > 1:
            differing[size] = errors
    return differing


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sizes", [TINY, SMALL, LONG], ids=["tiny", "small", "long"])
def test_pictures_of_all_sizes_match_pytorch(
    sizes: list[Size],
    kernel: str,
    force_kernel: ForceKernel,
    make_path: MakePath,
) -> None:
    force_kernel(kernel)

    differing = find_differing_sizes(sizes, make_path(WIDTH))

    assert not differing


@pytest.mark.soak
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("width", range(1, 41))
def test_every_size_up_to_40_matches_pytorch(
    width: int,
    kernel: str,
    force_kernel: ForceKernel,
    make_path: MakePath,
    count: Count,
) -> None:
    sizes = [(width, height) for height in range(1, 41) if is_stable((width, height))]
    force_kernel(kernel)
    count("engine, beside PyTorch").tried = len(sizes)

    differing = find_differing_sizes(sizes, make_path(WIDTH))

    assert not differing


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("base_width", [1, 3, 12, 16, 32, 40])
def test_networks_of_all_widths_match_pytorch(
    base_width: int,
    kernel: str,
    force_kernel: ForceKernel,
    make_path: MakePath,
) -> None:
    sizes = [(5, 5), (37, 23), (66, 131)]
    force_kernel(kernel)

    differing = find_differing_sizes(sizes, make_path(base_width))

    assert not differing


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", ["candy", "mosaic", "rain_princess", "udnie"])
def test_photographs_match_pytorch(
    name: str, kernel: str, force_kernel: ForceKernel, weights_dir: Path, photo_path: Path
) -> None:
    path = weights_dir / f"{name}.pth"
    photo = neural_style.load_picture(photo_path).resize((167, 111))
    force_kernel(kernel)

    errors = count_errors(paint_forced(path, photo), paint_with_torch(path, photo))

    assert max(errors) <= 1, errors


@pytest.mark.soak
def test_a_photograph_of_8_megapixels_matches_pytorch(
    make_path: MakePath, photo_path: Path
) -> None:
    # As wide as one of 24 megapixels; PyTorch would take minutes for its height.
    photo = neural_style.load_picture(photo_path).resize((6000, 1332), Image.Resampling.BICUBIC)
    expected = paint_in_strips(make_path(32), photo)

    for kernel in KERNELS:
        painted = paint_with(kernel, load_network(make_path(32)), photo, threads=2)

        errors = count_errors(painted, expected)
        assert max(errors) <= 1, (kernel, errors)


@pytest.mark.parametrize("kernel", KERNELS)
def test_pictures_of_little_contrast_match_pytorch(
    kernel: str,
    force_kernel: ForceKernel,
    make_path: MakePath,
) -> None:
    path = make_path(WIDTH)
    picture = make_picture(90, 60).point(lambda level: 250 + level // 64)
    force_kernel(kernel)

    errors = count_errors(paint_forced(path, picture), paint_with_torch(path, picture))

    assert max(errors) <= 1, errors


@pytest.mark.parametrize("base_width", [8, 32])
@pytest.mark.parametrize("size", [(5, 5), (23, 37), (38, 21)])
def test_emulated_tiles_match_pytorch(size: Size, base_width: int, make_path: MakePath) -> None:
    path = make_path(base_width)

    painted = paint_emulated(path, size)

    errors = count_errors(painted, paint_expected(path, size))
    assert max(errors) <= 1, errors


@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.parametrize("size", [(1, 1), (1, 8), (70, 45)])
def test_pictures_of_one_color_are_painted(
    size: Size, kernel: str, force_kernel: ForceKernel, make_path: MakePath
) -> None:
    force_kernel(kernel)

    painted = neural_style.load(make_path(WIDTH))(Image.new("RGB", size, "green"))

    assert painted.size == size  # rounding decides the colors: see `is_stable`


@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.parametrize("threads", [2, 3, 7])
def test_the_number_of_threads_changes_no_bit(
    threads: int,
    kernel: str,
    force_kernel: ForceKernel,
    make_path: MakePath,
) -> None:
    path, picture = make_path(WIDTH), make_picture(270, 190)
    force_kernel(kernel)

    painted = paint_forced(path, picture, threads)

    assert (painted == paint_forced(path, picture, threads=1)).all()


@pytest.mark.parametrize("base_width", [8, 32])
@pytest.mark.parametrize("size", [(5, 5), (23, 37), (38, 21)])
def test_the_number_of_threads_changes_no_bit_of_emulated_tiles(
    size: Size,
    base_width: int,
    make_path: MakePath,
) -> None:
    path, picture = make_path(base_width), make_picture(*size)

    painted = paint_with(EMULATED, load_network(path), picture, threads=3)

    assert (painted == paint_emulated(path, size)).all()


@pytest.mark.parametrize("kernel", ALL_KERNELS)
@pytest.mark.parametrize("name", ["conv1.conv2d.weight", "res3.conv1.conv2d.weight"])
def test_values_beyond_fp32_are_an_error(
    name: str,
    kernel: str,
    force_kernel: ForceKernel,
    tmp_path: Path,
) -> None:
    state = make_state()
    state[name] = torch.full_like(state[name], 3e38)
    path = tmp_path / "huge.safetensors"
    path.write_bytes(safetensors.torch.save(state))
    force_kernel(kernel)

    with pytest.raises(StyleError, match=r"huge\.safetensors: .* got NaN or infinity"):
        neural_style.load(path)(make_picture())


def paint_in_strips(path: Path, photo: Image.Image) -> Levels:
    """Paint with PyTorch in strips: a whole photograph of 8 megapixels takes 8.5 GB."""
    from bench import strips
    from neural_style.formats import checkpoint

    pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[np.newaxis].float()
    with torch.inference_mode():
        painted = strips.paint(checkpoint.load_network(path), pixels)[0].clamp(0, 255).byte()
    return np.asarray(painted.permute(1, 2, 0).numpy(), np.uint8)
