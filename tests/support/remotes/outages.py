"""Remotes out of reach, which must not even be looked for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.remotes.stores import RemoteStore


@contextmanager
def out_of_reach(store: RemoteStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take a remote away inside a `with` statement, and check that nobody asked for it.

    S3 is a server that answers nothing; a directory is not there.
    """
    if store.url.startswith("s3://"):
        with socket.create_server(("127.0.0.1", 0)) as server, monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
            yield
            server.setblocking(False)
            with pytest.raises(BlockingIOError):  # nobody connected
                server.accept()
        return
    folder = Path(store.url)
    away = folder.rename(folder.with_name("away"))
    yield
    assert not folder.exists()
    away.rename(folder)
