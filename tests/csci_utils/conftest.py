"""Targets of every kind, and an S3 server that answers what it is told to."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Format, Nop
from luigi.target import FileSystemTarget

from csci_utils.luigi.s3 import S3Client
from csci_utils.luigi.target import CreateOnlyLocalTarget, SuffixPreservingLocalTarget

MakeTarget = Callable[..., FileSystemTarget]

LOCAL_KINDS = {
    "suffix-preserving": SuffixPreservingLocalTarget,
    "create-only": CreateOnlyLocalTarget,
}
S3_KINDS: dict[str, dict[str, str]] = {"s3": {}, "s3-create-only": {"IfNoneMatch": "*"}}


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Luigi writes what goes to S3 into the folder for temporary files first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(params=[*LOCAL_KINDS, *S3_KINDS])
def make_target(request: pytest.FixtureRequest, tmp_path: Path) -> MakeTarget:
    """Makes targets of one kind from a name and a format; all share a folder or a prefix."""
    if request.param in LOCAL_KINDS:
        folder = str(tmp_path / "targets")
        kind: Callable[..., FileSystemTarget] = LOCAL_KINDS[request.param]
    else:
        folder = request.getfixturevalue("s3_store").url
        kind = partial(S3Target, client=S3Client(), **S3_KINDS[request.param])

    def make(name: str = "photo.jpg", format: Format = Nop) -> FileSystemTarget:
        return kind(f"{folder}/{name}", format=format)

    return make


@pytest.fixture
def sent(s3_environment: None) -> tuple[S3Client, list[str]]:
    """A client of the server, and the names of all operations that it has sent."""
    client, operations = S3Client(), []

    def note(event_name: str, **_: Any) -> None:
        operations.append(event_name.rpartition(".")[2])

    client.boto_client.meta.events.register("before-send.s3", note)
    return client, operations


@dataclass(frozen=True)
class Answer:
    """What the server says; without a status it hangs up and says nothing."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeS3:
    """A server whose answers are given in advance, for faults that a real one cannot make.

    The answers are used up in order; the last is given for ever.
    """

    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Method, headers and body of each request so far."""
    pauses: list[float] = field(default_factory=list)
    """Seconds of each pause that was asked for, and not made, so far."""
    answers: list[Answer] = field(default_factory=list)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Give an answer; ``content_range="..."`` is the header ``content-range``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Answer(status, body, named))

    def refuse(self, status: int, code: str) -> None:
        """Give an error, told as S3 tells it."""
        self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def hang_up(self) -> None:
        """Take the request and give no reply."""
        self.answers.append(Answer(None))

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def fake_s3(
    serving: Callable[..., AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeS3]:
    """The server, which the AWS variables point to; pauses between tries are only noted."""
    fake = FakeS3()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fake.requests.append((self.command, headers, body))
            self.close_connection = True
            answer = fake.next_answer()
            if answer.status is None:
                return
            self.send_response(answer.status)
            defaults = {"content-length": str(len(answer.body)), "connection": "close"}
            for name, value in (defaults | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_PUT = do_DELETE = handle_request

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the log would go to the standard error stream."""

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(time, "sleep", fake.pauses.append)
    with serving(Handler) as fake.url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
        yield fake
