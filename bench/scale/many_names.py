"""A program: an S3 server with any number of made-up images, to measure what handles only names.

It lists ``images/``, whose objects do not exist otherwise, and keeps all other objects in memory.
It honors If-None-Match and If-Match. Its argument is how many images. It prints its URL.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from time import gmtime, strftime, time
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

IMAGES = "images/"
_PAGE = 1000
_DIGITS = 9


class Store:
    """The objects, and how many requests there were of each kind."""

    def __init__(self, count: int) -> None:
        """Make up so many images; with 0, those that are written are listed."""
        self.count = count
        self.requests: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._keys: list[str] = []
        self._objects: dict[str, tuple[bytes, float]] = {}

    def read(self, key: str) -> tuple[bytes, float] | None:
        """Return an object's bytes and when it was written."""
        return self._objects.get(key)

    def write(self, key: str, data: bytes) -> None:
        """Write an object."""
        if key not in self._objects:
            insort(self._keys, key)
        self._objects[key] = data, time()

    def remove(self, key: str) -> None:
        """Remove an object, if it exists."""
        if self._objects.pop(key, None) is not None:
            self._keys.remove(key)

    def list(self, prefix: str, after: str) -> Iterator[tuple[str, float]]:
        """Yield keys and times after a key."""
        if self.count and prefix.endswith(IMAGES):
            first = int(after[len(prefix) + 4 :][:_DIGITS]) + 1 if after > prefix else 0
            names = (f"{prefix}img-{n:0{_DIGITS}}.jpg" for n in range(first, self.count))
            yield from ((name, 1.7e9) for name in names)
            return
        for key in self._keys[bisect_right(self._keys, max(after, prefix)) :]:
            if not key.startswith(prefix):
                return
            yield key, self._objects[key][1]


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    store: Store

    def do_GET(self) -> None:
        """List, or return an object."""
        query = parse_qs(urlsplit(self.path).query)
        if "requests" in query:  # how many there were
            self._send(200, repr(dict(self.store.requests)).encode())
        elif "list-type" in query:
            self._count("LIST")
            self._list(query)
        else:
            self._count("GET")
            self._send_object()

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        """Write an object, unless a condition is not met."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "aws-chunked":
            data = data.partition(b"\r\n")[2][: int(self.headers["x-amz-decoded-content-length"])]
        self._count("PUT")
        with self.store.lock:
            found = self.store.read(self._key())
            wanted = self.headers.get("If-Match")
            is_refused = self.headers.get("If-None-Match") and found is not None
            if is_refused or (wanted and (found is None or wanted != _etag(found[0]))):
                self._send(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            self.store.write(self._key(), data)
        self._send(200, b"", ETag=_etag(data))

    def do_DELETE(self) -> None:
        """Remove an object."""
        self._count("DELETE")
        with self.store.lock:
            self.store.remove(self._key())
        self._send(204, b"")

    def _count(self, kind: str) -> None:
        with self.store.lock:
            self.store.requests[kind] += 1

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

    def _send_object(self) -> None:
        found = self.store.read(self._key())
        if found is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            written = formatdate(found[1], usegmt=True)
            self._send(200, found[0], ETag=_etag(found[0]), Last_Modified=written)

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        with self.store.lock:
            page = list(islice(self.store.list(prefix, after), _PAGE + 1))
        more = len(page) > _PAGE
        entries = "".join(_describe(key, written) for key, written in page[:_PAGE])
        last = escape(page[min(len(page), _PAGE) - 1][0]) if page else ""
        token = f"<NextContinuationToken>{last}</NextContinuationToken>"
        text = (
            '<?xml version="1.0"?><ListBucketResult '
            'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token if more else ''}{entries}</ListBucketResult>"
        )
        self._send(200, text.encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _describe(key: str, written: float) -> str:
    when = strftime("%Y-%m-%dT%H:%M:%S.", gmtime(written)) + f"{int(written * 1000) % 1000:03}Z"
    return (
        f"<Contents><Key>{quote(key)}</Key><LastModified>{when}</LastModified>"
        f'<ETag>"{"0" * 32}"</ETag><Size>65536</Size></Contents>'
    )


def main(count: int) -> None:
    """Serve until the process is ended."""
    handler = type("Handler", (Handler,), {"store": Store(count)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
