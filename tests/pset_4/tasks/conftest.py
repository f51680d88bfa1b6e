"""Settings in force, for tasks that no command runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pipeline.projects import Project


@pytest.fixture
def in_force(project: Project) -> Iterator[Project]:
    """An empty project whose settings are in force."""
    with project.in_force():
        yield project
