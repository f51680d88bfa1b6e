"""A project after its first run."""

from __future__ import annotations

import pytest

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project


@pytest.fixture
def painted(project: Project, photograph: bytes, drawing: bytes) -> Project:
    """A project with two images and two models, after a first run of main."""
    project.drop("photo.jpg", photograph)
    project.drop("drawing.png", drawing)
    project.drop("one.pth", make_model(1))
    project.drop("two.pth", make_model(2))
    assert project.run_well("main")["painted"] == 4
    return project
