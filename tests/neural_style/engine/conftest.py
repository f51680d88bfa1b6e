"""Checkpoints of random weights, and the choice of a kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neural_style.engine import KERNEL_VARIABLE
from tests.support.networks.styles import make_state


@pytest.fixture(scope="session")
def make_path(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Write a checkpoint of random weights of a base width, once per width."""
    safetensors = pytest.importorskip("safetensors.torch")
    folder = tmp_path_factory.mktemp("widths")

    def make(base_width: int) -> Path:
        path = folder / f"{base_width}.safetensors"
        if not path.exists():
            path.write_bytes(safetensors.save(make_state(base_width)))
        return path

    return make


@pytest.fixture
def force_kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the engine use a kernel."""

    def force(kernel: str) -> None:
        monkeypatch.setenv(KERNEL_VARIABLE, kernel)

    return force
