"""Fixtures for the tests of backends."""

from __future__ import annotations

import pytest


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory is free for what can be in a file."""
    monkeypatch.setattr("neural_style.backends.arena.free_memory", lambda limit: 0)
