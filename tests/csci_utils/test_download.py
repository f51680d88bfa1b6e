"""Downloads from a server that cuts, stalls and lies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from csci_utils.errors import BusyError, DownloadError
from csci_utils.network.download import RETRY_PAUSES, download
from csci_utils.network.partial import PartialFile
from tests.support.file_server import (
    CONTENT,
    HALF,
    MAX_BYTES,
    TRIES,
    Behavior,
    FileServer,
    Handler,
    answer,
    chunked,
    drip,
    drip_status,
    fetch,
    fetch_hastily,
    hang_up,
    serve,
)
from tests.support.pipeline.programs import wait_until


def test_a_file_is_downloaded_and_nothing_else_remains(files: FileServer, path: Path) -> None:
    fetch(files, path)

    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == [path.name]


def test_an_earlier_file_is_replaced(files: FileServer, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"earlier")

    fetch(files, path)

    assert path.read_bytes() == CONTENT


def test_an_earlier_file_stays_until_the_new_one_is_complete(files: FileServer, path: Path) -> None:
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
def test_a_transient_failure_is_retried(files: FileServer, path: Path, behavior: Behavior) -> None:
    files.script.append(behavior)

    fetch_hastily(files, path)

    assert path.read_bytes() == CONTENT


def test_a_retry_requests_only_the_rest(files: FileServer, path: Path) -> None:
    files.script += [serve(1000), serve(500)]

    fetch(files, path)

    assert files.ranges() == [None, "bytes=1000-", "bytes=1500-"]


def test_all_tries_but_one_may_fail(files: FileServer, path: Path, pauses: list[float]) -> None:
    files.script += [serve(10)] * (TRIES - 1)

    fetch(files, path)

    assert path.read_bytes() == CONTENT
    assert pauses == list(RETRY_PAUSES)


def test_the_number_of_tries_is_bounded(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES

    with pytest.raises(
        DownloadError,
        match=r"on each of 5 tries; check the network, and run again to continue after 50 bytes",
    ):
        fetch(files, path)

    assert len(files.requests) == TRIES


def test_the_next_call_continues(files: FileServer, path: Path) -> None:
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
        "import sys; from csci_utils.network.download import download\n"
        "download(sys.argv[1], sys.argv[2], 10**7, progress=lambda *sizes: print(*sizes))"
    )
    command = [sys.executable, "-u", "-c", program, files.url, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith(f"{HALF} ") for line in process.stdout)
        process.kill()

    fetch(files, path)

    assert (files.ranges(), path.read_bytes()) == ([None, f"bytes={HALF}-"], CONTENT)


def test_a_complete_partial_file_costs_no_request(files: FileServer, path: Path) -> None:
    with PartialFile(str(path), files.url) as partial:
        partial.restart("version", len(CONTENT))
        partial.append(CONTENT)

    fetch(files, path)

    assert (files.requests, path.read_bytes()) == ([], CONTENT)


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_a_file_that_changed_meanwhile_is_downloaded_again(
    files: FileServer, path: Path, ignores_if_range: bool
) -> None:
    def change(handler: Handler) -> None:
        handler.files.content, handler.files.etag = CONTENT[::-1], '"version 2"'
        serve(ignores_if_range=ignores_if_range)(handler)

    files.script += [serve(HALF), change]

    fetch(files, path)

    assert path.read_bytes() == CONTENT[::-1]


def test_last_modified_identifies_a_version(files: FileServer, path: Path) -> None:
    files.etag, files.last_modified = 'W/"weak"', "Mon, 05 Feb 2018 10:00:00 GMT"
    files.script.append(serve(HALF))

    fetch(files, path)

    assert files.requests[-1][1]["if-range"] == files.last_modified


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_validator_the_whole_file_is_requested(
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
def test_an_unusable_rest_restarts_the_download(
    files: FileServer, path: Path, behavior: Behavior
) -> None:
    files.script += [serve(HALF), behavior]

    fetch(files, path)

    assert path.read_bytes() == CONTENT


def test_a_part_of_the_rest_is_used(files: FileServer, path: Path) -> None:
    part = say_range(f"bytes {HALF}-{HALF + 9}/{len(CONTENT)}", CONTENT[HALF : HALF + 10])
    files.script += [serve(HALF), part]

    fetch(files, path)

    assert (files.ranges()[-1], path.read_bytes()) == (f"bytes={HALF + 10}-", CONTENT)


def test_an_unrequested_range_is_not_used(files: FileServer, path: Path) -> None:
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


def test_a_file_announced_as_too_large_is_refused_at_once(files: FileServer, path: Path) -> None:
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


def test_a_web_page_leaves_the_partial_file_alone(files: FileServer, path: Path) -> None:
    files.script += [serve(HALF), answer(200, b"<html>", content_type="text/html")]
    with pytest.raises(DownloadError, match="web page"):
        fetch(files, path)

    fetch(files, path)

    assert files.ranges()[-1] == f"bytes={HALF}-"


@pytest.mark.parametrize("behavior", [answer(404), answer(503), serve(10), hang_up])
def test_no_secret_of_the_url_is_shown(files: FileServer, path: Path, behavior: Behavior) -> None:
    files.script += [behavior] * TRIES
    told: list[str] = []
    url = files.url.replace("//", "//user:SECRET@") + "?key=SECRET"
    with pytest.raises(DownloadError) as caught:
        download(url, str(path), MAX_BYTES, notify=told.append)

    kept = "".join(each.read_text("latin-1") for each in path.parent.iterdir())

    assert "SECRET" not in f"{caught.value} {told} {kept}"
    assert files.url in str(caught.value)


def test_bytes_of_another_url_are_not_continued(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        download(files.url + "?other", str(path), MAX_BYTES)
    del files.requests[:]

    fetch(files, path)

    assert files.ranges() == [None]


def test_a_second_download_to_the_same_path_is_refused(files: FileServer, path: Path) -> None:
    with PartialFile(str(path), files.url), pytest.raises(BusyError, match="another process"):
        fetch(files, path)


def test_a_damaged_version_file_restarts_the_download(files: FileServer, path: Path) -> None:
    files.script += [serve(10)] * TRIES
    with pytest.raises(DownloadError):
        fetch(files, path)
    (notes,) = path.parent.glob("*.json")
    notes.write_text('{"source": ')

    fetch(files, path)

    assert (files.ranges()[-1], path.read_bytes()) == (None, CONTENT)


def test_a_link_at_the_partial_path_is_not_followed(
    files: FileServer, path: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    path.parent.mkdir()
    (path.parent / ".file.zip.part").symlink_to(victim)

    with pytest.raises(OSError):
        fetch(files, path)

    assert victim.read_bytes() == b"untouched"


def test_a_dripping_status_line_is_given_up(files: FileServer, path: Path) -> None:
    files.script = [drip_status] * TRIES

    with pytest.raises(DownloadError, match="on each of 5 tries"):
        fetch_hastily(files, path)

    wait_until(lambda: len(files.requests) >= TRIES)
    assert len(files.requests) == TRIES


@pytest.mark.parametrize("name", [".file.zip.part", ".file.zip.part.json"])
@pytest.mark.parametrize("plant", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_a_planted_link_is_not_written_through(
    plant: Callable[[Path, Path], None],
    name: str,
    files: FileServer,
    path: Path,
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    path.parent.mkdir()
    plant(victim, path.parent / name)

    with suppress(OSError):
        fetch(files, path)

    assert victim.read_bytes() == b"untouched"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("name", [".file.zip.part", ".file.zip.part.json"])
def test_a_planted_fifo_is_not_waited_for(name: str, files: FileServer, path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path.parent / name)

    with suppress(OSError):
        fetch(files, path)

    assert not path.exists() or path.read_bytes() == CONTENT


@pytest.fixture
def little_room() -> Iterator[Callable[[int], None]]:
    """A function that limits the size of files, as a full disk does."""
    resource = pytest.importorskip("resource", reason="this system has no such limits")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_that_names_the_file(
    files: FileServer, path: Path, little_room: Callable[[int], None]
) -> None:
    little_room(HALF)

    with pytest.raises(OSError, match=re.escape(str(path))):
        fetch(files, path)


def test_a_download_continues_after_a_full_disk(
    files: FileServer, path: Path, little_room: Callable[[int], None]
) -> None:
    little_room(HALF)
    with pytest.raises(OSError):
        fetch(files, path)
    little_room(MAX_BYTES)

    fetch(files, path)

    assert (files.ranges(), path.read_bytes()) == ([None, f"bytes={HALF}-"], CONTENT)


def test_progress_rises_from_nothing_to_the_total(files: FileServer, path: Path) -> None:
    files.script += [serve(HALF)]
    told: list[tuple[int, int | None]] = []
    download(
        files.url, str(path), MAX_BYTES, progress=lambda size, total: told.append((size, total))
    )

    sizes = [size for size, _ in told]

    assert (sizes, sizes[0], sizes[-1]) == (sorted(sizes), 0, len(CONTENT))
    assert {total for _, total in told} == {len(CONTENT)}


def test_each_retry_is_announced_with_its_reason(files: FileServer, path: Path) -> None:
    files.script += [answer(503)]
    told: list[str] = []

    download(files.url, str(path), MAX_BYTES, notify=told.append)

    assert told == [f"{files.url}: got HTTP status 503; trying again in 1 s"]


def test_a_download_that_another_process_begins_at_its_end_spoils_nothing(
    files: FileServer, path: Path
) -> None:
    with PartialFile(str(path), files.url) as partial:
        partial.restart()
        partial.append(CONTENT)
        os.remove(path.parent / f".{path.name}.part.json")  # by the other one, at its own end

        partial.commit()

    assert path.read_bytes() == CONTENT
