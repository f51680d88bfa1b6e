"""Plain requests beside botocore: the same answers, and botocore wherever something is odd."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from csci_utils.digest import stream_digest
from csci_utils.errors import (
    AlreadyExistsError,
    S3AccessError,
    S3KeyMissingError,
    TransferError,
)
from csci_utils.s3 import S3Client
from csci_utils.s3.direct import DirectRequests
from csci_utils.transfers.retrying import TRIES
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import CONTENT, MD5, OTHER_MD5, SHA256, URL, upload_in_parts
from tests.support.remotes.stores import S3Store

ODD_NAMES = ["a b", "a+b", "a%20b", "é", "a?b#c", "a\\b", "a//b", "~a", "a:b@c=d&e", "a'(b)*!"]


@pytest.fixture
def client(s3_store: S3Store) -> S3Client:
    """A client that knows the bucket, so that it sends what it can directly."""
    client = S3Client()
    assert not client.isdir(s3_store.url)
    return client


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each direct request was answered as hoped."""
    answers: list[bool] = []
    send = DirectRequests._send

    def record(*args: object, **options: object) -> object:
        response = send(*args, **options)  # type: ignore[arg-type]
        answers.append(response is not None)
        return response

    monkeypatch.setattr(DirectRequests, "_send", record)
    return answers


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_key_comes_through(
    name: str, client: S3Client, s3_store: S3Store, photo: str, answered: list[bool]
) -> None:
    url = f"{s3_store.url}/{name}"

    put = client.put(photo, url, Metadata={"author": "nobody"})

    assert s3_store.read(name) == CONTENT
    state = client.state(url)
    assert state == S3Client().state(url)
    assert state is not None
    assert state.version == put.version
    assert client.get_key(url).read() == CONTENT
    assert answered == [True, True, False, True]  # the second client does not know the bucket


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_prefix_is_listed(
    name: str, client: S3Client, s3_store: S3Store, answered: list[bool]
) -> None:
    s3_store.write(f"{name}/{name}", CONTENT)

    direct = list(client.list_files(f"{s3_store.url}/{name}"))

    assert direct == list(S3Client().list_files(f"{s3_store.url}/{name}"))
    assert [file.path for file in direct] == [f"{s3_store.url}/{name}/{name}"]
    assert answered == [True, False]  # the second client does not know the bucket


@pytest.mark.parametrize(
    "page",
    [
        b"<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        b"<Error><Code>InternalError</Code></Error>",
        b'<?xml version="1.0" encoding="unknown"?><ListBucketResult/>',
        b"<html>",
    ],
    ids=["without a key", "error", "encoding", "HTML"],
)
def test_an_odd_page_is_asked_for_again(page: bytes, fake_s3: FakeS3) -> None:
    client = known(fake_s3)
    fake_s3.answers.clear()
    fake_s3.answer(200, page)
    fake_s3.answer(200, b"<ListBucketResult/>")

    assert list(client.list_files("s3://bucket/folder")) == []
    assert len(fake_s3.requests) == 2


def test_its_answers_are_those_of_botocore(client: S3Client, s3_store: S3Store) -> None:
    s3_store.write("a", CONTENT)

    direct, first = client.state(f"{s3_store.url}/a"), S3Client().state(f"{s3_store.url}/a")

    assert direct == first
    assert direct is not None
    assert direct.checksum_crc32


def test_a_missing_object_costs_one_request(
    client: S3Client, s3_store: S3Store, answered: list[bool]
) -> None:
    assert client.state(f"{s3_store.url}/missing") is None
    assert answered == [True]


def test_an_object_that_exists_is_not_overwritten(
    client: S3Client, s3_store: S3Store, photo: str, tmp_path: Path
) -> None:
    (tmp_path / "other").write_bytes(b"other bytes")
    client.put(photo, f"{s3_store.url}/first", IfNoneMatch="*")
    s3_store.write("a", b"other bytes")

    with pytest.raises(AlreadyExistsError):
        client.put(photo, f"{s3_store.url}/a", IfNoneMatch="*")
    client.put(str(tmp_path / "other"), f"{s3_store.url}/a", IfNoneMatch="*")

    assert s3_store.read("a") == b"other bytes"


@pytest.mark.parametrize("value", ["é", "two\nlines"])
def test_metadata_that_no_header_can_hold_are_left_to_botocore(
    value: str, client: S3Client, s3_store: S3Store, photo: str, answered: list[bool]
) -> None:
    with pytest.raises(Exception, match=r"ASCII|ascii|header|Invalid"):
        client.put(photo, f"{s3_store.url}/a", Metadata={"author": value})

    assert answered == []


def test_an_object_of_parts_is_read(client: S3Client, s3_store: S3Store) -> None:
    content = bytes(6 << 20)
    upload_in_parts(s3_store, "a", content)

    assert client.get_key(f"{s3_store.url}/a").read() == content


def known(fake_s3: FakeS3) -> S3Client:
    """Return a client that knows the bucket of the scripted server."""
    fake_s3.answer(200, b"<ListBucketResult/>")
    client = S3Client()
    assert not client.isdir("s3://bucket")
    fake_s3.requests.clear()
    return client


def test_a_refusal_is_explained_by_botocore(fake_s3: FakeS3) -> None:
    client = known(fake_s3)
    fake_s3.refuse(403, "AccessDenied")

    with pytest.raises(S3AccessError, match="do not permit"):
        client.get_key(URL)
    assert fake_s3.methods() == ["GET", "GET"]


def test_a_lost_connection_is_tried_again(fake_s3: FakeS3) -> None:
    client = known(fake_s3)
    fake_s3.answers.clear()
    fake_s3.hang_up()
    fake_s3.answer(200, CONTENT, etag=f'"{MD5}"')

    assert client.get_key(URL).read() == CONTENT


@pytest.mark.parametrize(
    "fault",
    [
        {"etag": f'"{OTHER_MD5}"'},
        {"etag": f'"{MD5}"', "x_amz_checksum_crc32": "AAAAAA=="},
        {"etag": f'"{MD5}"', "x_amz_meta_sha256": "0" * 64},
        {"etag": f'"{MD5}"', "content_length": "5"},
    ],
    ids=["MD5", "CRC-32", "SHA-256", "cut short"],
)
def test_damage_is_noticed(fault: dict[str, str], fake_s3: FakeS3) -> None:
    client = known(fake_s3)
    fake_s3.answers.clear()
    fake_s3.answer(200, CONTENT, **fault)

    with pytest.raises(TransferError):
        stream_digest(client.get_key(URL))


def test_requests_are_signed_as_by_botocore(
    fake_s3: FakeS3, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "test-token")
    client = known(fake_s3)
    fake_s3.answers.clear()
    fake_s3.answer(200, b"", etag=f'"{MD5}"')

    client.put(photo, URL)

    (request,) = fake_s3.requests
    assert request.body == CONTENT
    assert request.headers["x-amz-security-token"] == "test-token"
    assert request.headers["x-amz-content-sha256"] == SHA256
    signed = "AWS4-HMAC-SHA256 Credential=test-key/[0-9]{8}/us-east-1/s3/aws4_request, .*"
    assert re.fullmatch(signed, request.headers["authorization"])


def test_a_file_is_fetched_whole_or_not_at_all(
    client: S3Client, s3_store: S3Store, tmp_path: Path
) -> None:
    s3_store.write("a", CONTENT)
    (tmp_path / "fetched").mkdir()

    state = client.fetch(f"{s3_store.url}/a", str(tmp_path / "fetched" / "a"))
    with pytest.raises(S3KeyMissingError):
        client.fetch(f"{s3_store.url}/missing", str(tmp_path / "fetched" / "missing"))

    assert state == client.state(f"{s3_store.url}/a")
    assert {path.name: path.read_bytes() for path in (tmp_path / "fetched").iterdir()} == {
        "a": CONTENT
    }


def test_a_damaged_file_is_not_fetched(fake_s3: FakeS3, tmp_path: Path) -> None:
    fake_s3.answer(200, CONTENT, etag=f'"{OTHER_MD5}"')

    with pytest.raises(TransferError):
        S3Client().fetch(URL, str(tmp_path / "a"))

    assert not list(tmp_path.glob("*a"))
    assert len(fake_s3.requests) == TRIES
