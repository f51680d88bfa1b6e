"""The commands ``models fetch`` and ``models list``."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import trustme

from neural_style import MissingDependencyError, StyleDescription
from pset_4.errors import RunnerError
from pset_4.models import listing as model_listing
from pset_4.models.official import OFFICIAL_MODELS, OFFICIAL_URL, fetch_models
from pset_4.settings import Settings

Serving = Callable[..., AbstractContextManager[str]]

ROOT = Path(__file__).parents[2]
WIDTH = 8
"""Of the networks that the fixtures make."""


@dataclass
class ArchiveServer:
    """Serves an archive, with ranges."""

    url: str = ""
    content: bytes = b""
    content_type: str = "application/zip"
    redirects_to: str | None = None
    stalls_once_after: int | None = None
    """After so many bytes the first reply stops, as long as somebody waits for more."""
    is_over: threading.Event = field(default_factory=threading.Event)
    has_stalled: threading.Event = field(default_factory=threading.Event)
    paths: list[str] = field(default_factory=list)
    """Of each request so far."""
    ranges: list[str | None] = field(default_factory=list)
    """What each request so far asked for; None for the whole file."""


class Handler(BaseHTTPRequestHandler):
    server_state: ArchiveServer

    def do_GET(self) -> None:
        state = self.server_state
        state.paths.append(self.path)
        state.ranges.append(self.headers.get("Range"))
        if state.redirects_to:
            self.send_response(302)
            self.send_header("Location", state.redirects_to)
            self.end_headers()
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start, total = int(asked[1]) if asked else 0, len(state.content)
        self.send_response(206 if asked else 200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Type", state.content_type)
        self.send_header("Content-Length", str(total - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            if state.stalls_once_after is None:
                self.wfile.write(state.content[start:])
            else:
                self.wfile.write(state.content[: state.stalls_once_after])
                state.stalls_once_after = None
                state.has_stalled.set()
                state.is_over.wait(60)

    do_CONNECT = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the log would go to the standard error stream."""


def start_server(
    content: bytes, serving: Serving, context: ssl.SSLContext | None = None
) -> Iterator[ArchiveServer]:
    state = ArchiveServer(content=content)
    with serving(type("OwnHandler", (Handler,), {"server_state": state}), context) as address:
        state.url = f"{address}/saved_models.zip"
        yield state
        state.is_over.set()


@pytest.fixture(scope="session")
def official(make_model: Callable[[int], bytes]) -> dict[str, bytes]:
    """Thin networks under the official names."""
    return {name: make_model(seed) for seed, name in enumerate(OFFICIAL_MODELS)}


def pack(models: dict[str, bytes], **options: Any) -> bytes:
    """An archive as the official one is; options are those of `zipfile.ZipFile`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("saved_models/", b"")
        for name, content in models.items():
            archive.writestr(f"saved_models/{name}", content)
    return file.getvalue()


def add(archive: bytes, name: str | zipfile.ZipInfo, content: bytes) -> bytes:
    """The archive with one entry more."""
    file = io.BytesIO(archive)
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def server(official: dict[str, bytes], serving: Serving) -> Iterator[ArchiveServer]:
    yield from start_server(pack(official), serving)


def fetch(project: Any, server: ArchiveServer) -> Any:
    return project.run("models", "fetch", "--url", server.url)


def fetch_well(project: Any, server: ArchiveServer) -> Any:
    result = fetch(project, server)
    assert result.exit_code == 0, result.output
    return result


def drop_ins_of(project: Any) -> dict[str, bytes]:
    folder = project.data / "uploads"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_fetch_drops_in_all_four(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    fetch_well(directory_project, server)
    assert drop_ins_of(directory_project) == official


def test_fetch_leaves_nothing_else_behind(directory_project: Any, server: ArchiveServer) -> None:
    fetch_well(directory_project, server)
    assert os.listdir(directory_project.data) == ["uploads"]


def test_fetch_says_what_it_fetched(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    result = fetch_well(directory_project, server)
    size = f"{len(server.content) / 1e6:.1f} MB"
    assert result.stderr.splitlines() == [f"downloading {server.url} ({size})"]
    heading, *rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()]
    assert heading == ["STYLES", "dropped in", "size", "width", "SHA-256"]
    for (name, content), row in zip(official.items(), rows, strict=True):
        digest = hashlib.sha256(content).hexdigest()[:12]
        assert row == [name, "now", f"{len(content) / 1e3:.1f} kB", str(WIDTH), f"{digest}…"]


def test_what_was_fetched_is_published_like_anything_else(
    project: Any, store: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    fetch_well(project, server)
    assert project.run_well("upload")["published"] == 4
    assert {name: store.read(f"saved_models/{name}") for name in OFFICIAL_MODELS} == official


def test_nothing_is_downloaded_where_all_four_are_dropped_in(
    directory_project: Any, server: ArchiveServer
) -> None:
    fetch_well(directory_project, server)
    del server.paths[:]
    assert fetch_well(directory_project, server).stdout.count("  already  ") == 4
    assert server.paths == []


def test_only_what_is_missing_is_dropped_in(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    path = directory_project.drop("mosaic.pth", official["mosaic.pth"])
    before = path.stat()
    result = fetch_well(directory_project, server)
    assert (result.stdout.count("  now  "), result.stdout.count("  already  ")) == (3, 1)
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.fixture
def another(make_model: Callable[[int], bytes]) -> bytes:
    """A network that is none of the official ones."""
    return make_model(99)


@pytest.fixture
def disputed(directory_project: Any, another: bytes) -> Any:
    """Something else is dropped in under an official name."""
    directory_project.drop("mosaic.pth", another)
    return directory_project


def test_a_conflict_is_told_with_both_digests(
    disputed: Any, server: ArchiveServer, another: bytes, official: dict[str, bytes]
) -> None:
    result = fetch(disputed, server)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("failed:")]
    assert result.exit_code == 1
    for part in (
        "conflict",
        str(disputed.data / "uploads" / "mosaic.pth"),
        hashlib.sha256(another).hexdigest(),
        hashlib.sha256(official["mosaic.pth"]).hexdigest(),
    ):
        assert part in line


def test_in_a_conflict_the_drop_in_stays_and_the_others_are_dropped_in(
    disputed: Any, server: ArchiveServer, another: bytes, official: dict[str, bytes]
) -> None:
    fetch(disputed, server)
    assert drop_ins_of(disputed) == official | {"mosaic.pth": another}


def test_a_conflict_stays_one_and_downloads_nothing_again(
    disputed: Any, server: ArchiveServer
) -> None:
    fetch(disputed, server)
    assert (fetch(disputed, server).exit_code, len(server.paths)) == (1, 1)


def test_a_conflict_ends_when_the_drop_in_is_renamed(
    disputed: Any, server: ArchiveServer, official: dict[str, bytes], another: bytes
) -> None:
    fetch(disputed, server)
    uploads = disputed.data / "uploads"
    (uploads / "mosaic.pth").rename(uploads / "mine.pth")
    fetch_well(disputed, server)
    assert drop_ins_of(disputed) == official | {"mine.pth": another}
    assert (len(server.paths), sorted(os.listdir(disputed.data))) == (1, ["uploads"])


def test_a_drop_in_that_does_not_load_is_told(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    for name, content in (official | {"udnie.pth": b"no model"}).items():
        directory_project.drop(name, content)
    result = fetch(directory_project, server)
    assert (result.exit_code, server.paths) == (1, [])
    assert "udnie.pth: expected a style model" in result.stderr


@pytest.mark.parametrize("others", ["missing", "there"])
def test_a_link_under_an_official_name_is_not_taken_for_the_model(
    directory_project: Any,
    server: ArchiveServer,
    official: dict[str, bytes],
    tmp_path: Path,
    others: str,
) -> None:
    target = tmp_path / "elsewhere.pth"
    target.write_bytes(official["candy.pth"])
    if others == "there":
        for name, content in official.items():
            directory_project.drop(name, content)
    link = directory_project.drop("candy.pth", b"")
    link.unlink()
    link.symlink_to(target)
    result = fetch(directory_project, server)
    assert (result.exit_code, "a link or a folder" in result.stderr) == (1, True)
    assert (target.read_bytes(), link.is_symlink()) == (official["candy.pth"], True)


def make_link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = 0o120777 << 16
    return entry


def repeat_contents(archive: bytes) -> bytes:
    """The archive with a table of contents of 30,000 entries, all the same."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        start = opened.start_dir
    end = archive.rindex(b"PK\x05\x06")
    contents = archive[start:end]
    first = contents[: contents.index(b"PK\x01\x02", 4)] * 30_000
    sizes = len(first).to_bytes(4, "little") + start.to_bytes(4, "little")
    return archive[:start] + first + archive[end : end + 12] + sizes + b"\0\0"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(lambda z: add(z, "../evil.pth", b"x"), "'../evil.pth'", id="up"),
        pytest.param(lambda z: add(z, "a/../../evil", b"x"), "'a/../../evil'", id="up inside"),
        pytest.param(lambda z: add(z, "..\\evil.pth", b"x"), "evil.pth'", id="up on Windows"),
        pytest.param(lambda z: add(z, "/tmp/evil.pth", b"x"), "'/tmp/evil.pth'", id="absolute"),
        pytest.param(lambda z: add(z, "C:evil.pth", b"x"), "'C:evil.pth'", id="drive"),
        pytest.param(
            lambda z: add(z, "saved_models/x_evil", b"x").replace(b"x_evil", b"x\0evil"),
            "inside the archive's folder",
            id="NUL",
        ),
        pytest.param(lambda z: add(z, make_link("evil"), b"/etc"), "the link 'evil'", id="link"),
        pytest.param(
            lambda z: z.replace(b"mosaic.pth", b"mosaic.txt"),
            "to hold saved_models/mosaic.pth, got 'saved_models/mosaic.txt'",
            id="missing",
        ),
        pytest.param(lambda z: z[: len(z) // 2], "to hold saved_models/candy.pth", id="half"),
        pytest.param(lambda z: b"no archive", "begins b'no archive'", id="text"),
        pytest.param(lambda z: b"", "begins b''", id="empty"),
        pytest.param(repeat_contents, "table of contents", id="endless contents"),
    ],
)
def test_nothing_of_a_hostile_archive_is_used(
    directory_project: Any, server: ArchiveServer, spoil: Callable[[bytes], bytes], told: str
) -> None:
    server.content = spoil(server.content)
    before = sorted(directory_project.folder.parent.rglob("*"))
    result = fetch(directory_project, server)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert (result.exit_code, told in line) == (1, True), line
    after = sorted(directory_project.folder.parent.rglob("*"))
    assert [path for path in after if path not in before] == [directory_project.data]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_one_model_twice_is_refused(
    directory_project: Any, server: ArchiveServer, model: bytes
) -> None:
    server.content = add(server.content, "saved_models/candy.pth", model)
    result = fetch(directory_project, server)
    assert (result.exit_code, "expected one saved_models/candy.pth" in result.stderr) == (1, True)
    assert drop_ins_of(directory_project) == {}


def set_in_entry(archive: bytes, offset: int, value: bytes, name: bytes = b"candy.pth") -> bytes:
    """The archive with bytes set in an entry's line of the table of contents (APPNOTE 4.3.12)."""
    line = archive.rindex(b"PK\x01\x02", 0, archive.rindex(name)) + offset
    return archive[:line] + value + archive[line + len(value) :]


def flip_byte(archive: bytes, official: dict[str, bytes]) -> bytes:
    """The archive with one byte changed in the middle of candy.pth, which is stored as it is."""
    at = archive.index(official["candy.pth"]) + len(official["candy.pth"]) // 2
    return archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :]


class RunsCode:
    """Unpickled without care, it makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("executed"),))


def rename_in_contents(models: dict[str, bytes]) -> bytes:
    """An archive in which candy.pth has its name in the table of contents only."""
    archive = pack({name.replace("candy", "xandy"): model for name, model in models.items()})
    return set_in_entry(archive, 46 + len("saved_models/"), b"c", name=b"xandy.pth")


def spoil_candy(content: bytes) -> Callable[[dict[str, bytes]], bytes]:
    return lambda models: pack(models | {"candy.pth": content}, compression=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(lambda m: set_in_entry(pack(m), 8, b"\1\0"), "in the clear", id="encrypted"),
        pytest.param(lambda m: set_in_entry(pack(m), 24, b"\0\0\0\x7f"), "at most", id="huge"),
        pytest.param(lambda m: set_in_entry(pack(m), 24, b"\x10\0\0\0"), "damaged", id="lying"),
        pytest.param(lambda m: flip_byte(pack(m), m), "damaged", id="flipped byte"),
        pytest.param(rename_in_contents, "damaged", id="of another name"),
        pytest.param(spoil_candy(bytes(40_000_000)), "at most", id="bomb"),
        pytest.param(spoil_candy(pickle.dumps(RunsCode())), "does not load", id="code"),
        pytest.param(spoil_candy(b"<html>moved</html>"), "got text that begins", id="page"),
    ],
)
def test_a_spoiled_model_costs_only_itself(
    directory_project: Any,
    server: ArchiveServer,
    official: dict[str, bytes],
    spoil: Callable[[dict[str, bytes]], bytes],
    told: str,
) -> None:
    server.content = spoil(official)
    result = fetch(directory_project, server)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("failed:")]
    assert (result.exit_code, told in line, "candy.pth" in line) == (1, True, True), line
    others = {name: content for name, content in official.items() if name != "candy.pth"}
    assert drop_ins_of(directory_project) == others


def test_code_in_a_model_is_not_run(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    server.content = spoil_candy(pickle.dumps(RunsCode()))(official)
    fetch(directory_project, server)
    assert list(tmp_path.rglob("executed")) == []


def test_a_compression_that_cannot_be_unpacked_in_pieces_is_refused(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    server.content = pack(official, compression=zipfile.ZIP_BZIP2)
    result = fetch(directory_project, server)
    assert (result.exit_code, result.stderr.count("compression method 12")) == (1, 4)
    assert drop_ins_of(directory_project) == {}


def test_after_a_damaged_archive_another_one_is_downloaded(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    good, server.content = server.content, flip_byte(server.content, official)
    assert fetch(directory_project, server).exit_code == 1
    server.content = good
    fetch_well(directory_project, server)
    assert drop_ins_of(directory_project) == official


def test_what_else_the_archive_holds_is_named_and_left_alone(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes], model: bytes
) -> None:
    for name in ("saved_models/starry.pth", "__MACOSX/saved_models/._candy.pth", "candy.pth"):
        server.content = add(server.content, name, model)
    result = fetch_well(directory_project, server)
    assert "not unpacked: saved_models/starry.pth, candy.pth" in result.stderr.splitlines()
    assert drop_ins_of(directory_project) == official


def test_a_web_page_in_place_of_the_archive_is_told(
    directory_project: Any, server: ArchiveServer
) -> None:
    server.content_type = "text/html"
    result = fetch(directory_project, server)
    assert (result.exit_code, "got a web page" in result.stderr) == (1, True)
    assert os.listdir(directory_project.data) == []


@pytest.mark.skipif(os.name == "nt", reason="this system has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_fetch_that_was_stopped_goes_on_where_it_was(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes], number: int
) -> None:
    size = server.stalls_once_after = len(server.content) // 2
    command = [sys.executable, "-m", "pset_4", "--data", str(directory_project.data)]
    command += ["models", "fetch", "--url", server.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: size in sizes_of(directory_project.data / "downloads"), process)
        process.send_signal(number)
        told = process.communicate()[1]
    assert "Traceback" not in told
    fetch_well(directory_project, server)
    assert server.ranges == [None, f"bytes={size}-"]
    assert drop_ins_of(directory_project) == official


def sizes_of(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.glob(".*.part")]


def wait_for(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        if is_so():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it did not come that far")


def test_a_silent_server_is_given_up_and_asked_again(
    directory_project: Any, server: ArchiveServer
) -> None:
    size = server.stalls_once_after = len(server.content) // 2
    result = directory_project.run("models", "fetch", "--url", server.url, "--timeout", "1")
    assert (result.exit_code, "timed out; trying again in" in result.stderr) == (0, True)
    assert server.ranges == [None, f"bytes={size}-"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_server(
    authority: trustme.CA,
    official: dict[str, bytes],
    serving: Serving,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ArchiveServer]:
    """The same over HTTPS, with a certificate that is trusted."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    yield from start_server(pack(official), serving, context)


def test_fetch_over_https(
    directory_project: Any, secure_server: ArchiveServer, official: dict[str, bytes]
) -> None:
    fetch_well(directory_project, secure_server)
    assert drop_ins_of(directory_project) == official


def test_a_certificate_that_is_not_trusted_is_refused(
    directory_project: Any, secure_server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    result = fetch(directory_project, secure_server)
    assert (result.exit_code, "not trusted" in result.stderr) == (1, True)


def test_nothing_is_fetched_from_http_that_https_redirects_to(
    directory_project: Any, secure_server: ArchiveServer, server: ArchiveServer
) -> None:
    secure_server.redirects_to = server.url
    result = fetch(directory_project, secure_server)
    assert (result.exit_code, "not encrypted" in result.stderr, server.paths) == (1, True, [])


def test_without_a_url_the_official_address_is_asked(
    directory_project: Any, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    server.redirects_to = "/"  # what a proxy that lets nobody through may say
    result = directory_project.run("models", "fetch")
    assert (result.exit_code, server.paths[0]) == (1, "www.dropbox.com:443")
    assert f"error: {OFFICIAL_URL.partition('?')[0]}: " in result.stderr


@pytest.mark.parametrize("option", ["--url=ftp://host/x", "--url=saved_models.zip", "--timeout=0"])
def test_an_impossible_option_is_a_usage_error(directory_project: Any, option: str) -> None:
    assert directory_project.run("models", "fetch", option).exit_code == 2


def test_the_course_s_program_fetches_the_same(
    server: ArchiveServer, official: dict[str, bytes], tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "download_saved_models.py"), "--url", server.url]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    uploads = tmp_path / "data" / "uploads"
    assert {path.name: path.read_bytes() for path in uploads.iterdir()} == official


def test_where_models_cannot_be_checked_the_archive_is_kept(
    directory_project: Any, server: ArchiveServer, official: dict[str, bytes]
) -> None:
    def miss_pytorch(path: str) -> StyleDescription:
        raise MissingDependencyError("no PyTorch")

    settings = Settings(str(directory_project.data), directory_project.remote_url, False)
    with pytest.raises(MissingDependencyError):
        fetch_models(settings, server.url, inspect=miss_pytorch)
    assert drop_ins_of(directory_project) == {}
    fetch_models(settings, server.url)
    assert (drop_ins_of(directory_project), len(server.paths)) == (official, 1)


def test_another_way_to_load_models_can_be_given(
    directory_project: Any, server: ArchiveServer
) -> None:
    settings = Settings(str(directory_project.data), directory_project.remote_url, False)
    fetched = fetch_models(settings, server.url, inspect=lambda path: StyleDescription(5, None))
    assert [model.description.base_width for model in fetched.models] == [5] * 4


def test_the_official_models_are_fetched(
    directory_project: Any, server: ArchiveServer, weights_dir: Path
) -> None:
    official = {name: (weights_dir / name).read_bytes() for name in OFFICIAL_MODELS}
    server.content = pack(official)
    result = fetch_well(directory_project, server)
    assert (drop_ins_of(directory_project), result.stdout.count("  32  ")) == (official, 4)


def list_models(project: Any) -> list[dict[str, Any]]:
    result = project.run("models", "list", "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["models"]
    return found


def test_list_shows_each_model_in_each_place(
    project: Any, store: Any, make_model: Callable[[int], bytes]
) -> None:
    contents = {"drop-in": make_model(1), "remote": make_model(2), "cache": make_model(3)}
    project.drop("one.pth", contents["drop-in"])
    store.write("saved_models/one.pth", contents["remote"])
    cached = project.data / "saved_models" / "one.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(contents["cache"])
    assert list_models(project) == [
        {
            "name": "one.pth",
            "place": place,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "loads": True,
            "base_width": WIDTH,
            "styles": None,
            "reason": None,
        }
        for place, content in contents.items()
    ]


def test_list_writes_nothing(project: Any, store: Any, model: bytes) -> None:
    store.write("saved_models/one.pth", model)
    assert [found["place"] for found in list_models(project)] == ["remote"]
    assert (store.list(), project.data.exists()) == (["saved_models/one.pth"], False)


def test_list_tells_how_many_styles_a_file_has(
    project: Any, store: Any, many_styles: bytes
) -> None:
    store.write("saved_models/many.onnx", many_styles)
    (found,) = list_models(project)
    assert (found["loads"], found["base_width"], found["styles"]) == (True, None, 26)


@pytest.mark.parametrize("kept_in", ["cache", "drop-in"])
def test_what_is_here_with_the_remote_s_bytes_is_not_sent_again(
    project: Any, model: bytes, monkeypatch: pytest.MonkeyPatch, kept_in: str
) -> None:
    path = project.drop("one.pth", model)
    project.run_well("upload")
    if kept_in == "cache":
        project.run_well("download")
        path.unlink()
    monkeypatch.delattr(model_listing, "copy")
    places = {found["place"]: found["sha256"] for found in list_models(project)}
    assert places == dict.fromkeys([kept_in, "remote"], hashlib.sha256(model).hexdigest())


def test_a_model_that_does_not_load_is_listed_with_the_reason(
    project: Any, store: Any, model: bytes
) -> None:
    store.write("saved_models/bad.pth", b"<html>")
    store.write("saved_models/good.pth", model)
    bad, good = list_models(project)
    assert (bad["loads"], good["loads"]) == (False, True)
    assert bad["reason"].startswith("expected a style model, got text that begins")


def test_an_object_that_is_too_large_for_a_model_is_not_read(
    make_project: Any, s3_store: Any, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_listing, "MAX_STYLE_BYTES", len(model) - 1)
    s3_store.write("saved_models/one.pth", model)
    (found,) = list_models(make_project("machine", s3_store.url))
    assert (found["loads"], found["size"], found["sha256"]) == (False, len(model), None)


def test_a_model_that_cannot_be_read_fails_the_command_and_the_others_are_listed(
    directory_project: Any, model: bytes, bound_by_permissions: None
) -> None:
    directory_project.drop("locked.pth", model).chmod(0)
    directory_project.drop("one.pth", model)
    result = directory_project.run("models", "list", "--json")
    loads = {found["name"]: found["loads"] for found in json.loads(result.stdout)["models"]}
    assert (result.exit_code, loads) == (1, {"locked.pth": None, "one.pth": True})


def test_a_model_that_cannot_be_loaded_here_fails_the_command(
    directory_project: Any, model: bytes
) -> None:
    directory_project.drop("one.pth", model)
    settings = Settings(str(directory_project.data), directory_project.remote_url, False)

    def fail(path: str) -> StyleDescription:
        raise RunnerError("no such Python")

    (found,) = model_listing.list_models(settings, fail).models
    assert (found.loads, found.reason) == (None, "no such Python")
    assert found.sha256 == hashlib.sha256(model).hexdigest()


def test_names_that_cannot_be_used_are_told(project: Any, store: Any, model: bytes) -> None:
    store.write("saved_models/CON.pth", model)
    result = project.run("models", "list")
    assert (result.exit_code, "refused: 'CON.pth'" in result.stdout) == (0, True)


def test_list_shows_a_table(directory_project: Any, store: Any, many_styles: bytes) -> None:
    directory_project.drop("bad.pth", b"<html>")
    directory_project.drop("many.onnx", many_styles)
    digest, bad_digest = (hashlib.sha256(x).hexdigest()[:12] for x in (many_styles, b"<html>"))
    assert directory_project.run("models", "list").stdout.splitlines() == [
        "remote  remote-directory",
        "data    machine/data",
        "",
        "STYLES     place    size      width      SHA-256        loads",
        f"bad.pth    drop-in  6 bytes   -          {bad_digest}…  no",
        f"many.onnx  drop-in  {len(many_styles) / 1e3:.1f} kB  26 styles  {digest}…  yes",
        "",
        "bad.pth (drop-in): expected a style model, got text that begins '<html>'; "
        "download the model again",
    ]


def test_list_of_nothing_is_empty(project: Any) -> None:
    assert list_models(project) == []
