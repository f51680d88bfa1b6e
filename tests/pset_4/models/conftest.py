"""Fixtures of the models' tests: official models, and servers of their archive."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest

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


@pytest.fixture
def secure_server(
    tls_context: ssl.SSLContext, trusted: None, official: Models
) -> Iterator[FileServer]:
    """A server of the same archive over HTTPS, with a trusted certificate."""
    with serve_file(tls_context, pack(official)) as server:
        yield server
