"""A server of one file that cuts, stalls, lies and redirects, as its script says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from csci_utils.network.download import RETRY_PAUSES, download
from tests.support import servers

CONTENT = bytes(range(256)) * 2000
"""The file's content, unless a test sets another one."""
HALF = len(CONTENT) // 2
MAX_BYTES = 2 * len(CONTENT)
"""The limit of `fetch` and `fetch_hastily`."""
TIMEOUT = 0.3
"""The timeout of `fetch_hastily` in seconds."""
TRIES = len(RETRY_PAUSES) + 1
"""The number of requests of a download that always fails."""


class Handler(servers.QuietHandler):
    """Serves the file of a `FileServer` with ranges, unless its script holds another behavior."""

    protocol_version = "HTTP/1.1"
    files: FileServer

    def do_GET(self) -> None:
        self.close_connection = True
        self.files.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        script = self.files.script
        behave = script.pop(0) if script else serve()
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            behave(self)  # until the client closes the connection

    do_CONNECT = do_GET

    def start(self, status: int, size: int | None, headers: dict[str, str]) -> None:
        """Send the status and headers of an answer with a body of `size` bytes."""
        self.send_response(status)
        sent = {"ETag": self.files.etag, "Last-Modified": self.files.last_modified} | headers
        for name, value in sent.items():
            if value:
                self.send_header(name, value)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()


Behavior = Callable[[Handler], None]


@dataclass
class FileServer:
    """The state of a server of one file."""

    url: str = ""
    content: bytes = CONTENT
    etag: str = '"version 1"'
    last_modified: str = ""
    script: list[Behavior] = field(default_factory=list)
    """The behavior for each of the next requests; after them, it serves the file."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of each request so far."""
    is_over: threading.Event = field(default_factory=threading.Event)
    """Set at the end of the test, to end what is silent or slow."""

    def ranges(self) -> list[str | None]:
        """Return the range that each request asked for; None for the whole file."""
        return [headers.get("range") for _, headers in self.requests]


def serve(
    size: int | None = None, stalls: bool = False, ignores_if_range: bool = False
) -> Behavior:
    """Return a behavior: serve the requested range, or its beginning.

    Args:
        size: The number of bytes that are sent of the body; None for all.
        stalls: Be silent then, instead of closing the connection.
        ignores_if_range: Serve the range even if the version has changed.
    """

    def behave(handler: Handler) -> None:
        files, headers = handler.files, handler.files.requests[-1][1]
        start = 0
        if headers.get("if-range") in (files.etag, files.last_modified) or ignores_if_range:
            start = int(headers.get("range", "bytes=0-")[len("bytes=") : -1])
        body = files.content[start:]
        total = len(files.content)
        ranged = {"Content-Range": f"bytes {start}-{total - 1}/{total}"} if start else {}
        handler.start(206 if start else 200, len(body), ranged)
        handler.wfile.write(body if size is None else body[:size])
        if stalls:
            files.is_over.wait(30)

    return behave


def answer(status: int, body: bytes = b"", **headers: str) -> Behavior:
    """Return a behavior: answer this; ``content_type="..."`` becomes ``content-type``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def behave(handler: Handler) -> None:
        handler.start(status, len(body), named)
        handler.wfile.write(body)

    return behave


def chunked(body: bytes, is_whole: bool = True) -> Behavior:
    """Return a behavior: send a body of unknown length, or cut it short."""

    def behave(handler: Handler) -> None:
        handler.start(200, None, {"Transfer-Encoding": "chunked"})
        end = b"0\r\n\r\n" if is_whole else b""
        handler.wfile.write(b"%x\r\n%s\r\n%s" % (len(body), body, end))

    return behave


def drip(handler: Handler) -> None:
    """Send a byte now and then, as long as the client listens."""
    handler.start(200, len(CONTENT), {})
    for byte in CONTENT:
        handler.wfile.write(bytes([byte]))
        if handler.files.is_over.wait(TIMEOUT / 10):
            return


def drip_status(handler: Handler) -> None:
    """Send a byte of the status line now and then, as long as the client listens."""
    for byte in b"HTTP/1.1 200 OK" + b" " * 1000:
        handler.wfile.write(bytes([byte]))
        if handler.files.is_over.wait(TIMEOUT / 10):
            return


def hang_up(handler: Handler) -> None:
    """Close the connection without a reply."""


@contextmanager
def serve_file(
    context: ssl.SSLContext | None = None, content: bytes = CONTENT
) -> Iterator[FileServer]:
    """Run a server of one file inside a `with` statement, over HTTPS if there is a TLS context."""
    files = FileServer(content=content)
    with servers.serve(type("OwnHandler", (Handler,), {"files": files}), context) as address:
        files.url = f"{address}/file.zip"
        yield files
        files.is_over.set()


def fetch(files: FileServer, path: Path) -> None:
    """Download the server's file to `path`."""
    download(files.url, str(path), MAX_BYTES)


def fetch_hastily(files: FileServer, path: Path) -> None:
    """Download the server's file to `path`, and do not wait long for a silent or slow server."""
    download(files.url, str(path), MAX_BYTES, TIMEOUT)
