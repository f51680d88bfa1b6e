"""Fixtures of all tests: a clean environment, and remotes on S3 and in a directory."""

from __future__ import annotations

import os
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from inspect import CO_VARKEYWORDS
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.hooks
import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.hooks import EventAliaser
from botocore.loaders import create_loader

from neural_style.system.interruption import interrupted
from tests.support.permissions import enforce_permissions
from tests.support.remotes.faults import FaultProxy, serve_faults
from tests.support.remotes.stores import (
    DirectoryStore,
    RemoteStore,
    S3Store,
    create_s3_client,
    create_s3_store,
)
from tests.support.servers import aws_environment, serve_s3

if TYPE_CHECKING:
    import trustme

pytest_plugins = ["pytester", "tests.support.reliability.plugin"]

_SETTINGS = ("PSET_4_", "AWS_", "LUIGI_")


def pytest_configure() -> None:
    """Handle Ctrl-C as in the foreground.

    A shell makes background jobs ignore SIGINT. The programs that tests interrupt would inherit
    that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Leave marked tests on S3 to the soak: those in which the kind of the remote plays no part."""
    parameters = getattr(item, "callspec", None)
    is_on_s3 = parameters is not None and parameters.params.get("store") == "s3"
    is_marked = item.get_closest_marker("s3_in_soak") is not None
    if is_on_s3 and is_marked and item.get_closest_marker("s3_every_day") is None:
        item.add_marker("soak")


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's settings, credentials and proxies, and work in an empty folder."""
    for name in list(os.environ):
        if name.startswith(_SETTINGS) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_interrupt() -> None:
    """Forget an interrupt of an earlier test, which a process usually does not outlive."""
    interrupted.clear()


@pytest.fixture(scope="session", autouse=True)
def without_waiting_for_the_disk() -> Iterator[None]:
    """Let `os.fsync` return at once in this process: no test can cut the power."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_clients() -> Iterator[None]:
    """Clients share the description of S3 and the names of events, which each new one works out."""
    loader, names = create_loader(), dict[str, str]()
    find_name, inspect_function = EventAliaser._alias_event_name, botocore.hooks.accepts_kwargs

    def find_name_once(aliaser: EventAliaser, name: str) -> str:
        if name not in names:
            names[name] = find_name(aliaser, name)
        return names[name]

    def accepts_kwargs(function: Any) -> bool:
        code = getattr(function, "__code__", None)
        return bool(code.co_flags & CO_VARKEYWORDS) if code else inspect_function(function)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(botocore.session, "create_loader", lambda _: loader)
        monkeypatch.setattr(EventAliaser, "_alias_event_name", find_name_once)
        monkeypatch.setattr(botocore.hooks, "accepts_kwargs", accepts_kwargs)
        yield


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The folder with the four official models."""
    folder = os.environ.get("STYLE_WEIGHTS_DIR")
    if not folder:
        pytest.skip("STYLE_WEIGHTS_DIR does not name the folder of the official models")
    return Path(folder).resolve()


@pytest.fixture
def temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder for temporary files and folders: empty, and no other process writes to it."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def bound_by_permissions() -> Iterator[None]:
    """File permissions bind this process, even if root runs it."""
    with enforce_permissions():
        yield


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server process on the loopback interface."""
    with serve_s3(tmp_path_factory.mktemp("s3") / "server.log") as url:
        yield url


@pytest.fixture(scope="session")
def s3_client(s3_endpoint: str) -> BaseClient:
    """A plain boto3 client of the S3 server."""
    return create_s3_client(s3_endpoint)


@pytest.fixture
def s3_environment(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard AWS variables point to the S3 server."""
    for name, value in aws_environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause between tries that was requested; none is made."""
    requested: list[float] = []
    monkeypatch.setattr(time, "sleep", requested.append)
    return requested


@pytest.fixture
def directory_store(tmp_path: Path) -> DirectoryStore:
    """An empty directory as the remote."""
    path = tmp_path / "remote-directory"
    path.mkdir()
    return DirectoryStore(str(path))


@pytest.fixture
def s3_store(s3_environment: None, s3_client: BaseClient) -> S3Store:
    """An empty prefix on the S3 server as the remote."""
    return create_s3_store(s3_client)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    import trustme

    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our clients trust the authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(path))


@pytest.fixture(scope="session")
def tls_context(authority: trustme.CA) -> ssl.SSLContext:
    """The context of servers with a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def proxy(
    s3_store: S3Store, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultProxy]:
    """A proxy in front of the S3 server, which the AWS variables name."""
    with serve_faults(s3_endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest) -> RemoteStore:
    """An empty remote; the test runs once with a directory and once with S3."""
    found: RemoteStore = request.getfixturevalue(f"{request.param}_store")
    return found
