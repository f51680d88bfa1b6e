"""HTTP servers on free ports of the loopback interface."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

ACCESS_KEY = "test-key"
"""The access key that `aws_environment` sets."""
SECRET_KEY = "test-secret"
"""The secret key that `aws_environment` sets."""
REGION = "us-east-1"
"""The region that `aws_environment` sets."""

_MOTO_SERVER = Path(__file__).with_name("remotes") / "moto_server.py"
_START_SECONDS = 300
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class Server(ThreadingHTTPServer):
    """An HTTP server that looks up no host name, which takes long without a network."""

    def server_bind(self) -> None:
        """Bind the socket and set the server's name and port."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing: the log would go to standard error."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def serve(
    handler: Callable[..., BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve `handler` inside a `with` statement, which gets the server's URL.

    Args:
        handler: The class whose instances answer one request each, in a thread of their own.
        context: The TLS context of an HTTPS server. Without one, the server speaks HTTP.
    """
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


@contextmanager
def serve_s3(log_path: Path) -> Iterator[str]:
    """Run an S3 server in a process of its own inside a `with` statement, which gets its URL."""
    with serve_program([sys.executable, str(_MOTO_SERVER)], log_path) as url:
        yield url


@contextmanager
def serve_program(command: Sequence[str], log_path: Path) -> Iterator[str]:
    """Run a server inside a `with` statement, which gets the URL that the server prints."""
    with log_path.open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _wait_for_address(server, log_path)
    finally:
        server.terminate()
        server.wait()


def aws_environment(endpoint_url: str) -> dict[str, str]:
    """Return the standard AWS variables that point to a server of the tests."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


def _wait_for_address(server: subprocess.Popen[bytes], log_path: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if match := _ADDRESS.search(log_path.read_text()):
            return match[0]
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log_path.read_text()}")
