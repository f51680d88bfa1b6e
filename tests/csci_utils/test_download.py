"""Downloads from a server that cuts, stalls, lies and redirects."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from csci_utils.download import RETRY_PAUSES, download
from csci_utils.errors import BusyError, DownloadError
from csci_utils.partial import PartialFile
from tests.support.servers import Serve

CONTENT = bytes(range(256)) * 2000
HALF = len(CONTENT) // 2
MAX_BYTES = 2 * len(CONTENT)
TIMEOUT = 0.3
TRIES = len(RETRY_PAUSES) + 1


class Handler(BaseHTTPRequestHandler):
    """Serves one file with ranges, unless the script has something else for this request."""

    protocol_version = "HTTP/1.1"
    files: FileServer

    def do_GET(self) -> None:
        self.close_connection = True
        self.files.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        script = self.files.script
        behave = script.pop(0) if script else serve()
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            behave(self)  # until the client has had enough

    def start(self, status: int, size: int | None, headers: dict[str, str]) -> None:
        self.send_response(status)
        sent = {"ETag": self.files.etag, "Last-Modified": self.files.last_modified} | headers
        for name, value in sent.items():
            if value:
                self.send_header(name, value)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the log would go to the standard error stream."""


Behavior = Callable[[Handler], None]


@dataclass
class FileServer:
    """A server of one file."""

    url: str = ""
    content: bytes = CONTENT
    etag: str = '"version 1"'
    last_modified: str = ""
    script: list[Behavior] = field(default_factory=list)
    """What it does on the next requests; when it is used up, it serves the file."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of each request so far."""
    is_over: threading.Event = field(default_factory=threading.Event)

    def ranges(self) -> list[str | None]:
        """What each request so far asked for; None for the whole file."""
        return [headers.get("range") for _, headers in self.requests]


def serve(
    size: int | None = None, stalls: bool = False, ignores_if_range: bool = False
) -> Behavior:
    """Serve what is asked for; of its body, only so many bytes, then hang up or be silent."""

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
    """Answer this; ``content_type="..."`` is the header ``content-type``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def behave(handler: Handler) -> None:
        handler.start(status, len(body), named)
        handler.wfile.write(body)

    return behave


def chunked(body: bytes, is_whole: bool = True) -> Behavior:
    """Send without saying how much it will be."""

    def behave(handler: Handler) -> None:
        handler.start(200, None, {"Transfer-Encoding": "chunked"})
        end = b"0\r\n\r\n" if is_whole else b""
        handler.wfile.write(b"%x\r\n%s\r\n%s" % (len(body), body, end))

    return behave


def drip(handler: Handler) -> None:
    """Send a byte now and then, as long as somebody listens."""
    handler.start(200, len(CONTENT), {})
    for byte in CONTENT:
        handler.wfile.write(bytes([byte]))
        if handler.files.is_over.wait(TIMEOUT / 10):
            return


def hang_up(handler: Handler) -> None:
    """Take the request and give no reply."""


def start_server(serving: Serve, context: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    files = FileServer()
    with serving(type("OwnHandler", (Handler,), {"files": files}), context) as address:
        files.url = f"{address}/file.zip"
        yield files
        files.is_over.set()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each pause between tries that was asked for, and not made, so far."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.fixture
def files(pauses: list[float], serving: Serve) -> Iterator[FileServer]:
    yield from start_server(serving)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_files(
    pauses: list[float], serving: Serve, authority: trustme.CA
) -> Iterator[FileServer]:
    """The same over HTTPS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    yield from start_server(serving, context)


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates of the authority are trusted."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "file.zip"


def fetch(files: FileServer, path: Path) -> None:
    download(files.url, str(path), MAX_BYTES, TIMEOUT)


def test_a_file_is_downloaded_and_nothing_else_stays(files: FileServer, path: Path) -> None:
    fetch(files, path)
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == [path.name]


def test_an_earlier_file_is_replaced(files: FileServer, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"earlier")
    fetch(files, path)
    assert path.read_bytes() == CONTENT


def test_an_earlier_file_stays_until_the_new_one_is_whole(files: FileServer, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"earlier")
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        fetch(files, path)
    assert path.read_bytes() == b"earlier"


@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(serve(HALF), id="cut"),
        pytest.param(serve(HALF, stalls=True), id="silent"),
        pytest.param(serve(0, stalls=True), id="silent from the beginning"),
        pytest.param(drip, id="dripping"),
        pytest.param(hang_up, id="no reply"),
        pytest.param(chunked(CONTENT[:HALF], is_whole=False), id="cut, of unknown length"),
        pytest.param(answer(429), id="too many requests"),
        pytest.param(answer(503), id="unavailable"),
    ],
)
def test_what_fails_once_is_tried_again(files: FileServer, path: Path, behavior: Behavior) -> None:
    files.script.append(behavior)
    fetch(files, path)
    assert path.read_bytes() == CONTENT


def test_a_rest_is_asked_for_and_not_the_whole(files: FileServer, path: Path) -> None:
    files.script += [serve(1000), serve(500)]
    fetch(files, path)
    assert files.ranges() == [None, "bytes=1000-", "bytes=1500-"]


def test_all_tries_but_one_may_fail(files: FileServer, path: Path, pauses: list[float]) -> None:
    files.script += [serve(10)] * (TRIES - 1)
    fetch(files, path)
    assert path.read_bytes() == CONTENT
    assert pauses == list(RETRY_PAUSES)


def test_tries_are_bounded(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(
        DownloadError, match=r"on each of 5 tries; run again to continue after 50 bytes"
    ):
        fetch(files, path)
    assert len(files.requests) == TRIES


def test_the_next_call_goes_on(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        fetch(files, path)
    del files.requests[:]
    fetch(files, path)
    assert (files.ranges(), path.read_bytes()) == ([f"bytes={10 * TRIES}-"], CONTENT)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_after_a_kill_no_byte_is_fetched_twice(files: FileServer, path: Path) -> None:
    files.script.append(serve(HALF, stalls=True))
    program = (
        "import sys; from csci_utils.download import download\n"
        "download(sys.argv[1], sys.argv[2], 10**7, progress=lambda *sizes: print(*sizes))"
    )
    command = [sys.executable, "-u", "-c", program, files.url, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(f"{HALF} "):
                break
        process.kill()
    fetch(files, path)
    assert (files.ranges(), path.read_bytes()) == ([None, f"bytes={HALF}-"], CONTENT)


def test_a_download_that_was_whole_already_asks_nothing(files: FileServer, path: Path) -> None:
    with PartialFile(str(path), files.url) as partial:
        partial.restart("version", len(CONTENT))
        partial.append(CONTENT)
    fetch(files, path)
    assert (files.requests, path.read_bytes()) == ([], CONTENT)


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_a_file_that_changed_meanwhile_is_fetched_anew(
    files: FileServer, path: Path, ignores_if_range: bool
) -> None:
    def change(handler: Handler) -> None:
        handler.files.content, handler.files.etag = CONTENT[::-1], '"version 2"'
        serve(ignores_if_range=ignores_if_range)(handler)

    files.script += [serve(HALF), change]
    fetch(files, path)
    assert path.read_bytes() == CONTENT[::-1]


def test_the_time_of_the_last_change_tells_versions_apart(files: FileServer, path: Path) -> None:
    files.etag, files.last_modified = 'W/"weak"', "Mon, 05 Feb 2018 10:00:00 GMT"
    files.script.append(serve(HALF))
    fetch(files, path)
    assert files.requests[-1][1]["if-range"] == files.last_modified


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_way_to_tell_versions_apart_the_whole_is_asked_for(
    files: FileServer, path: Path, etag: str
) -> None:
    files.etag = etag
    files.script.append(serve(HALF))
    fetch(files, path)
    assert (files.ranges(), path.read_bytes()) == ([None, None], CONTENT)


def say_range(text: str, body: bytes = CONTENT[1 : HALF + 1]) -> Behavior:
    return answer(206, body, content_range=text)


@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(answer(200, CONTENT), id="ranges ignored"),
        pytest.param(answer(416), id="no such range"),
        pytest.param(say_range(f"bytes 1-{HALF}/{len(CONTENT)}"), id="another start"),
        pytest.param(
            say_range(f"bytes {HALF}-{HALF + 9}/{HALF + 10}", b"x" * 10), id="another total"
        ),
        pytest.param(say_range("bytes */*"), id="no range named"),
        pytest.param(say_range(""), id="no header"),
        pytest.param(
            say_range(f"bytes {HALF}-{len(CONTENT) - 1}/{len(CONTENT)}", CONTENT),
            id="more than announced",
        ),
    ],
)
def test_a_rest_that_is_none_makes_the_download_start_over(
    files: FileServer, path: Path, behavior: Behavior
) -> None:
    files.script += [serve(HALF), behavior]
    fetch(files, path)
    assert path.read_bytes() == CONTENT


def test_a_part_of_the_rest_is_taken_and_gone_on_with(files: FileServer, path: Path) -> None:
    part = say_range(f"bytes {HALF}-{HALF + 9}/{len(CONTENT)}", CONTENT[HALF : HALF + 10])
    files.script += [serve(HALF), part]
    fetch(files, path)
    assert (files.ranges()[-1], path.read_bytes()) == (f"bytes={HALF + 10}-", CONTENT)


def test_a_rest_that_nobody_asked_for_is_not_taken(files: FileServer, path: Path) -> None:
    files.etag = ""
    files.script.append(say_range(f"bytes 0-9/{len(CONTENT)}", CONTENT[:10]))
    fetch(files, path)
    assert path.read_bytes() == CONTENT


def test_a_file_of_unknown_length_is_downloaded(files: FileServer, path: Path) -> None:
    files.script.append(chunked(CONTENT))
    fetch(files, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(answer(200, bytes(MAX_BYTES + 1)), id="announced"),
        pytest.param(chunked(bytes(MAX_BYTES + 1)), id="not announced"),
    ],
)
def test_a_file_that_is_too_large_is_refused_and_not_kept(
    files: FileServer, path: Path, behavior: Behavior
) -> None:
    files.script.append(behavior)
    with pytest.raises(DownloadError, match="at most"):
        fetch(files, path)
    assert os.listdir(path.parent) == []


def test_a_file_that_is_announced_as_too_large_is_not_waited_for(
    files: FileServer, path: Path
) -> None:
    def announce(handler: Handler) -> None:
        handler.start(200, MAX_BYTES + 1, {})
        handler.files.is_over.wait(30)

    files.script += [announce] * TRIES
    with pytest.raises(DownloadError, match="at most"):
        fetch(files, path)
    assert len(files.requests) == 1


@pytest.mark.parametrize(
    ("behavior", "told"),
    [
        (answer(404), "HTTP status 404"),
        (answer(403), "HTTP status 403"),
        (answer(204), "HTTP status 204"),
        (answer(302), "HTTP status 302"),
        (answer(200, b"<html>", content_type="text/html; charset=utf-8"), "web page"),
        (answer(200, b"\x1f\x8b", content_encoding="gzip"), "compressed"),
    ],
)
def test_an_answer_that_is_not_the_file_is_refused_at_once(
    files: FileServer, path: Path, behavior: Behavior, told: str
) -> None:
    files.script.append(behavior)
    with pytest.raises(DownloadError, match=told):
        fetch(files, path)
    assert len(files.requests) == 1


def test_a_web_page_costs_nothing_of_what_is_here(files: FileServer, path: Path) -> None:
    files.script += [serve(HALF), answer(200, b"<html>", content_type="text/html")]
    with pytest.raises(DownloadError, match="web page"):
        fetch(files, path)
    fetch(files, path)
    assert files.ranges()[-1] == f"bytes={HALF}-"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(files: FileServer, path: Path, status: int) -> None:
    files.script.append(answer(status, b"moved", location="elsewhere?x=1"))
    fetch(files, path)
    assert [at for at, _ in files.requests] == ["/file.zip", "/elsewhere?x=1"]


def test_a_redirect_s_own_body_is_not_waited_for(files: FileServer, path: Path) -> None:
    def redirect_and_go_on(handler: Handler) -> None:
        handler.start(302, MAX_BYTES, {"Location": "/elsewhere"})
        handler.wfile.write(b"a body without an end")
        handler.files.is_over.wait(30)

    files.script.append(redirect_and_go_on)
    fetch(files, path)
    assert [at for at, _ in files.requests] == ["/file.zip", "/elsewhere"]


def test_redirects_are_bounded(files: FileServer, path: Path) -> None:
    files.script += [answer(302, location="/file.zip")] * 50
    with pytest.raises(DownloadError, match="redirected more than 10 times"):
        fetch(files, path)
    assert len(files.requests) == 11


def test_what_goes_wrong_after_a_redirect_is_told_with_both_servers(
    files: FileServer, path: Path
) -> None:
    files.script += [answer(302, location=files.url.replace("127.0.0.1", "localhost")), answer(404)]
    with pytest.raises(
        DownloadError, match=rf"^{files.url} \(redirected to localhost\): .* 404; check"
    ):
        fetch(files, path)


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/hosts",
        "data:,x",
        "https:///x",
        "http://[",
        "http://127.0.0.1:99999/",
        "//\xff[/",
    ],
)
def test_a_redirect_to_what_is_no_http_address_is_refused(
    files: FileServer, path: Path, location: str
) -> None:
    files.script.append(answer(302, location=location))
    with pytest.raises(DownloadError, match="expected a URL"):
        fetch(files, path)


def test_https_is_downloaded_from_a_server_that_is_trusted(
    secure_files: FileServer, path: Path, trusted: None
) -> None:
    secure_files.script.append(serve(HALF))
    fetch(secure_files, path)
    assert path.read_bytes() == CONTENT


def test_https_from_a_server_that_is_not_trusted_is_refused_at_once(
    secure_files: FileServer, path: Path, pauses: list[float]
) -> None:
    with pytest.raises(DownloadError, match="certificate is not trusted"):
        fetch(secure_files, path)
    assert (secure_files.requests, pauses) == ([], [])


def test_a_redirect_from_https_to_http_is_not_followed(
    files: FileServer, secure_files: FileServer, path: Path, trusted: None
) -> None:
    secure_files.script.append(answer(302, location=files.url))
    with pytest.raises(DownloadError, match="not encrypted"):
        fetch(secure_files, path)
    assert files.requests == []


def test_a_redirect_from_http_to_https_is_followed(
    files: FileServer, secure_files: FileServer, path: Path, trusted: None
) -> None:
    files.script.append(answer(302, location=secure_files.url))
    fetch(files, path)
    assert path.read_bytes() == CONTENT


def test_a_proxy_of_the_environment_is_used(
    files: FileServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", files.url)
    download("http://models.invalid/file.zip", str(path), MAX_BYTES, TIMEOUT)
    assert [at for at, _ in files.requests] == ["http://models.invalid/file.zip"]


@pytest.mark.parametrize("url", ["ftp://host/x", "/etc/hosts", "http://", "http://[", "http:x"])
def test_what_is_no_http_address_is_refused(path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="expected a URL"):
        download(url, str(path), MAX_BYTES)


@pytest.mark.parametrize("behavior", [answer(404), answer(503), serve(10), hang_up])
def test_no_secret_of_the_address_is_told(
    files: FileServer, path: Path, behavior: Behavior
) -> None:
    files.script += [behavior] * TRIES
    told: list[str] = []
    url = files.url.replace("//", "//user:SECRET@") + "?key=SECRET"
    with pytest.raises(DownloadError) as caught:
        download(url, str(path), MAX_BYTES, TIMEOUT, notify=told.append)
    kept = "".join(each.read_text("latin-1") for each in path.parent.iterdir())
    assert "SECRET" not in f"{caught.value} {told} {kept}"
    assert files.url in str(caught.value)


def test_what_another_address_sent_is_not_gone_on_with(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        download(files.url + "?other", str(path), MAX_BYTES, TIMEOUT)
    del files.requests[:]
    fetch(files, path)
    assert files.ranges() == [None]


def test_a_second_download_to_the_same_path_is_refused(files: FileServer, path: Path) -> None:
    with PartialFile(str(path), files.url), pytest.raises(BusyError, match="another process"):
        fetch(files, path)


def test_damaged_notes_make_the_download_start_over(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        fetch(files, path)
    (notes,) = path.parent.glob("*.json")
    notes.write_text('{"source": ')
    fetch(files, path)
    assert (files.ranges()[-1], path.read_bytes()) == (None, CONTENT)


def test_a_link_in_the_place_of_the_part_is_not_followed(
    files: FileServer, path: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    path.parent.mkdir()
    (path.parent / ".file.zip.part").symlink_to(victim)
    with pytest.raises(OSError):
        fetch(files, path)
    assert victim.read_bytes() == b"untouched"


@pytest.fixture
def little_room() -> Iterator[Callable[[int], None]]:
    """Lets no file grow beyond so many bytes, as a full disk would."""
    resource = pytest.importorskip("resource", reason="this system has no such limits")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_with_the_file_s_name(
    files: FileServer, path: Path, little_room: Callable[[int], None]
) -> None:
    little_room(HALF)
    with pytest.raises(OSError, match=re.escape(str(path))):
        fetch(files, path)


def test_after_a_full_disk_the_download_goes_on(
    files: FileServer, path: Path, little_room: Callable[[int], None]
) -> None:
    little_room(HALF)
    with pytest.raises(OSError):
        fetch(files, path)
    little_room(MAX_BYTES)
    fetch(files, path)
    assert (files.ranges(), path.read_bytes()) == ([None, f"bytes={HALF}-"], CONTENT)


def test_progress_is_told_from_what_is_here_to_the_whole(files: FileServer, path: Path) -> None:
    files.script += [serve(HALF)]
    told: list[tuple[int, int | None]] = []
    download(
        files.url, str(path), MAX_BYTES, TIMEOUT, lambda size, total: told.append((size, total))
    )
    sizes = [size for size, _ in told]
    assert (sizes, sizes[0], sizes[-1]) == (sorted(sizes), 0, len(CONTENT))
    assert {total for _, total in told} == {len(CONTENT)}


def test_each_further_try_is_told_with_its_reason(files: FileServer, path: Path) -> None:
    files.script += [answer(503)]
    told: list[str] = []
    download(files.url, str(path), MAX_BYTES, TIMEOUT, notify=told.append)
    assert told == [f"{files.url}: got HTTP status 503; trying again in 1 s"]
