"""Connections of urllib3 that end a transfer that is too slow (`csci_utils.network.pace`).

They also cut off an endless reply, which would be kept in memory.

The timeout of a socket starts anew with each byte. So a server that sends one now and then, in a
status line, a listing or a file, or reads that slowly, would hang the program for good.
"""

from __future__ import annotations

import functools
import io
import time
from collections.abc import Callable, Iterator
from typing import Any

from .pace import Pace

MAX_REPLY_BYTES = 32 << 20
"""The longest reply that is kept in memory. A page of a listing, with 1,000 keys of 1,024 bytes,
takes up to 10 MB."""

MAX_REPLY_PERIODS = 3
"""How many of the periods over which the speed is measured such a reply may take."""

MAX_HEAD_BYTES = 1 << 18
"""The longest head of a reply: interim replies, which could go on forever, and the headers."""


def paced_pools(pool_classes: dict[str, Any], stall_seconds: float) -> dict[str, type[Any]]:
    """Return subclasses of urllib3's connection pools whose connections keep a pace.

    Args:
        pool_classes: The pools by scheme, as in ``PoolManager.pool_classes_by_scheme``.
        stall_seconds: The period over which the speed is measured.
    """
    return {scheme: _paced_pool(pool, stall_seconds) for scheme, pool in pool_classes.items()}


def _paced_pool(pool_class: Any, stall_seconds: float) -> type[Any]:
    new_pace = functools.partial(Pace, stall_seconds)

    class Connection(pool_class.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            self.sock: Any = PacedSocket(self.sock, new_pace)

        def getresponse(self) -> Any:
            sock = self.sock
            response = super().getresponse()
            reply = sock.end_head()
            # botocore keeps in memory what it streams: everything but the bytes of objects.
            seconds = MAX_REPLY_PERIODS * stall_seconds
            response.stream = functools.partial(_stream_bounded, response.stream, reply, seconds)
            return response

    class Pool(pool_class):  # type: ignore[misc]
        ConnectionCls = Connection

    return Pool


def _stream_bounded(
    stream: Callable[..., Iterator[bytes]], reply: _Reply, seconds: float, *args: Any
) -> Iterator[bytes]:
    reply.allow(MAX_REPLY_BYTES * 2)  # with what frames the chunks, and follows them
    size, end = 0, time.monotonic() + seconds
    for chunk in stream(*args):
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise ValueError(f"the reply is longer than {MAX_REPLY_BYTES:,} bytes")
        if time.monotonic() > end:
            raise TimeoutError(f"the reply takes longer than {seconds:g} s")
        yield chunk


class PacedSocket:
    """A connected socket whose requests and replies each keep a pace."""

    def __init__(self, sock: Any, new_pace: Callable[[], Pace]) -> None:
        """Wrap a socket, plain or with TLS."""
        self._sock = sock
        self._new_pace = new_pace
        self._sending: Pace | None = None
        self._reply: _Reply | None = None

    def sendall(self, data: Any) -> None:
        """Send bytes of a request.

        Raises:
            TimeoutError: They leave too slowly.
        """
        self._sending = self._sending or self._new_pace()
        self._sock.settimeout(self._sending.patience)
        self._sock.sendall(data)
        self._sending.add(memoryview(data).nbytes)

    def makefile(self, mode: str = "rb", buffering: int | None = None) -> io.IOBase:
        """Return a file for the reply to the request that was sent."""
        self._sending = None
        self._reply = reply = _Reply(self._sock, self._new_pace(), ends=buffering != 0)
        return reply if buffering == 0 else io.BufferedReader(reply)

    def end_head(self) -> _Reply:
        """Return the reply, whose headers have arrived."""
        assert self._reply is not None
        self._reply.allow(None)
        return self._reply

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the socket."""
        return getattr(self._sock, name)


class _Reply(io.RawIOBase):
    """The bytes of a reply."""

    def __init__(self, sock: Any, pace: Pace, ends: bool) -> None:
        """Read from a socket; only a reply that `ends` may be at its end."""
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._pace = pace
        self._ends = ends
        self._left: int | None
        self.allow(MAX_HEAD_BYTES)

    def allow(self, size: int | None) -> None:
        """Allow `size` more bytes; None for any number."""
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._pace.patience)
        size: int | None = self._file.readinto(buffer)
        if not size and not self._ends:
            # botocore waits forever for the rest of an interim reply, which it reads unbuffered.
            raise ConnectionResetError("the connection ended within an interim reply")
        self._pace.add(size or 0)
        if self._left is not None:
            self._left -= size or 0
            if self._left < 0:
                raise ConnectionResetError("the reply does not end")
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
