"""Fixtures for targets of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.remotes.stores import S3Store
from tests.support.remotes.targets import (
    LOCAL_KINDS,
    ROOTED_KINDS,
    S3_KINDS,
    MakeTarget,
    local_targets,
    rooted_targets,
    s3_targets,
)


@pytest.fixture(autouse=True)
def own_temporary_folder(temporary_folder: Path) -> None:
    """Have a folder of its own for what Luigi first writes on this machine."""


@pytest.fixture(params=[*LOCAL_KINDS, *ROOTED_KINDS, *S3_KINDS])
def make_target(request: pytest.FixtureRequest, tmp_path: Path) -> MakeTarget:
    """Makes targets; the test runs once with each kind."""
    kind: str = request.param
    if kind in LOCAL_KINDS:
        return local_targets(kind, str(tmp_path / "targets"))
    if kind in ROOTED_KINDS:
        return rooted_targets(kind, str(tmp_path / "targets"))
    store: S3Store = request.getfixturevalue("s3_store")
    return s3_targets(kind, store.url)
