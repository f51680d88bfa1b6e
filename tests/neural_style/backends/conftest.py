"""Fixtures for the tests of backends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.networks.styles import make_state


@pytest.fixture(scope="session")
def wide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style of random weights and the official width, as a safetensors file."""
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path_factory.mktemp("wide") / "wide.safetensors"
    state = {name: value.numpy() for name, value in make_state(32).items()}
    path.write_bytes(safetensors.save(state))
    return path


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory is free for what can be in a file."""
    monkeypatch.setattr("neural_style.backends.arena.free_memory", lambda limit: 0)
