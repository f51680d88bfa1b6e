"""Fixtures of the models' tests: official models, and servers of their archive."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from pset_4.models.catalog import OFFICIAL_MODELS
from tests.support.file_server import FileServer, serve_file
from tests.support.files.archives import Models, pack
from tests.support.networks.models import make_model


@pytest.fixture(scope="session")
def official() -> Models:
    """Small models under the official names."""
    return {name: make_model(seed) for seed, name in enumerate(OFFICIAL_MODELS)}


@pytest.fixture
def server(official: Models) -> Iterator[FileServer]:
    """A server of the archive of the official models."""
    with serve_file(content=pack(official)) as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority."""
    return trustme.CA()


@pytest.fixture
def secure_server(
    authority: trustme.CA, official: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FileServer]:
    """A server of the same archive over HTTPS, with a trusted certificate."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serve_file(context, pack(official)) as server:
        yield server
