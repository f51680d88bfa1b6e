"""Listings: complete, bounded, and as robust as any other request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from botocore.parsers import RestXMLParser

from csci_utils.errors import S3AccessError, S3BucketMissingError, S3Error, TooLargeError
from csci_utils.luigi import LocalFileSystem, RootedFileSystem
from csci_utils.network import sockets
from csci_utils.s3 import Limits, S3Client
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.stores import S3Store
from tests.support.servers import serve

TIME = "2026-11-26T20:37:42.000Z"


def urls(store: S3Store, names: Iterable[str]) -> list[str]:
    return [f"{store.url}/folder/{name}" for name in names]


def format_entry(key: str, size: object = 3, time: str = TIME, more: str = "") -> str:
    return (
        f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size>"
        f"<LastModified>{time}</LastModified>{more}</Contents>"
    )


def answer_page(fake_s3: FakeS3, *entries: str, token: str = "", more: str = "") -> None:
    """Add the answer of a page, which says that another one follows if it has a token."""
    truncated = "true" if token or more else "false"
    end = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else more
    body = f"<IsTruncated>{truncated}</IsTruncated>{''.join(entries)}{end}"
    fake_s3.answer(200, f"<ListBucketResult>{body}</ListBucketResult>".encode())


def test_a_listing_is_complete_and_sorted(s3_store: S3Store) -> None:
    for name in ("b", "a", "deep/er/c"):
        s3_store.write(f"folder/{name}", b"")

    listed = list(S3Client().listdir(f"{s3_store.url}/folder"))

    assert listed == urls(s3_store, ["a", "b", "deep/er/c"])


def test_a_listing_tells_what_a_question_for_the_object_would(s3_store: S3Store) -> None:
    before = time.time() - 1
    s3_store.write("folder/a", b"content")
    client = S3Client()

    (file,) = client.list_files(f"{s3_store.url}/folder")

    state = client.state(file.path)
    assert state is not None
    assert (file.size, file.etag) == (7, state.etag)
    assert before < file.modified <= time.time() + 1
    assert file.checksum == "CRC32"  # this server does not say of what


def test_a_listing_of_a_folder_follows_no_link(tmp_path: Path) -> None:
    for name in ("folder/a", "folder/deep/er/c", "elsewhere/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"content")
    (tmp_path / "folder/link").symlink_to(tmp_path / "elsewhere")

    for files in (RootedFileSystem(tmp_path), LocalFileSystem()):
        listed = {file.path: file for file in files.list_files(str(tmp_path / "folder"))}

        names = ("a", "deep/er/c", "link")
        assert sorted(listed) == [str(tmp_path / "folder" / name) for name in names]
        file = listed[str(tmp_path / "folder/a")]
        status = (tmp_path / "folder/a").stat()
        assert (file.size, file.modified) == (7, status.st_mtime)


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "a%20b", "é", "e\u0301", "a?b#c", "a\\b", "a\x01b", "&<>\"'"]
)
def test_odd_keys_are_listed_unchanged(name: str, s3_store: S3Store) -> None:
    s3_store.write(f"folder/{name}", b"")

    assert list(S3Client().listdir(f"{s3_store.url}/folder")) == urls(s3_store, [name])


def test_a_prefix_does_not_match_longer_names(s3_store: S3Store) -> None:
    s3_store.write("folder-too/a", b"")

    assert list(S3Client().listdir(f"{s3_store.url}/folder")) == []


def test_a_bucket_is_listed(s3_store: S3Store) -> None:
    s3_store.write("a", b"")

    listed = list(S3Client().listdir(f"s3://{s3_store.bucket}"))

    assert listed == [f"{s3_store.url}/a"]


def test_a_listing_continues_after_its_first_page(fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("a"), token="next")
    answer_page(fake_s3, format_entry("b"))

    assert list(S3Client().listdir("s3://bucket")) == ["s3://bucket/a", "s3://bucket/b"]


def test_a_listing_is_asked_for_page_by_page(fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("a"), token="next")
    answer_page(fake_s3, format_entry("b"))

    listed = S3Client().listdir("s3://bucket")

    next(listed)
    assert len(fake_s3.requests) == 1


def test_a_key_is_decoded_only_if_the_server_has_encoded_it(fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("a%20b+c"))

    assert list(S3Client().listdir("s3://bucket")) == ["s3://bucket/a%20b+c"]


def test_a_listing_of_empty_pages_ends(fake_s3: FakeS3) -> None:
    for token in "abcde":
        answer_page(fake_s3, token=token)

    with pytest.raises(TooLargeError, match="at most 3 files"):
        list(S3Client(limits=Limits(max_keys=3)).listdir("s3://bucket"))


def test_a_listing_that_goes_round_in_circles_ends(fake_s3: FakeS3) -> None:
    for token in "abcabcabc":
        answer_page(fake_s3, format_entry(token), token=token)

    with pytest.raises(S3Error, match="without the token of the next one"):
        list(S3Client().listdir("s3://bucket"))

    assert len(fake_s3.requests) == 4


ENTITIES = (
    b'<!DOCTYPE bomb [<!ENTITY a "aaaaaaaa">]><ListBucketResult><IsTruncated>false</IsTruncated>'
    b"<Contents><Key>&a;</Key><Size>3</Size><LastModified>2026-11-26T20:37:42Z</LastModified>"
    b"</Contents></ListBucketResult>"
)


def multiply_entities() -> bytes:
    """Return a page of some kilobytes that stands for a terabyte."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    entity = f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{levels}]>'
    return f"{entity}<ListBucketResult>{format_entry('k')}</ListBucketResult>".replace(
        "<Key>k", "<Key>&e11;"
    ).encode()


def expand_once(size: int) -> bytes:
    """Return a page whose only key stands for a hundred times the size, as expat permits."""
    return ENTITIES.replace(b"aaaaaaaa", b"a" * size).replace(b"&a;", b"&a;" * 90)


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize(
    "body", [ENTITIES, multiply_entities().replace(b" a ", b" bomb ", 1), expand_once(100_000)]
)
def test_no_entities_of_a_page_are_expanded(is_known: bool, body: bytes, fake_s3: FakeS3) -> None:
    client = S3Client()
    if is_known:
        answer_page(fake_s3, format_entry("a"))
        assert client.isdir("s3://bucket")
        fake_s3.answers.clear()
    fake_s3.answer(200, body)

    with pytest.raises(S3Error, match=r"not one of S3 \(a page of 'bomb'\)"):
        list(client.listdir("s3://bucket"))


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE bomb [<!ENTITY a "aaaaaaaa">]><Error><Message>&a;</Message></Error>',
        b"<Error>" + b"<a>" * 100_000,
        b"<Error>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</Error>",
    ],
)
def test_a_hostile_refusal_is_an_error(body: bytes, fake_s3: FakeS3) -> None:
    fake_s3.answer(400, body)

    with pytest.raises(S3Error) as caught:
        list(S3Client().listdir("s3://bucket"))

    assert "aaaaaaaa" not in str(caught.value)


def test_a_page_of_elements_in_elements_is_an_error(fake_s3: FakeS3) -> None:
    deep = "<a>" * 10_000 + "</a>" * 10_000
    answer_page(fake_s3, format_entry("a"), deep)

    with pytest.raises(S3Error, match="not one of S3"):
        list(S3Client().listdir("s3://bucket"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (format_entry("b", size=""), "without a key, a size or a time"),
        (format_entry("b", size="x"), "without a key, a size or a time"),
        (format_entry("b", size=-1), "without a key, a size or a time"),
        (format_entry("b", time="yesterday"), "without a key, a size or a time"),
        ("<Contents></Contents>", "without a key, a size or a time"),
        (format_entry("../b"), "outside the prefix"),
    ],
)
def test_an_object_that_cannot_be_one_is_refused(entry: str, message: str, fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("folder/a"), entry.replace("<Key>b", "<Key>folder/b"))

    with pytest.raises(S3Error, match=message):
        list(S3Client().listdir("s3://bucket/folder"))


@pytest.mark.parametrize(
    "more", ["<NextMarker>a</NextMarker>", "<NextContinuationToken></NextContinuationToken>"]
)
def test_a_listing_that_cannot_be_continued_is_not_cut_short(more: str, fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("a"), more=more)

    with pytest.raises(S3Error, match="without the token"):
        list(S3Client().listdir("s3://bucket"))


def test_a_listing_that_repeats_itself_ends(fake_s3: FakeS3) -> None:
    answer_page(fake_s3, token="a")

    with pytest.raises(S3Error, match="without the token"):
        list(S3Client().listdir("s3://bucket"))


@pytest.mark.parametrize("status", [101, 204, 206])
def test_a_page_of_another_status_is_refused(status: int, fake_s3: FakeS3) -> None:
    answer_page(fake_s3, format_entry("a"))
    fake_s3.answers[0] = replace(fake_s3.answers[0], status=status)

    with pytest.raises(S3Error, match=f"not one of S3 .HTTP status {status}"):
        list(S3Client().listdir("s3://bucket"))


@pytest.mark.parametrize("body", [b"<ListBucketResult><Contents>", b"\x00"])
def test_a_reply_that_is_not_xml_is_refused(body: bytes, fake_s3: FakeS3) -> None:
    fake_s3.answer(200, body)

    with pytest.raises(S3Error, match="a page that is not XML"):
        list(S3Client().listdir("s3://bucket"))


def test_a_reply_without_end_ends(fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MAX_REPLY_BYTES", 1 << 20)
    answer_page(fake_s3, format_entry("a" * (2 << 20)))

    with pytest.raises(S3Error, match=r"failed \(the reply is longer than 1,048,576 bytes"):
        list(S3Client().listdir("s3://bucket"))


@pytest.mark.parametrize(
    ("status", "code", "error", "message"),
    [
        (404, "NoSuchBucket", S3BucketMissingError, "does not exist"),
        (400, "ExpiredToken", S3AccessError, "session token has expired"),
        (301, "PermanentRedirect", S3Error, "another region"),
        (200, "InternalError", S3Error, "InternalError"),
    ],
)
def test_a_refused_page_is_explained(
    status: int, code: str, error: type[S3Error], message: str, fake_s3: FakeS3
) -> None:
    answer_page(fake_s3, format_entry("a"), token="next")
    fake_s3.refuse(status, code)

    listed = S3Client().listdir("s3://bucket")

    assert next(listed) == "s3://bucket/a"
    with pytest.raises(error, match=message):
        next(listed)


def test_a_page_is_asked_for_again_while_the_server_is_overloaded(fake_s3: FakeS3) -> None:
    fake_s3.refuse(503, "SlowDown", times=2)
    answer_page(fake_s3, format_entry("a"))

    assert list(S3Client().listdir("s3://bucket")) == ["s3://bucket/a"]


def test_a_page_of_a_thousand_takes_little_time(fake_s3: FakeS3) -> None:
    answer_page(fake_s3, *(format_entry(f"image-{n}.jpg") for n in range(1000)))
    client = S3Client()
    assert len(list(client.listdir("s3://bucket"))) == 1000

    operation = client.boto_client.meta.service_model.operation_model("ListObjectsV2")
    page = {"status_code": 200, "headers": {}, "body": fake_s3.answers[-1].body}

    def measure(work: Callable[[], object]) -> float:
        """Return the seconds of a processor, of three times the shortest."""
        times = []
        for _ in range(3):
            start = time.thread_time()
            work()
            times.append(time.thread_time() - start)
        return min(times)

    own = measure(lambda: list(client.listdir("s3://bucket")))
    assert own < 0.5 * measure(lambda: RestXMLParser().parse(page, operation.output_shape))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "a page that is not XML"),
        (b"<!doctype html><html><br>sign in</html>", "a page that is not XML"),
        (b"<ListBucketResult><Contents>", "a page that is not XML"),
        (b"<html><body>sign in</body></html>", "a page of 'html'"),
        (
            b"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
            "without a key",
        ),
    ],
)
def test_a_page_that_is_no_listing_is_named(body: bytes, found: str, fake_s3: FakeS3) -> None:
    for _ in range(8):
        fake_s3.answer(200, body)

    with pytest.raises(S3Error, match=f"not one of S3 .*{found}.*; check AWS_ENDPOINT_URL"):
        list(S3Client().listdir("s3://bucket/folder"))


def test_a_page_that_is_damaged_once_is_asked_for_again(fake_s3: FakeS3) -> None:
    fake_s3.answer(200, b"<ListBucketResult><Cont")
    answer_page(fake_s3, format_entry("folder/a"))

    assert list(S3Client().listdir("s3://bucket/folder")) == ["s3://bucket/folder/a"]


class EndlessReply(BaseHTTPRequestHandler):
    """Begins replies, and never ends."""

    def send_forever(self, beginning: bytes, rest: bytes, pause: float) -> None:
        with suppress(ConnectionError):
            self.wfile.write(beginning)
            while True:
                self.wfile.write(rest)
                time.sleep(pause)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class InterimReplies(EndlessReply):
    """Says again and again that the reply will follow."""

    def do_GET(self) -> None:
        self.send_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0)


class FastEnough(EndlessReply):
    """Sends a page just as fast as it has to."""

    def do_GET(self) -> None:
        self.send_forever(b"HTTP/1.1 200 OK\r\n\r\n<ListBucketResult>", b" " * 100, 0.01)


class Trailers(EndlessReply):
    """Sends headers behind the page, which has ended."""

    def do_GET(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        self.send_forever(head, b"X: y\r\n" * 1000, 0)


@pytest.mark.parametrize("handler", [InterimReplies, FastEnough, Trailers])
def test_a_reply_without_end_is_given_up(
    handler: type[EndlessReply], fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "MAX_REPLY_BYTES", 1 << 16)
    with serve(handler) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

        with pytest.raises(S3Error):
            list(S3Client(limits=Limits(stall_seconds=0.2)).listdir("s3://bucket"))
