"""Worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline.projects import Project
from tests.support.reliability.world import World
from tests.support.remotes.stores import RemoteStore


@pytest.fixture(autouse=True)
def own_temporary_folder(temporary_folder: Path) -> None:
    """Have a folder of its own for temporary files."""


@pytest.fixture
def store_kind(store: RemoteStore) -> str:
    """The kind of the remote: ``directory`` or ``s3``."""
    return "s3" if store.url.startswith("s3:") else "directory"


@pytest.fixture
def world(project: Project, store: RemoteStore) -> World:
    """A machine and a remote with nothing there; once with a directory and once with S3."""
    project.run_well("upload")  # forks find imported and read what it takes
    return World(project, store)
