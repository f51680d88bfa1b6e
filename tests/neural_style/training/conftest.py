"""A tiny dataset, style and network that judges, and a way to train with them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style.neural_style import main

MakePicture = Callable[..., Image.Image]

SEED = 1409_1556
SIZES = [(40, 52), (64, 33), (36, 36), (50, 41), (32, 60)]  # of five pictures: three batches of 2
CONVOLUTIONS = {  # of VGG-16: outputs, inputs
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


@dataclass
class Outcome:
    """What a training in this process left behind."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def weights(self) -> dict[str, Any]:
        import torch

        state: dict[str, Any] = torch.load(self.folder / "style.pth", weights_only=True)
        return state

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def differs_in(self, other: Outcome) -> list[str]:
        """The weights that are not bit for bit the same."""
        import torch

        mine, others = self.weights, other.weights
        assert list(mine) == list(others)
        return [key for key, value in mine.items() if not torch.equal(value, others[key])]


@pytest.fixture(scope="session")
def vgg_state() -> dict[str, Any]:
    """Random weights of vgg16 as far as training needs them, of the usual magnitude."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(SEED)
    state = {}
    for number, (outputs, inputs) in CONVOLUTIONS.items():
        weight = torch.randn(outputs, inputs, 3, 3, generator=generator)
        state[f"features.{number}.weight"] = weight * (2 / (9 * inputs)) ** 0.5
        state[f"features.{number}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
    return state


@pytest.fixture(scope="session")
def vgg_path(vgg_state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(vgg_state, path)
    return path


@pytest.fixture(scope="session")
def style_path(make_picture: MakePicture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("style") / "style.png"
    make_picture(48, 40).rotate(90, expand=True).save(path)
    return path


@pytest.fixture(scope="session")
def photos(make_picture: MakePicture) -> Callable[[Path], Path]:
    """Makes a folder of five pictures."""

    def make(folder: Path) -> Path:
        folder.mkdir()
        for number, size in enumerate(SIZES):
            make_picture(*size).save(folder / f"{number}.png")
        return folder

    return make


@pytest.fixture
def dataset(photos: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A folder of five pictures, for the test to change."""
    return photos(tmp_path / "photos")


@pytest.fixture(scope="session")
def make_arguments(vgg_path: Path, style_path: Path) -> Callable[..., list[str]]:
    """Arguments for the command line; options come as in Python, None for those to leave out."""

    def make(**changes: object) -> list[str]:
        options: dict[str, object] = {
            "style_image": style_path,
            "vgg_weights": vgg_path,
            "batch_size": 2,
            "image_size": 16,
            "base_width": 2,
            **changes,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return ["train", *(f"--{name.replace('_', '-')}={value}" for name, value in given.items())]

    return make


@pytest.fixture
def train(
    make_arguments: Callable[..., list[str]], dataset: Path, tmp_path: Path
) -> Callable[..., Outcome]:
    """Trains in this process, into a folder of its own."""
    counter = itertools.count()

    def train_on(**changes: object) -> Outcome:
        folder = tmp_path / f"models-{next(counter)}"
        return _train(make_arguments(**{"dataset": dataset, "save_model_dir": folder, **changes}))

    return train_on


@pytest.fixture(scope="session")
def trained(
    make_arguments: Callable[..., list[str]],
    photos: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """What `train` leaves behind without options, and its checkpoints in the folder `checkpoints`.

    It was trained on pictures of the same names as those of `dataset`.
    """
    folder = tmp_path_factory.mktemp("trained")
    options = {"dataset": photos(folder / "photos"), "save_model_dir": folder / "models"}
    checkpoints = {"checkpoint_model_dir": folder / "checkpoints", "checkpoint_interval": 2}
    return _train(make_arguments(**options, **checkpoints, log_interval=2))


@pytest.fixture
def one_thread() -> Iterator[None]:
    with _one_thread():
        yield


def _train(arguments: list[str]) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with _one_thread(), redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    folder = next(a for a in arguments if a.startswith("--save-model-dir=")).partition("=")[2]
    return Outcome(code, out.getvalue(), err.getvalue(), Path(folder))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads only get in each other's way at these sizes."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
