"""Archives of models like the official one, spoiled ones, and a server of archives."""

from __future__ import annotations

import io
import re
import ssl
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.servers import QuietHandler, serve

Models = dict[str, bytes]
"""The contents of model files by their name."""

Spoil = Callable[[bytes], bytes]
"""Returns a spoiled copy of an archive."""

# The magic numbers of an entry in the table of contents and of its end (APPNOTE 4.3.12, 4.3.16).
_ENTRY = b"PK\x01\x02"
_END = b"PK\x05\x06"


def pack(models: Models, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return an archive with the layout of the official one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("saved_models/", b"")
        for name, content in models.items():
            archive.writestr(f"saved_models/{name}", content)
    return file.getvalue()


def add_entry(archive: bytes, name: str | zipfile.ZipInfo, content: bytes) -> bytes:
    """Return a copy of the archive with one more entry."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr(name, content)
    return file.getvalue()


def adding(name: str | zipfile.ZipInfo, content: bytes = b"x") -> Spoil:
    """Return a function that adds an entry to an archive."""
    return lambda archive: add_entry(archive, name, content)


def link_entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = 0o120777 << 16
    return entry


def repeat_contents(archive: bytes) -> bytes:
    """Return a copy with a table of contents of 30,000 equal entries."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        start = opened.start_dir
    end = archive.rindex(_END)
    contents = archive[start:end]
    first = contents[: contents.index(_ENTRY, len(_ENTRY))] * 30_000
    sizes = len(first).to_bytes(4, "little") + start.to_bytes(4, "little")
    return archive[:start] + first + archive[end : end + 12] + sizes + b"\0\0"


def set_in_entry(archive: bytes, offset: int, value: bytes, name: bytes = b"candy.pth") -> bytes:
    """Return a copy with other bytes at an offset of an entry in the table of contents."""
    at = archive.rindex(_ENTRY, 0, archive.rindex(name)) + offset
    return archive[:at] + value + archive[at + len(value) :]


def flip_byte(archive: bytes, content: bytes) -> bytes:
    """Return a copy with one bit changed in the middle of an uncompressed entry's content."""
    at = archive.index(content) + len(content) // 2
    return archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]


@dataclass
class ArchiveServer:
    """A server of one archive, which can send the rest of it after an interruption."""

    url: str = ""
    """The URL of the archive."""
    content: bytes = b""
    """The archive."""
    content_type: str = "application/zip"
    """The media type of the response."""
    redirects_to: str | None = None
    """The URL that each request is redirected to."""
    stalls_once_after: int | None = None
    """The number of bytes after which the next response stalls until the test ends."""
    is_over: threading.Event = field(default_factory=threading.Event)
    """Set when the test ends."""
    paths: list[str] = field(default_factory=list)
    """The path of each request so far."""
    ranges: list[str | None] = field(default_factory=list)
    """The range that each request so far asked for; None for the whole archive."""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Send the archive, or the part that is asked for."""
        self.paths.append(request.path)
        self.ranges.append(request.headers.get("Range"))
        if self.redirects_to:
            request.send_response(302)
            request.send_header("Location", self.redirects_to)
            request.end_headers()
            return
        start = self._send_headers(request)
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send_content(request, start)

    def _send_headers(self, request: BaseHTTPRequestHandler) -> int:
        """Send the status and the headers, and return where the content starts."""
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start, total = int(asked[1]) if asked else 0, len(self.content)
        request.send_response(206 if asked else 200)
        request.send_header("ETag", '"one"')
        request.send_header("Content-Type", self.content_type)
        request.send_header("Content-Length", str(total - start))
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        request.end_headers()
        return start

    def _send_content(self, request: BaseHTTPRequestHandler, start: int) -> None:
        stop, self.stalls_once_after = self.stalls_once_after, None
        request.wfile.write(self.content[start:stop])
        if stop is not None:
            self.is_over.wait(60)


@contextmanager
def serve_archive(content: bytes, context: ssl.SSLContext | None = None) -> Iterator[ArchiveServer]:
    """Serve an archive inside a `with` statement, with a TLS context over HTTPS."""
    server = ArchiveServer(content=content)

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            server.answer(self)

        do_CONNECT = do_GET

    with serve(Handler, context) as address:
        server.url = f"{address}/saved_models.zip"
        yield server
        server.is_over.set()
