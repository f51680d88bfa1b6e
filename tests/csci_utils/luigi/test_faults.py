"""Copies through a network that damages, slows and loses what passes."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Nop

from csci_utils.errors import (
    AlreadyExistsError,
    ChangedError,
    CsciUtilsError,
    S3AccessError,
    S3Error,
    StalledError,
    TooLargeError,
    TransferError,
)
from csci_utils.luigi import Limits, S3Client, SuffixPreservingLocalTarget, copy
from csci_utils.s3.connection import STALL_TRIES
from tests.support.pipeline.programs import wait_until
from tests.support.remotes import faults
from tests.support.remotes.faults import Fault, FaultProxy
from tests.support.remotes.s3_objects import upload_in_parts, upload_without_digest
from tests.support.remotes.stores import S3Store

CONTENT = bytes(range(256)) * 1000

pytestmark = pytest.mark.usefixtures("pauses")

damages = pytest.mark.parametrize(
    "fault",
    [
        faults.reset_midway,
        faults.truncate,
        faults.shorten,
        faults.flip,
        faults.name_other_checksum,
        faults.lose_reply,
        faults.refuse(503, "SlowDown"),
        faults.refuse(500, "InternalError"),
    ],
    ids=["reset", "truncated", "short", "flipped", "checksum", "lost", "overloaded", "broken"],
)


@pytest.fixture
def client(proxy: FaultProxy) -> S3Client:
    """A client of the proxy."""
    return S3Client()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests count as stalled soon."""
    faults.hasten(monkeypatch)


@pytest.fixture
def hasty_first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request of a method counts as stalled soon."""
    method, requests = request.param.encode(), count()
    faults.hasten(monkeypatch, lambda head: head.startswith(method) and next(requests) == 0)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A local file of the project."""
    path = tmp_path / "local" / "photo.jpg"
    path.parent.mkdir()
    return path


@pytest.fixture
def download(client: S3Client, s3_store: S3Store, local: Path) -> Callable[[], str]:
    """Copies the object to the local file."""
    source = S3Target(f"{s3_store.url}/photo.jpg", format=Nop, client=client)
    return lambda: copy(source, SuffixPreservingLocalTarget(str(local), format=Nop))


@pytest.fixture
def upload(client: S3Client, s3_store: S3Store, local: Path) -> Callable[[], object]:
    """Publishes the local file, unless the object exists."""
    local.write_bytes(CONTENT)
    return lambda: client.put(str(local), f"{s3_store.url}/photo.jpg", IfNoneMatch="*")


# Downloads.


@damages
def test_a_passing_fault_of_a_download_is_mended(
    fault: Fault,
    proxy: FaultProxy,
    s3_store: S3Store,
    download: Callable[[], str],
    local: Path,
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    proxy.faults["GET"] = [fault] * 4

    download()

    assert local.read_bytes() == CONTENT


@damages
def test_a_permanent_fault_of_a_download_leaves_no_file(
    fault: Fault,
    proxy: FaultProxy,
    s3_store: S3Store,
    download: Callable[[], str],
    local: Path,
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    proxy.permanent_faults["GET"] = fault

    with pytest.raises(S3Error, match=f"{s3_store.url}/photo.jpg: .*; "):
        download()

    assert list(local.parent.iterdir()) == []


@pytest.mark.parametrize("fault", [faults.flip, faults.shorten], ids=["flipped", "short"])
def test_a_damaged_object_of_several_parts_is_noticed(
    fault: Fault,
    proxy: FaultProxy,
    s3_store: S3Store,
    download: Callable[[], str],
    local: Path,
) -> None:
    content = bytes(6 << 20)
    upload_in_parts(s3_store, "photo.jpg", content)
    proxy.faults["GET"] = [fault]

    download()

    assert local.read_bytes() == content


@pytest.fixture(params=["whole", pytest.param("in parts", marks=pytest.mark.soak)])
def publish_large(request: pytest.FixtureRequest, s3_store: S3Store) -> Callable[[bytes], None]:
    """Publishes a large object as another program does; once in one part, once in several."""
    if request.param == "whole":
        return lambda content: s3_store.write("photo.jpg", content)
    return lambda content: upload_in_parts(s3_store, "photo.jpg", content)


sizes = pytest.mark.parametrize(
    "size", [6_700_000, pytest.param(20 << 20, marks=pytest.mark.soak)], ids=["6.7 MB", "20 MiB"]
)


@sizes
def test_flips_anywhere_in_a_large_object_are_mended(
    size: int,
    publish_large: Callable[[bytes], None],
    proxy: FaultProxy,
    download: Callable[[], str],
    local: Path,
    request: pytest.FixtureRequest,
) -> None:
    is_whole = request.node.callspec.params["publish_large"] == "whole"
    rng = random.Random(size)
    content = rng.randbytes(size)
    publish_large(content)
    proxy.faults["GET"] = [faults.flip_at(place) for place in (0, rng.random(), rng.random())]

    download()

    assert local.read_bytes() == content
    # Of an object in parts S3 names no digest of the whole, so it is read twice.
    assert proxy.methods.count("GET") == (4 if is_whole else 5)


@pytest.mark.soak
@sizes
def test_a_large_object_that_stays_damaged_leaves_no_file(
    size: int,
    publish_large: Callable[[bytes], None],
    proxy: FaultProxy,
    download: Callable[[], str],
    local: Path,
) -> None:
    publish_large(bytes(size))
    proxy.permanent_faults["GET"] = faults.flip_at(1 - 1 / size)

    with pytest.raises(TransferError, match="damaged"):
        download()

    assert list(local.parent.iterdir()) == []


def test_an_object_without_a_digest_is_called_unverified(
    s3_store: S3Store, proxy: FaultProxy
) -> None:
    upload_without_digest(s3_store, "photo.jpg", CONTENT)
    s3_store.write("other.jpg", CONTENT)
    notes: list[str] = []
    client = S3Client(notes.append)

    for name in ("photo.jpg", "other.jpg"):
        assert client.get_key(f"{s3_store.url}/{name}").read() == CONTENT

    (note,) = notes
    assert note.startswith(f"{s3_store.url}/photo.jpg: unverified: ")


def test_an_object_without_a_digest_that_is_cut_short_is_fetched_again(
    s3_store: S3Store, proxy: FaultProxy, download: Callable[[], str], local: Path
) -> None:
    upload_without_digest(s3_store, "photo.jpg", CONTENT)
    proxy.faults["GET"] = [faults.shorten, faults.truncate, faults.reset_midway]

    download()

    assert local.read_bytes() == CONTENT


@pytest.mark.parametrize("undamaged", [1, 2])
def test_a_flip_in_an_object_without_a_digest_is_mended(
    undamaged: int,
    s3_store: S3Store,
    proxy: FaultProxy,
    download: Callable[[], str],
    local: Path,
) -> None:
    upload_without_digest(s3_store, "photo.jpg", CONTENT)
    proxy.faults["GET"] = [*[faults.pass_on] * undamaged, faults.flip]

    download()

    assert local.read_bytes() == CONTENT


def test_an_object_without_a_digest_that_is_never_read_twice_alike_leaves_no_file(
    s3_store: S3Store, proxy: FaultProxy, download: Callable[[], str], local: Path
) -> None:
    upload_without_digest(s3_store, "photo.jpg", CONTENT)
    rng = random.Random(1)
    proxy.permanent_faults["GET"] = lambda exchange: faults.flip_at(rng.random())(exchange)

    with pytest.raises(TransferError, match="damaged"):
        download()

    assert list(local.parent.iterdir()) == []


def test_an_object_of_several_parts_that_stays_damaged_is_an_error(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client
) -> None:
    upload_in_parts(s3_store, "photo.jpg", bytes(6 << 20))
    proxy.permanent_faults["GET"] = faults.flip

    with pytest.raises(TransferError, match="damaged"):
        client.get_key(f"{s3_store.url}/photo.jpg").read()


@pytest.mark.usefixtures("hasty")
def test_a_dripping_download_is_given_up(
    proxy: FaultProxy, s3_store: S3Store, download: Callable[[], str], local: Path
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    proxy.permanent_faults["GET"] = faults.drip()

    with pytest.raises(StalledError, match=r"stalled after \d+ bytes"):
        download()

    assert proxy.methods == ["GET", "GET"]
    assert list(local.parent.iterdir()) == []


@pytest.mark.usefixtures("hasty_first")
@pytest.mark.parametrize("hasty_first", ["GET"], indirect=True)
def test_a_download_that_stalls_once_succeeds(
    proxy: FaultProxy, s3_store: S3Store, download: Callable[[], str], local: Path
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    proxy.faults["GET"] = [faults.drip()]

    download()

    assert local.read_bytes() == CONTENT


@pytest.fixture
def secure_proxy(
    proxy: FaultProxy,
    s3_endpoint: str,
    tls_context: ssl.SSLContext,
    trusted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[FaultProxy]:
    """The same proxy over TLS, in its place."""
    with faults.serve_faults(s3_endpoint, tls_context) as secure_proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", secure_proxy.url)
        yield secure_proxy


def test_objects_are_sent_and_received_over_tls(
    secure_proxy: FaultProxy, s3_store: S3Store, client: S3Client, local: Path
) -> None:
    local.write_bytes(CONTENT)

    client.put(str(local), f"{s3_store.url}/photo.jpg", IfNoneMatch="*")

    assert client.get_key(f"{s3_store.url}/photo.jpg").read() == CONTENT


@pytest.mark.usefixtures("hasty")
def test_a_dripping_download_over_tls_is_given_up(
    secure_proxy: FaultProxy, s3_store: S3Store, download: Callable[[], str]
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    secure_proxy.permanent_faults["GET"] = faults.drip()

    with pytest.raises(StalledError):
        download()


# Questions.

stalls = pytest.mark.parametrize(
    "fault",
    [faults.stay_silent, faults.drip_status],
    ids=["silence", "dripping status"],
)


@stalls
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("call", ["exists", "isdir", "get_key"])
def test_a_stalled_answer_is_given_up(
    call: str, fault: Fault, proxy: FaultProxy, s3_store: S3Store, client: S3Client
) -> None:
    for method in ("GET", "HEAD"):
        proxy.permanent_faults[method] = fault

    with pytest.raises(S3Error, match=r"does not answer in time; check the network"):
        getattr(client, call)(f"{s3_store.url}/photo.jpg")

    wait_until(lambda: len(proxy.methods) >= STALL_TRIES)
    assert len(proxy.methods) == STALL_TRIES


@pytest.mark.usefixtures("hasty")
def test_a_dripping_listing_is_given_up(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client
) -> None:
    proxy.permanent_faults["GET"] = faults.drip()

    with pytest.raises(S3Error, match="does not answer in time"):
        list(client.listdir(s3_store.url))


def test_a_slow_answer_is_waited_for(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client
) -> None:
    s3_store.write("photo.jpg", CONTENT)

    def answer_late(exchange: faults.Exchange) -> None:
        proxy.is_over.wait(0.2)
        faults.pass_on(exchange)

    proxy.permanent_faults["HEAD"] = answer_late

    assert client.exists(f"{s3_store.url}/photo.jpg")
    assert proxy.methods == ["HEAD"]


def test_a_passing_fault_of_a_comparison_is_mended(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client, local: Path
) -> None:
    upload_in_parts(s3_store, "photo.jpg", CONTENT)
    local.write_bytes(CONTENT)
    proxy.faults["GET"] = [faults.flip]

    assert client.same_bytes(f"{s3_store.url}/photo.jpg", str(local))


# Uploads.


@pytest.mark.parametrize(
    "fault",
    [
        faults.flip_upload,
        faults.lose_reply,
        faults.refuse(503, "SlowDown"),
        faults.refuse(409, "OperationAborted"),
    ],
    ids=["flipped", "lost", "overloaded", "undecided"],
)
def test_a_passing_fault_of_an_upload_is_mended(
    fault: Fault, proxy: FaultProxy, s3_store: S3Store, upload: Callable[[], object]
) -> None:
    proxy.faults["PUT"] = [fault]

    upload()

    assert s3_store.read("photo.jpg") == CONTENT


@stalls
@pytest.mark.usefixtures("hasty_first")
@pytest.mark.parametrize("hasty_first", ["PUT"], indirect=True)
def test_an_upload_that_stalls_once_succeeds(
    fault: Fault, proxy: FaultProxy, s3_store: S3Store, upload: Callable[[], object]
) -> None:
    proxy.faults["PUT"] = [fault]

    upload()

    assert s3_store.read("photo.jpg") == CONTENT


@pytest.mark.usefixtures("hasty")
def test_an_upload_that_nobody_answers_publishes_nothing(
    proxy: FaultProxy, s3_store: S3Store, upload: Callable[[], object]
) -> None:
    proxy.permanent_faults["PUT"] = faults.stay_silent

    with pytest.raises(S3Error):
        upload()

    assert s3_store.list() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [(faults.flip_upload, ChangedError), (faults.refuse(503, "SlowDown"), S3Error)],
    ids=["flipped", "overloaded"],
)
def test_a_permanent_fault_of_an_upload_publishes_nothing(
    fault: Fault,
    error: type[CsciUtilsError],
    proxy: FaultProxy,
    s3_store: S3Store,
    upload: Callable[[], object],
) -> None:
    proxy.permanent_faults["PUT"] = fault

    with pytest.raises(error):
        upload()

    assert s3_store.list() == []


@pytest.mark.usefixtures("hasty")
def test_an_upload_to_a_slow_reader_is_given_up(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client, local: Path
) -> None:
    local.write_bytes(bytes(16 << 20))  # more than the buffers of the system take
    proxy.reads_nothing = True

    with pytest.raises(S3Error, match="does not answer in time"):
        client.put(str(local), f"{s3_store.url}/photo.jpg")


# Refusals.


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "SignatureDoesNotMatch", "the secret key is wrong"),
        (400, "ExpiredToken", "the session token has expired"),
        (403, "AccessDenied", "these credentials do not permit this"),
        (403, "RequestTimeTooSkewed", "this machine's clock is wrong"),
    ],
)
@pytest.mark.parametrize("call", ["exists", "isdir"])
def test_a_refusal_costs_at_most_three_requests(
    call: str,
    status: int,
    code: str,
    message: str,
    proxy: FaultProxy,
    s3_store: S3Store,
    client: S3Client,
) -> None:
    for method in ("GET", "HEAD"):
        proxy.permanent_faults[method] = faults.refuse(status, code)

    with pytest.raises(S3AccessError, match=message):
        getattr(client, call)(f"{s3_store.url}/photo.jpg")

    assert len(proxy.methods) <= 3


# Limits.


def test_an_object_above_the_limit_is_not_read(proxy: FaultProxy, s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", CONTENT)
    client = S3Client(limits=Limits(max_bytes=len(CONTENT) - 1))

    with pytest.raises(TooLargeError, match=r"at most 255,999 bytes, got 256,000"):
        client.get_key(f"{s3_store.url}/photo.jpg")


def test_a_copy_above_the_limit_leaves_nothing(
    s3_store: S3Store, client: S3Client, local: Path
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    source = S3Target(f"{s3_store.url}/photo.jpg", format=Nop, client=client)
    destination = SuffixPreservingLocalTarget(str(local), format=Nop)

    with pytest.raises(TooLargeError):
        copy(source, destination, max_bytes=len(CONTENT) - 1)

    assert list(local.parent.iterdir()) == []


@pytest.mark.parametrize(("max_keys", "is_accepted"), [(3, True), (2, False)])
def test_a_listing_is_limited(max_keys: int, is_accepted: bool, s3_store: S3Store) -> None:
    for name in "abc":
        s3_store.write(name, b"")
    client = S3Client(limits=Limits(max_keys=max_keys))

    if is_accepted:
        assert len(list(client.listdir(s3_store.url))) == 3
    else:
        with pytest.raises(TooLargeError, match="at most 2 files"):
            list(client.listdir(s3_store.url))


# Conflicts.


def test_what_differs_is_refused_without_a_put(
    proxy: FaultProxy, s3_store: S3Store, client: S3Client, upload: Callable[[], object]
) -> None:
    s3_store.write("photo.jpg", b"other bytes")

    with pytest.raises(AlreadyExistsError):
        upload()

    assert "PUT" not in proxy.methods


def test_a_server_that_refuses_conditions_gets_none(
    proxy: FaultProxy, s3_store: S3Store, tmp_path: Path
) -> None:
    proxy.permanent_faults["PUT"] = faults.refuse_conditions
    notes: list[str] = []
    client = S3Client(notify=notes.append)
    s3_store.write("taken", b"other")
    file = tmp_path / "file"
    file.write_bytes(CONTENT)

    for name in ("a", "b"):
        client.put(str(file), f"{s3_store.url}/{name}", IfNoneMatch="*")
    with pytest.raises(AlreadyExistsError):
        client.put(str(file), f"{s3_store.url}/taken", IfNoneMatch="*")

    assert (s3_store.read("a"), s3_store.read("b")) == (CONTENT, CONTENT)
    assert s3_store.read("taken") == b"other"
    assert len(notes) == 1 and "does not know conditions" in notes[0]
    assert proxy.methods.count("PUT") == 3
