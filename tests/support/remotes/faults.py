"""A proxy in front of an S3 server that damages, slows and loses what passes."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from csci_utils.network import sockets
from csci_utils.network.pace import Pace
from tests.support.servers import QuietHandler, serve

HASTY_SECONDS = 0.3
"""When requests that `hasten` picks count as stalled."""
DRIP_SECONDS = HASTY_SECONDS / 6
"""The pause between the bytes of replies to them."""

_HOP_HEADERS = frozenset(["connection", "transfer-encoding", "content-length", "date", "server"])


class Reply(NamedTuple):
    """An answer of the server behind the proxy."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange(QuietHandler):
    """One request and its answer, as a fault handles them."""

    protocol_version = "HTTP/1.1"
    proxy: FaultProxy
    request_body: bytes

    def handle_request(self) -> None:
        self.close_connection = True
        if self.proxy.reads_nothing:
            self.proxy.is_over.wait(30)
        self.request_body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.proxy.methods.append(self.command)
        faults = self.proxy.faults[self.command]
        fault = faults.pop(0) if faults else self.proxy.permanent_faults.get(self.command)
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            (fault or pass_on)(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request

    def forward(self) -> Reply:
        """Ask the server behind the proxy."""
        connection = HTTPConnection(urlsplit(self.proxy.upstream_url).netloc, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
        connection.request(self.command, self.path, self.request_body or None, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        kept = {k: v for k, v in response.getheaders() if k.lower() not in _HOP_HEADERS}
        length = response.getheader("Content-Length", str(len(body)))
        return Reply(response.status, {**kept, "Content-Length": length}, body)

    def start(self, reply: Reply) -> None:
        """Send status and headers."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def answer(self, reply: Reply) -> None:
        """Send all of an answer."""
        self.start(reply)
        self.wfile.write(reply.body)

    def reset(self) -> None:
        """Close the connection as a crash does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Fault = Callable[[Exchange], None]


@dataclass
class FaultProxy:
    """The faults of a proxy, by HTTP method, and what passed."""

    upstream_url: str
    url: str = ""
    faults: defaultdict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    """The faults of the next requests, used up in order."""
    permanent_faults: dict[str, Fault] = field(default_factory=dict)
    """The faults of all further requests."""
    methods: list[str] = field(default_factory=list)
    """The method of each request so far."""
    reads_nothing: bool = False
    """If set, the bodies of requests are not read."""
    is_over: threading.Event = field(default_factory=threading.Event)
    """Set at the end of the test, to end what is silent or slow."""


@contextmanager
def serve_faults(upstream_url: str, context: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """Run a proxy without faults inside a `with` statement, over TLS if there is a context."""
    proxy = FaultProxy(upstream_url)
    with serve(type("OwnExchange", (Exchange,), {"proxy": proxy}), context) as proxy.url:
        yield proxy
        proxy.is_over.set()


def pass_on(exchange: Exchange) -> None:
    """Do no harm."""
    exchange.answer(exchange.forward())


def refuse(status: int, code: str, **headers: str) -> Fault:
    """Answer with an error of S3; ``retry_after`` becomes ``retry-after``."""
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(exchange: Exchange) -> None:
        reply = Reply(status, {**named, "Content-Length": str(len(body))}, body)
        exchange.answer(reply._replace(body=b"") if exchange.command == "HEAD" else reply)

    return answer


def refuse_conditions(exchange: Exchange) -> None:
    """Answer as a server that does not know conditional writes."""
    has_condition = "If-None-Match" in exchange.headers
    (refuse(501, "NotImplemented") if has_condition else pass_on)(exchange)


def reset_midway(exchange: Exchange) -> None:
    """Send half of the body, and crash."""
    reply = exchange.forward()
    exchange.answer(reply._replace(body=reply.body[: len(reply.body) // 2]))
    exchange.reset()


def truncate(exchange: Exchange) -> None:
    """Send half of the body, and close the connection."""
    reply = exchange.forward()
    exchange.answer(reply._replace(body=reply.body[: len(reply.body) // 2]))


def shorten(exchange: Exchange) -> None:
    """Send half of the body as if it were all."""
    reply = exchange.forward()
    body = reply.body[: len(reply.body) // 2]
    headers = {**reply.headers, "Content-Length": str(len(body))}
    exchange.answer(Reply(reply.status, headers, body))


def flip(exchange: Exchange) -> None:
    """Flip one bit in the middle of the body."""
    flip_at(0.5)(exchange)


def flip_at(place: float) -> Fault:
    """Flip one bit of the body, at a place between 0, its first byte, and 1."""

    def answer(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.answer(reply._replace(body=_flip(reply.body, place)))

    return answer


def flip_upload(exchange: Exchange) -> None:
    """Flip one bit in the middle of the request's body."""
    exchange.request_body = _flip(exchange.request_body)
    pass_on(exchange)


def name_other_checksum(exchange: Exchange) -> None:
    """Name the checksum of other bytes."""
    reply = exchange.forward()
    headers = {k: v for k, v in reply.headers.items() if "checksum" not in k.lower()}
    exchange.answer(reply._replace(headers={**headers, "x-amz-checksum-crc32": "AAAAAA=="}))


def lose_reply(exchange: Exchange) -> None:
    """Let the server act, and answer nothing."""
    exchange.forward()


def stay_silent(exchange: Exchange) -> None:
    """Answer nothing, and keep the connection."""
    exchange.proxy.is_over.wait(30)


def drip(seconds: float = DRIP_SECONDS) -> Fault:
    """Send a byte of the body now and then."""

    def answer(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.start(reply)
        _drip(exchange, reply.body, seconds)

    return answer


def drip_status(exchange: Exchange) -> None:
    """Send a byte of the status line now and then."""
    _drip(exchange, b"HTTP/1.1 200 OK" + b" " * 1000, DRIP_SECONDS)


def _drip(exchange: Exchange, data: bytes, seconds: float) -> None:
    for byte in data:
        exchange.wfile.write(bytes([byte]))
        if exchange.proxy.is_over.wait(seconds):
            return


def hasten(
    monkeypatch: pytest.MonkeyPatch, concerns: Callable[[bytes], bool] = lambda head: True
) -> None:
    """Have some of our requests count as stalled after `HASTY_SECONDS`.

    All others have as long as always, which they may need on a busy machine.

    Args:
        monkeypatch: Ends it.
        concerns: Called with the beginning of each request, in its order.
    """

    class HastySocket(sockets.PacedSocket):
        def sendall(self, data: Any) -> None:
            if self._sending is None and concerns(bytes(data)):
                self._new_pace = partial(Pace, HASTY_SECONDS)
            super().sendall(data)

    monkeypatch.setattr(sockets, "PacedSocket", HastySocket)


def _flip(data: bytes, place: float = 0.5) -> bytes:
    index = int(place * len(data))
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
