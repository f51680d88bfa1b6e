"""An S3 server with scripted answers, for faults that a real one does not produce on demand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.servers import QuietHandler, serve


class Request(NamedTuple):
    """A request that the server received."""

    method: str
    headers: dict[str, str]
    """By lowercase name."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An answer of the server; without a status it hangs up silently."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeS3:
    """The script of the server, and what it received.

    The answers are used up in order; the last one is repeated.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    """Seconds of each pause that the client asked for; none is made."""
    clock_skew_seconds: float = 0
    """How far the server's clock is ahead."""
    answers: list[Answer] = field(default_factory=list)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Add an answer; ``content_range="..."`` becomes the header ``content-range``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Answer(status, body, named))

    def refuse(self, status: int, code: str, times: int = 1) -> None:
        """Add answers with an error code of S3."""
        for _ in range(times):
            self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def hang_up(self) -> None:
        """Add an answer that closes the connection without a reply."""
        self.answers.append(Answer(None))

    def methods(self) -> list[str]:
        """Return the method of each request so far."""
        return [request.method for request in self.requests]

    def next_answer(self) -> Answer:
        """Return the answer to the next request."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(QuietHandler):
    """Answers one request from the script."""

    protocol_version = "HTTP/1.1"
    fake: FakeS3

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.requests.append(Request(self.command, headers, body))
        self.close_connection = True
        answer = self.fake.next_answer()
        if answer.status is not None:
            self._send(answer, answer.status)

    do_GET = do_HEAD = do_PUT = do_DELETE = handle_request

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time on the server's clock."""
        return super().date_time_string(time.time() + self.fake.clock_skew_seconds)

    def _send(self, answer: Answer, status: int) -> None:
        self.send_response(status)
        defaults = {"content-length": str(len(answer.body)), "connection": "close"}
        for name, value in (defaults | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


@contextmanager
def serve_fake_s3() -> Iterator[FakeS3]:
    """Run the server inside a `with` statement."""
    fake = FakeS3()
    with serve(type("Handler", (_Handler,), {"fake": fake})) as fake.url:
        yield fake
