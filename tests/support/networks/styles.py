"""Small styles and pictures, and the command line of neural_style."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from neural_style import StyleError, load

if TYPE_CHECKING:
    from torch import Tensor

ROOT = Path(__file__).resolve().parents[3]
"""The folder of the project."""

SMALL_WIDTH = 8
"""A quarter of the official models' base width, which takes a sixteenth of their time."""

_SEED = 20_161_008

State = dict[str, "Tensor"]
"""The weights of a network by name."""


RefusalOf = Callable[[bytes, str], str]
"""The type of the fixture `refusal_of`, which takes a file's content and name."""


def make_state(base_width: int = SMALL_WIDTH) -> State:
    """Return random weights of a `TransformerNet`, always the same ones for a base width.

    The test is skipped without PyTorch.
    """
    torch = pytest.importorskip("torch")
    from neural_style.transformer_net import TransformerNet

    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        state: State = TransformerNet(base_width).state_dict()
    # Untrained weights paint about -1..1; these paint the levels of a picture.
    state["deconv3.conv2d.weight"] *= 100
    state["deconv3.conv2d.bias"] += 128
    return state


def export_with_old_exporter(checkpoint_path: Path, path: Path, opset: int | None = None) -> None:
    """Write a checkpoint as an ONNX graph with the exporter that needs no onnxscript."""
    import torch

    from neural_style.formats.checkpoint import load_network

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter is deprecated
        torch.onnx.export(
            load_network(checkpoint_path),
            (torch.zeros(1, 3, 32, 32),),
            path,
            dynamo=False,
            opset_version=opset,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {2: "height", 3: "width"}},
        )


def make_picture(width: int = 37, height: int = 23, mode: str = "RGB") -> Image.Image:
    """Return a picture in any of Pillow's modes, with different waves in each channel."""
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


def refusal_of(data: bytes, path: Path, load: Callable[[Path], object] = load) -> str:
    """Write `data` to a file, expect that loading it fails, and return the error's message."""
    path.write_bytes(data)
    with pytest.raises(StyleError) as caught:
        load(path)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{path}: expected ")
    return message


def assert_close(actual: Image.Image, expected: Image.Image, within: int) -> None:
    """Compare two pictures, and show a histogram of the errors if one exceeds `within` levels."""
    assert (actual.mode, actual.size) == (expected.mode, expected.size)
    errors = np.abs(np.asarray(actual, dtype=int) - np.asarray(expected, dtype=int))
    counts = np.bincount(errors.ravel())
    histogram = {error: int(count) for error, count in enumerate(counts) if count}
    assert errors.max() <= within, f"values by their error in levels: {histogram}"


def assert_same_pixels(actual: Image.Image, expected: Image.Image) -> None:
    """Check that two pictures are equal but for their metadata."""
    assert (actual.mode, actual.size) == (expected.mode, expected.size)
    assert actual.tobytes() == expected.tobytes()


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the content of all files in a folder, by name; subfolders are left out."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m neural_style`` with these arguments."""
    return subprocess.run(
        [sys.executable, "-m", "neural_style", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
