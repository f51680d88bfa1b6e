"""Fixtures for downloads from a scripted server."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.file_server import FileServer, serve_file


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause between tries that was requested; none is made."""
    requested: list[float] = []
    monkeypatch.setattr(time, "sleep", requested.append)
    return requested


@pytest.fixture
def files(pauses: list[float]) -> Iterator[FileServer]:
    """A server of one file."""
    with serve_file() as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    return trustme.CA()


@pytest.fixture
def secure_files(pauses: list[float], authority: trustme.CA) -> Iterator[FileServer]:
    """A server of one file over HTTPS, with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serve_file(context) as server:
        yield server


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority is trusted."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a download goes to, in a folder that does not exist yet."""
    return tmp_path / "downloads" / "file.zip"
