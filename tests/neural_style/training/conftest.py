"""A tiny dataset, style picture and loss network, and a way to train with them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from neural_style.training.options import TrainingOptions
from tests.support.networks.styles import State, make_picture
from tests.support.networks.training import (
    Blocks,
    MakeArguments,
    Outcome,
    Train,
    make_vgg_state,
    run_training,
    thin_loss_network,
    use_one_thread,
    write_dataset,
)


@pytest.fixture(scope="session", autouse=True)
def whole_loss_network() -> Iterator[Blocks]:
    """The channels of the loss network; the tests train with a thin one."""
    if find_spec("torch") is None:
        yield ()
        return
    with thin_loss_network() as whole:
        yield whole


@pytest.fixture(scope="session")
def vgg_state() -> State:
    """A state dict of the loss network, with random weights."""
    pytest.importorskip("torch")
    return make_vgg_state()


@pytest.fixture(scope="session")
def vgg_path(vgg_state: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `vgg_state`."""
    import torch

    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(vgg_state, path)
    return path


@pytest.fixture(scope="session")
def style_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style picture of 40x48 px."""
    path = tmp_path_factory.mktemp("style") / "style.png"
    make_picture(48, 40).rotate(90, expand=True).save(path)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A folder of five pictures that the test may change."""
    return write_dataset(tmp_path / "photos")


@pytest.fixture(scope="session")
def make_arguments(vgg_path: Path, style_path: Path) -> MakeArguments:
    """Makes arguments for a training of a few seconds."""

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
def options(dataset: Path, style_path: Path, vgg_path: Path, tmp_path: Path) -> TrainingOptions:
    """The options that `train` uses without changes."""
    return TrainingOptions(
        dataset=dataset,
        style_image=style_path,
        save_model_dir=tmp_path / "models",
        vgg_weights=vgg_path,
        batch_size=2,
        image_size=16,
        base_width=2,
    )


@pytest.fixture
def train(make_arguments: MakeArguments, dataset: Path, tmp_path: Path) -> Train:
    """Trains on `dataset` unless another one is named."""
    counter = itertools.count()

    def train_on(**changes: object) -> Outcome:
        folder = tmp_path / f"models-{next(counter)}"
        arguments = {"dataset": dataset, "save_model_dir": folder, **changes}
        return run_training(make_arguments(**arguments), Path(str(arguments["save_model_dir"])))

    return train_on


@pytest.fixture(scope="session")
def trained(
    make_arguments: MakeArguments,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """The outcome of a training on pictures like those of `dataset`, with checkpoints."""
    folder = tmp_path_factory.mktemp("trained")
    arguments = make_arguments(
        dataset=write_dataset(folder / "photos"),
        save_model_dir=folder / "models",
        checkpoint_model_dir=folder / "checkpoints",
        checkpoint_interval=2,
        log_interval=2,
    )
    return run_training(arguments, folder / "models")


@pytest.fixture(scope="session")
def checkpoints(trained: Outcome) -> Path:
    """The folder of the checkpoints of `trained`."""
    return trained.folder.with_name("checkpoints")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch uses one thread, as in `train`."""
    with use_one_thread():
        yield
