"""Fixtures for targets of every kind, and for S3 servers real and fake."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from csci_utils.luigi import S3Client
from tests.support.remotes.s3_fake import FakeS3, serve_fake_s3
from tests.support.remotes.s3_objects import CONTENT
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
from tests.support.servers import aws_environment


@pytest.fixture(autouse=True)
def own_temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder for temporary files, where Luigi first writes what goes to S3."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


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


@pytest.fixture
def sent(s3_environment: None) -> tuple[S3Client, list[str]]:
    """A client of the S3 server, and the names of the operations that it sends."""
    client = S3Client()
    operations: list[str] = []

    def record(event_name: str, **_: object) -> None:
        operations.append(event_name.rpartition(".")[2])

    client.boto_client.meta.events.register("before-send.s3", record)
    return client, operations


@pytest.fixture
def fake_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    """A scripted S3 server, to which the AWS variables point; nothing pauses."""
    with serve_fake_s3() as fake:
        for name, value in aws_environment(fake.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(time, "sleep", fake.pauses.append)
        yield fake


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """The path of a local file with the content of `tests.support.remotes.s3_objects`."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    return str(path)
