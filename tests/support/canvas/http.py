"""The HTTP side of the Canvas server: requests as they arrive, and refusals."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.support.servers import QuietHandler

CHANGING_METHODS = ("POST", "PUT", "DELETE", "PATCH")
"""The methods of requests that change something."""


class Refusal(Exception):
    """A response with another status than 200."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def refuse(status: int, message: str) -> Refusal:
    """Return a refusal in the form of Canvas's errors."""
    return Refusal(status, {"status": status, "message": message})


def not_found() -> Refusal:
    """Return the refusal of a resource that does not exist."""
    return refuse(404, "The specified resource does not exist.")


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    """The HTTP method."""
    path: str
    """The path of the URL, without the query."""
    query: dict[str, list[str]]
    """The values of each name in the query."""
    headers: dict[str, str]
    """The headers."""
    form: list[tuple[str, str]] = field(default_factory=list)
    """The fields of the body in their order. The value of a file is its name."""
    file: bytes | None = None
    """The content of the file in the body."""

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the body by name."""
        return dict(self.form)

    @property
    def line(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"


class JsonHandler(QuietHandler):
    """Answers requests with JSON."""

    @abstractmethod
    def respond(self, request: Request) -> tuple[object, dict[str, str]]:
        """Return the body and the headers of a response with the status 200.

        Raises:
            Refusal: The response has another status.
        """

    def handle_request(self) -> None:
        """Answer a request of any method."""
        try:
            body, headers = self.respond(self._read())
            status = 200
        except Refusal as refusal:
            status, body, headers = refusal.status, refusal.body, refusal.headers
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_request

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        query, headers = parse_qs(parts.query), dict(self.headers.items())
        request = Request(self.command, parts.path, query, headers)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            _read_multipart(request, kind, body)
        elif body:
            request.form = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        return request


def _read_multipart(request: Request, kind: str, body: bytes) -> None:
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    for part in message.iter_parts():
        name = str(part.get_param("name", header="Content-Disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        file_name = part.get_filename()
        if file_name:
            request.form.append((name, file_name))
            request.file = content
        else:
            request.form.append((name, content.decode().rstrip("\r\n")))


def read_hashes(form: list[tuple[str, str]], name: str) -> list[dict[str, str]]:
    """Read ``name[][key]=value`` like Rack: a key that is there already begins the next hash."""
    hashes: list[dict[str, str]] = []
    for key, value in form:
        match = re.fullmatch(rf"{name}\[\]\[(\w+)\]", key)
        if match is None:
            continue
        if not hashes or match[1] in hashes[-1]:
            hashes.append({})
        hashes[-1][match[1]] = value
    return hashes
