"""A tiny dataset and loss network, and trainings with them in this process."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from unittest.mock import patch

from neural_style.neural_style import main

if TYPE_CHECKING:
    from tests.support.networks.styles import State

Blocks = tuple[tuple[int, ...], ...]
"""The output channels of convolutions, by the size of what they return."""

VGG_CONVOLUTIONS = {
    0: (64, 3),
    2: (64, 64),
    5: (128, 64),
    7: (128, 128),
    10: (256, 128),
    12: (256, 256),
    14: (256, 256),
    17: (512, 256),
    19: (512, 512),
    21: (512, 512),
}
"""Output and input channels of VGG-16's convolutions, by torchvision's numbers."""

VGG_PART = 8
"""The loss network has an eighth of VGG-16's channels here, or it would take most of the time."""

THIN_PROGRAM = """
import sys
from neural_style.__main__ import run
from tests.support.networks.training import thin_loss_network
from tests.support.networks.styles import make_picture

with thin_loss_network():
    sys.exit(run())
"""
"""`python -m neural_style` with the thin loss network; it runs in the project's folder."""

PICTURE_SIZES = ((40, 52), (64, 33), (36, 36), (50, 41), (32, 60))
"""Width and height of the dataset's pictures; in batches of 2 they make 3 batches."""

_SEED = 1409_1556
_LOSSES = re.compile(r"content (\S+) style (\S+) total (\S+)")


class MakeArguments(Protocol):
    """Makes arguments for the command line.

    Options are named as in Python. None leaves one out.
    """

    def __call__(self, **changes: object) -> list[str]: ...


class Train(Protocol):
    """Trains in this process, into a new folder; options as for `MakeArguments`."""

    def __call__(self, **changes: object) -> Outcome: ...


@dataclass(frozen=True)
class Outcome:
    """What the command `train` left behind."""

    code: int
    out: str
    err: str
    folder: Path
    """The value of --save-model-dir."""

    @property
    def weights(self) -> State:
        """The trained weights."""
        return load_state(self.folder / "style.pth")

    @property
    def files(self) -> list[str]:
        """The sorted names of all files in the folder."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []


class Losses(NamedTuple):
    """The losses in one line of the output."""

    content: float
    style: float
    total: float


def read_losses(outcome: Outcome) -> list[Losses]:
    """Return the losses of all lines that a training printed; there is at least one."""
    found = _LOSSES.findall(outcome.out)
    assert found, outcome.out
    return [Losses(*map(float, line)) for line in found]


def differing_weights(one: Outcome, other: Outcome) -> list[str]:
    """Return the names of the weights that are not bit for bit equal."""
    import torch

    weights, others = one.weights, other.weights
    assert list(weights) == list(others)
    return [key for key, value in weights.items() if not torch.equal(value, others[key])]


def load_state(path: Path) -> State:
    """Return the state dict in a file."""
    import torch

    state: State = torch.load(path, weights_only=True)
    return state


def save_to_bytes(content: object) -> bytes:
    """Return the file that `torch.save` writes."""
    import torch

    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@contextmanager
def thin_loss_network() -> Iterator[Blocks]:
    """Thin the loss network inside a `with` statement, which gets the channels of the whole one."""
    from neural_style import vgg

    whole = vgg._BLOCKS
    thin = tuple(tuple(count // VGG_PART for count in block) for block in whole)
    with patch.object(vgg, "_BLOCKS", thin):
        yield whole


def make_vgg_state(part: int = VGG_PART) -> State:
    """Return random weights for the loss network, of the usual magnitude.

    Args:
        part: What part of the channels it has.
    """
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    state = {}
    for number, (outputs, inputs) in VGG_CONVOLUTIONS.items():
        outputs //= part
        inputs = max(3, inputs // part)
        weight = torch.randn(outputs, inputs, 3, 3, generator=generator)
        state[f"features.{number}.weight"] = weight * (2 / (9 * inputs)) ** 0.5
        state[f"features.{number}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return state


def write_dataset(folder: Path) -> Path:
    """Create a folder with the pictures 0.png to 4.png and return its path."""
    from tests.support.networks.styles import make_picture

    folder.mkdir()
    for number, (width, height) in enumerate(PICTURE_SIZES):
        make_picture(width, height).save(folder / f"{number}.png")
    return folder


def run_training(arguments: list[str], folder: Path) -> Outcome:
    """Run the command line in this process, with one thread.

    Args:
        arguments: The command and its options.
        folder: The value of --save-model-dir.
    """
    out, err = io.StringIO(), io.StringIO()
    with use_one_thread(), redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return Outcome(code, out.getvalue(), err.getvalue(), folder)


@contextmanager
def use_one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: at these sizes more of them only take longer."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
