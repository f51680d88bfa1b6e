"""What all tests share: a clean environment, and a remote that is once S3 and once a directory."""

import ctypes
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from socketserver import TCPServer
from typing import Any, Protocol

import boto3
import pytest

ACCESS_KEY, SECRET_KEY, REGION = "test-key", "test-secret", "us-east-1"

OVERRIDING_CAPABILITIES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root passes over permissions."""

SERVER_ANSWER = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


def pytest_configure() -> None:
    # A shell has what it starts in the background ignore Ctrl-C, and so would the programs do that
    # tests interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting, credential or proxy of the machine reaches a test; its folder is its own."""
    for name in list(os.environ):
        if name.startswith(("PSET_4_", "AWS_", "LUIGI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of weights for all tests, in place of this user's: each checkpoint is read once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURAL_STYLE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The folder with the four official models."""
    folder = os.environ.get("STYLE_WEIGHTS_DIR")
    if not folder:
        pytest.skip("STYLE_WEIGHTS_DIR is not set: it names the folder of the official models")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def find_in_package() -> Callable[[str, str], Path]:
    """Finds a data file, given its path in an installed package, which is not imported."""

    def find(package: str, name: str) -> Path:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            pytest.skip(
                f"{package} is not installed, and its {name} is needed: pip install '.[demo]'"
            )
        path = Path(spec.origin).parent / name
        if not path.is_file():
            pytest.skip(f"{package} has no {name} any more")
        return path

    return find


@pytest.fixture
def bound_by_permissions() -> Iterator[None]:
    """File permissions bind this process, also as root (where CI runs the tests)."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no POSIX permissions")
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root can lay down its privileges on Linux only: run as another user")
    sets = _exchange_capabilities(None)
    kept = [value & ~OVERRIDING_CAPABILITIES if at == 0 else value for at, value in enumerate(sets)]
    _exchange_capabilities(kept)
    try:
        yield
    finally:
        _exchange_capabilities(sets)


class Server(ThreadingHTTPServer):
    """Answers on a free port of the loopback interface."""

    def server_bind(self) -> None:
        """Without a look-up of the host's name, which takes long where there is no network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


@contextmanager
def serve(
    handler: Callable[..., BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    scheme = "https" if context else "http"
    with Server(("127.0.0.1", 0), handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def serving() -> Callable[..., AbstractContextManager[str]]:
    """Lets a request handler serve, with a TLS context over HTTPS, inside of a `with` statement
    that gives the server's address."""
    return serve


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real S3 server process on a free port of the loopback interface."""
    log_path = tmp_path_factory.mktemp("s3") / "server.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log_path.open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _wait_for_address(server, log_path)
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def s3_side_door(s3_endpoint: str) -> Any:
    """A plain boto3 client of the server, to look at it from outside; made once, as it is slow."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=s3_endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
    )


@pytest.fixture
def s3_environment(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard AWS variables, for the server of `s3_endpoint`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


class RemoteStore(Protocol):
    """A remote, as a test looks at it from outside."""

    url: str

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, content: bytes) -> None: ...

    def remove(self, path: str) -> None: ...

    def list(self) -> list[str]: ...


@dataclass
class DirectoryStore:
    """A directory as the remote."""

    url: str

    def read(self, path: str) -> bytes:
        return Path(self.url, path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        target = Path(self.url, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def remove(self, path: str) -> None:
        Path(self.url, path).unlink()

    def list(self) -> list[str]:
        files = [path for path in Path(self.url).rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.url).as_posix() for path in files)


@dataclass
class S3Store:
    """A prefix in a bucket of its own as the remote."""

    url: str
    bucket: str
    prefix: str
    client: Any

    def read(self, path: str) -> bytes:
        reply = self.client.get_object(Bucket=self.bucket, Key=self.prefix + path)
        return bytes(reply["Body"].read())

    def write(self, path: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=content)

    def remove(self, path: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + path)

    def list(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return sorted(key.removeprefix(self.prefix) for key in keys)


@pytest.fixture
def directory_store(tmp_path: Path) -> DirectoryStore:
    path = tmp_path / "remote-directory"
    path.mkdir()
    return DirectoryStore(str(path))


@pytest.fixture
def s3_store(s3_environment: None, s3_side_door: Any) -> S3Store:
    bucket = f"bucket-{uuid.uuid4().hex}"
    s3_side_door.create_bucket(Bucket=bucket)
    return S3Store(f"s3://{bucket}/some/prefix", bucket, "some/prefix/", s3_side_door)


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest) -> RemoteStore:
    """The same test on a directory and on S3."""
    found: RemoteStore = request.getfixturevalue(f"{request.param}_store")
    return found


def _exchange_capabilities(sets: "list[int] | None") -> list[int]:
    """Read, or set, this thread's capabilities: effective, permitted, inheritable; then the same
    for those numbered 32 and above (capget(2), version 3)."""
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)(*(sets or []))
    if (library.capset if sets else library.capget)(header, data) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities cannot be read or set")
    return list(data)


def _wait_for_address(server: "subprocess.Popen[bytes]", log_path: Path) -> str:
    for _ in range(600):
        match = SERVER_ANSWER.search(log_path.read_text())
        if match:
            return match[1]
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the S3 server did not start: {log_path.read_text()}")
