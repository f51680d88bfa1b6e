"""Fixtures for downloads from a scripted server, and for S3 servers real and fake."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from csci_utils.luigi import S3Client
from tests.support.file_server import FileServer, serve_file
from tests.support.remotes.s3_fake import FakeS3, serve_fake_s3
from tests.support.remotes.s3_objects import CONTENT
from tests.support.servers import aws_environment


@pytest.fixture
def files(pauses: list[float]) -> Iterator[FileServer]:
    """A server of one file."""
    with serve_file() as server:
        yield server


@pytest.fixture
def secure_files(pauses: list[float], tls_context: ssl.SSLContext) -> Iterator[FileServer]:
    """A server of one file over HTTPS, with a certificate of the authority."""
    with serve_file(tls_context) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a download goes to, in a folder that does not exist yet."""
    return tmp_path / "downloads" / "file.zip"


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
