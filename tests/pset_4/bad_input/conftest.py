"""A project whose drop-ins are valid."""

from __future__ import annotations

import pytest

from tests.support.pipeline.projects import Project


@pytest.fixture
def valid_project(project: Project, photograph: bytes, model: bytes) -> Project:
    """A project with a valid image and a valid model dropped in."""
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    return project
