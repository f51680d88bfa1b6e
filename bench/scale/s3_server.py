"""A program: an S3 server in memory, quick enough not to be what is measured.

Usage: ``python -m bench.scale.s3_server [COUNT]``; it prints its URL. It knows what transfers of
small files need: PUT with conditions, GET with ranges, HEAD, DELETE and both kinds of listings. Of
a deleted bucket, everything is dropped. Signatures are not checked. ``GET /?requests`` returns how
many requests there were of each kind, as JSON.

With COUNT, every folder ``images/`` lists so many made-up images, which do not exist otherwise: to
measure what handles only names.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus
from itertools import islice
from time import gmtime, strftime, time
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

_PAGE = 1000
_AFTER = ("continuation-token", "start-after", "marker")  # marker: of ListObjects
_DIGITS = 9  # in the names of made-up images
_KEPT = ("content-type", "x-amz-meta-", "x-amz-checksum-")


class _Object(NamedTuple):
    body: bytes
    etag: str
    headers: dict[str, str]
    written: float


_MADE_UP = _Object(b"", f'"{"0" * 32}"', {}, 1.7e9)


class _Request(NamedTuple):
    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes = b""
    length: int | None = None
    """The length of the body that a GET would have."""


class Store:
    """The buckets; each is created by its first object."""

    def __init__(self, count: int = 0) -> None:
        """Start empty, but for the names of so many images."""
        self._count = count
        self._requests: Counter[str] = Counter()
        self._objects: dict[str, dict[str, _Object]] = {}
        self._keys: dict[str, list[str]] = {}

    def answer(self, request: _Request) -> _Answer:
        """Carry out a request."""
        if "requests" in request.query:
            return _Answer(200, {}, json.dumps(self._requests).encode())
        self._requests["LIST" if _is_listing(request) else request.method] += 1
        if not request.key:
            return self._answer_for_bucket(request)
        found = self._objects.get(request.bucket, {}).get(request.key)
        if request.method == "PUT":
            return self._put(request, found)
        if request.method == "DELETE":
            if self._objects.get(request.bucket, {}).pop(request.key, None) is not None:
                self._keys[request.bucket].remove(request.key)
            return _Answer(204, {})
        return _refuse(404, "NoSuchKey") if found is None else _read(request, found)

    def _answer_for_bucket(self, request: _Request) -> _Answer:
        if request.method == "DELETE":
            self._objects.pop(request.bucket, None)
            self._keys.pop(request.bucket, None)
        if request.method != "GET":
            return _Answer(200, {})
        if "location" in request.query:
            return _xml("<LocationConstraint/>")
        return self._list(request)

    def _put(self, request: _Request, found: _Object | None) -> _Answer:
        expected = request.headers.get("if-match")
        is_other = expected is not None and (found is None or found.etag != expected)
        if is_other or (found and request.headers.get("if-none-match") == "*"):
            return _refuse(412, "PreconditionFailed")
        etag = f'"{hashlib.md5(request.body, usedforsecurity=False).hexdigest()}"'
        kept = {k: v for k, v in request.headers.items() if k.startswith(_KEPT)}
        objects = self._objects.setdefault(request.bucket, {})
        if request.key not in objects:
            insort(self._keys.setdefault(request.bucket, []), request.key)
        objects[request.key] = _Object(request.body, etag, kept, time())
        return _Answer(200, {"ETag": etag})

    def _list(self, request: _Request) -> _Answer:
        prefix = request.query.get("prefix", "")
        after = max(request.query.get(name, "") for name in _AFTER)
        found = list(islice(self._list_after(request.bucket, prefix, after), _PAGE + 1))
        page, is_cut = found[:_PAGE], len(found) > _PAGE
        token = _encode(page[-1][0]) if is_cut else ""
        entries = "".join(_format_entry(key, entry) for key, entry in page)
        return _xml(
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{request.bucket}</Name><Prefix>{_encode(prefix)}</Prefix>"
            f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{_PAGE}</MaxKeys>"
            f"<EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>"
            f"<NextContinuationToken>{token}</NextContinuationToken>"
            f"<NextMarker>{token}</NextMarker>{entries}</ListBucketResult>"
        )

    def _list_after(self, bucket: str, prefix: str, after: str) -> Iterator[tuple[str, _Object]]:
        """Yield the keys that begin with a prefix and come after another key, in order."""
        if self._count and prefix.endswith("images/"):
            number = after[len(prefix) + 4 :][:_DIGITS]  # of images/img-000000012.jpg
            for n in range(int(number) + 1 if number else 0, self._count):
                yield f"{prefix}img-{n:0{_DIGITS}}.jpg", _MADE_UP
            return
        keys, objects = self._keys.get(bucket, []), self._objects.get(bucket, {})
        start = max(bisect_right(keys, after), bisect_left(keys, prefix))
        for key in islice(keys, start, None):
            if not key.startswith(prefix):
                return
            yield key, objects[key]


def _is_listing(request: _Request) -> bool:
    return request.method == "GET" and not request.key


def _encode(key: str) -> str:
    return escape(quote(key))


def _format_entry(key: str, found: _Object) -> str:
    when = strftime("%Y-%m-%dT%H:%M:%S.", gmtime(found.written))
    when += f"{int(found.written * 1000) % 1000:03}Z"
    return (
        f"<Contents><Key>{_encode(key)}</Key><LastModified>{when}</LastModified>"
        f"<ETag>{escape(found.etag)}</ETag><Size>{len(found.body)}</Size>"
        f"<StorageClass>STANDARD</StorageClass></Contents>"
    )


def _read(request: _Request, found: _Object) -> _Answer:
    headers = {
        "ETag": found.etag,
        "Accept-Ranges": "bytes",
        "Last-Modified": formatdate(found.written, usegmt=True),
        **found.headers,
    }
    asked = request.headers.get("range", "")
    if not asked.startswith("bytes="):
        return _Answer(200, headers, found.body)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or sys.maxsize), len(found.body) - 1)
    if start >= len(found.body):
        return _refuse(416, "InvalidRange")
    # A checksum is that of the whole object.
    headers = {k: v for k, v in headers.items() if not k.startswith("x-amz-checksum-")}
    headers["Content-Range"] = f"bytes {start}-{end}/{len(found.body)}"
    return _Answer(206, headers, found.body[start : end + 1])


def _refuse(status: int, code: str) -> _Answer:
    return _xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status)


def _xml(text: str, status: int = 200) -> _Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return _Answer(status, {"Content-Type": "application/xml"}, body)


async def _serve(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await _receive(reader, writer):
            _send(writer, request.method, store.answer(request))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if "aws-chunked" in headers.pop("content-encoding", "") or "STREAMING" in headers.get(
        "x-amz-content-sha256", ""
    ):
        body = _join_chunks(body, headers)
    parts = urlsplit(target)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return _Request(method, bucket, key, query, headers, body)


def _join_chunks(data: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of a body in chunks, and add its trailing checksum to the headers."""
    chunks, place = [], 0
    while True:
        end = data.index(b"\r\n", place)
        size = int(data[place:end].partition(b";")[0], 16)
        chunks.append(data[end + 2 : end + 2 + size])
        place = end + 2 + size + (2 if size else 0)
        if not size:
            break
    for line in data[place:].decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    return b"".join(chunks)


def _send(writer: asyncio.StreamWriter, method: str, answer: _Answer) -> None:
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    headers = {**answer.headers, "Content-Length": str(len(answer.body)), "x-amz-request-id": "1"}
    head = "\r\n".join((status, *(f"{k}: {v}" for k, v in headers.items()), "", ""))
    writer.write(head.encode("latin-1") + (b"" if method == "HEAD" else answer.body))


async def main(count: int) -> None:
    """Serve on a free port of the loopback interface, until the process is ended."""
    store = Store(count)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(store, reader, writer), "127.0.0.1", 0, limit=1 << 18
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 0))
