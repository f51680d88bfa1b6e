"""Worlds, and commands that cost little."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader, Loader

from tests.support.pipeline.projects import Project
from tests.support.reliability.world import World
from tests.support.remotes.stores import RemoteStore


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a folder for temporary files that no other process writes to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@pytest.fixture(autouse=True)
def quick_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have botocore read its descriptions of services once, and not for each command."""
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda self, path: _read_json(path))
    monkeypatch.setattr(Loader, "list_available_services", lambda self, kind: _list_services(kind))


_read_json = cache(JSONFileLoader().load_file)
_list_services = cache(Loader().list_available_services)


@pytest.fixture
def store_kind(store: RemoteStore) -> str:
    """The kind of the remote: ``directory`` or ``s3``."""
    return "s3" if store.url.startswith("s3:") else "directory"


@pytest.fixture
def world(project: Project, store: RemoteStore) -> World:
    """A machine and a remote with nothing there; once with a directory and once with S3."""
    project.run_well("upload")  # forks find imported and read what it takes
    return World(project, store)
