"""Reading and writing objects, without faults and with scripted ones."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest

from csci_utils.errors import (
    AlreadyExistsError,
    ChangedError,
    S3Error,
    S3KeyMissingError,
    TransferError,
)
from csci_utils.luigi import S3Client
from csci_utils.s3.uploading.sending import PUT_PAUSE_SECONDS, PUT_TRIES
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import (
    CONTENT,
    MD5,
    OTHER_MD5,
    SHA256,
    URL,
    answer_absence,
    answer_state,
)
from tests.support.remotes.stores import S3Store

CRC32_OF_OTHER_BYTES = "AAAAAA=="

# All at once, and in chunks as a copy reads.
every_size = pytest.mark.parametrize("size", [None, -1, 4])


def read_all(url: str, size: int | None) -> bytes:
    body = S3Client().get_key(url).get()["Body"]
    if size is None or size < 0:
        return body.read(size)
    return b"".join(iter(lambda: body.read(size), b""))


# Reading.


@every_size
def test_an_object_is_read(size: int | None, s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", CONTENT)

    assert read_all(f"{s3_store.url}/photo.jpg", size) == CONTENT


def test_reading_a_missing_object_names_it(s3_store: S3Store) -> None:
    with pytest.raises(S3KeyMissingError, match=f"{s3_store.url}/photo.jpg"):
        S3Client().get_key(f"{s3_store.url}/photo.jpg")


@every_size
def test_a_body_cut_short_is_an_error(size: int | None, fake_s3: FakeS3) -> None:
    fake_s3.answer(200, CONTENT, etag=f'"{MD5}"', content_length="1000")

    with pytest.raises(TransferError, match=f"{URL}.*run again"):
        read_all(URL, size)


@every_size
def test_a_body_with_another_checksum_is_an_error(size: int | None, fake_s3: FakeS3) -> None:
    checksum = {"x_amz_checksum_crc32": CRC32_OF_OTHER_BYTES}
    fake_s3.answer(200, CONTENT, etag=f'"{MD5}"', **checksum)

    with pytest.raises(TransferError, match=f"{URL}.*checksum.*run again"):
        read_all(URL, size)


@every_size
def test_a_body_with_another_md5_is_an_error(size: int | None, fake_s3: FakeS3) -> None:
    fake_s3.answer(200, CONTENT, etag=f'"{OTHER_MD5}"')

    with pytest.raises(TransferError, match=f"{URL}: .* damaged .*; run again"):
        read_all(URL, size)


@every_size
def test_an_unknown_etag_is_not_compared(size: int | None, fake_s3: FakeS3) -> None:
    fake_s3.answer(200, CONTENT, etag='"several-2"')

    assert read_all(URL, size) == CONTENT


# Writing.


def test_an_object_is_put(s3_store: S3Store, photo: str) -> None:
    S3Client().put(photo, f"{s3_store.url}/photo.jpg")

    assert s3_store.read("photo.jpg") == CONTENT


def test_an_object_is_put_in_one_request(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent

    client.put(photo, f"{s3_store.url}/photo.jpg")

    assert operations == ["PutObject"]


def test_an_empty_object_is_put(s3_store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    S3Client().put(str(tmp_path / "empty"), f"{s3_store.url}/empty")

    assert s3_store.read("empty") == b""


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, "image/png"), ({"ContentType": "text/plain"}, "text/plain")],
    ids=["from the name", "as asked"],
)
def test_an_object_gets_a_content_type(
    options: dict[str, Any], expected: str, s3_store: S3Store, photo: str
) -> None:
    S3Client().put(photo, f"{s3_store.url}/picture.png", **options)

    reply = s3_store.client.head_object(Bucket=s3_store.bucket, Key=f"{s3_store.prefix}picture.png")

    assert reply["ContentType"] == expected


def test_a_missing_file_is_an_error_without_a_request(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], tmp_path: Path
) -> None:
    client, operations = sent

    with pytest.raises(FileNotFoundError):
        client.put(str(tmp_path / "missing"), f"{s3_store.url}/photo.jpg")

    assert operations == []


def test_a_put_sends_the_md5(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.answer(200, etag=f'"{MD5}"')

    S3Client().put(photo, URL)

    assert fake_s3.requests[0][1]["content-md5"] == base64.b64encode(bytes.fromhex(MD5)).decode()


def test_a_put_sends_the_sha256(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.answer(200, etag=f'"{MD5}"')

    S3Client().put(photo, URL, Metadata={"author": "nobody"})

    headers = fake_s3.requests[0].headers
    assert headers["x-amz-meta-sha256"] == SHA256
    assert headers["x-amz-checksum-sha256"] == base64.b64encode(bytes.fromhex(SHA256)).decode()
    assert headers["x-amz-meta-author"] == "nobody"


def test_the_state_after_a_put_is_that_of_the_object(s3_store: S3Store, photo: str) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"

    put = client.put(photo, url)

    found = client.state(url)
    assert found is not None
    assert (put.sha256, put.version) == (SHA256, found.version)


@every_size
def test_a_body_with_another_sha256_is_an_error(size: int | None, fake_s3: FakeS3) -> None:
    fake_s3.answer(200, CONTENT, etag='"x"', x_amz_meta_sha256="0" * 64)

    with pytest.raises(TransferError, match=f"{URL}: .* damaged .*; run again"):
        read_all(URL, size)


def test_a_condition_is_tried_out_once(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent

    for name in ("a", "b", "c"):
        client.put(photo, f"{s3_store.url}/{name}", IfNoneMatch="*")

    assert operations.count("PutObject") == 4


def test_a_conditional_put_whose_reply_is_lost_succeeds(fake_s3: FakeS3, photo: str) -> None:
    answer_absence(fake_s3)
    fake_s3.hang_up()
    fake_s3.refuse(412, "PreconditionFailed")
    answer_state(fake_s3, MD5, x_amz_meta_sha256=SHA256)

    S3Client().put(photo, URL, IfNoneMatch="*")

    assert fake_s3.methods() == ["HEAD", "GET", "PUT", "PUT", "HEAD"]


def test_a_conditional_put_after_another_one_is_a_conflict(fake_s3: FakeS3, photo: str) -> None:
    answer_absence(fake_s3)
    fake_s3.refuse(412, "PreconditionFailed")
    answer_state(fake_s3, OTHER_MD5)

    with pytest.raises(AlreadyExistsError, match=URL):
        S3Client().put(photo, URL, IfNoneMatch="*")


every_passing_fault = pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (409, "ConditionalRequestConflict", S3Error),
        (409, "OperationAborted", S3Error),
        (400, "BadDigest", ChangedError),
        (400, "XAmzContentChecksumMismatch", ChangedError),
    ],
)


@every_passing_fault
def test_a_retried_put_sends_all_bytes_again(
    status: int, code: str, error: type[Exception], fake_s3: FakeS3, photo: str
) -> None:
    answer_absence(fake_s3)
    fake_s3.refuse(status, code, times=PUT_TRIES - 1)
    fake_s3.answer(200, etag=f'"{MD5}"')
    fake_s3.refuse(412, "PreconditionFailed")

    S3Client().put(photo, URL, IfNoneMatch="*")

    bodies = [body for method, _, body in fake_s3.requests if method == "PUT"]
    assert bodies[:PUT_TRIES] == [CONTENT] * PUT_TRIES


@every_passing_fault
def test_a_put_that_always_fails_is_given_up(
    status: int, code: str, error: type[Exception], fake_s3: FakeS3, photo: str
) -> None:
    answer_absence(fake_s3)
    fake_s3.refuse(status, code)

    with pytest.raises(error, match=f"{URL}.*run again"):
        S3Client().put(photo, URL, IfNoneMatch="*")

    assert fake_s3.methods() == ["HEAD", "GET", *["PUT"] * PUT_TRIES]


def test_pauses_between_tries_double(fake_s3: FakeS3, photo: str) -> None:
    answer_absence(fake_s3)
    fake_s3.refuse(409, "ConditionalRequestConflict")

    with pytest.raises(S3Error):
        S3Client().put(photo, URL, IfNoneMatch="*")

    assert fake_s3.pauses == [PUT_PAUSE_SECONDS * factor for factor in (1, 2, 4, 8)]


def corrupt(client: S3Client, times: int) -> None:
    """Damage the bodies of the client's next puts in transit."""
    damaged = iter(range(times))

    def alter(request: Any, **_: Any) -> None:
        if next(damaged, None) is not None:
            request.body = io.BytesIO(b"S" + CONTENT[1:])

    client.boto_client.meta.events.register("before-send.s3.PutObject", alter)


@pytest.fixture
def unchecking_store(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """An S3 server that does not check the MD5; retries do not pause."""
    monkeypatch.setattr("csci_utils.s3.uploading.sending.PUT_PAUSE_SECONDS", 0)
    return s3_store


@pytest.mark.parametrize("options", [{}, {"IfNoneMatch": "*"}], ids=["replacing", "creating"])
def test_an_upload_damaged_in_transit_is_retried(
    options: dict[str, Any], unchecking_store: S3Store, photo: str
) -> None:
    client = S3Client()
    corrupt(client, times=1)

    client.put(photo, f"{unchecking_store.url}/photo.jpg", **options)

    assert unchecking_store.read("photo.jpg") == CONTENT


def test_an_upload_that_is_always_damaged_is_an_error(
    unchecking_store: S3Store, photo: str
) -> None:
    client = S3Client()
    corrupt(client, times=PUT_TRIES)

    with pytest.raises(ChangedError, match="damaged in transit; run again"):
        client.put(photo, f"{unchecking_store.url}/photo.jpg")


def test_an_upload_that_is_always_damaged_is_removed(unchecking_store: S3Store, photo: str) -> None:
    client = S3Client()
    corrupt(client, times=PUT_TRIES)

    with pytest.raises(ChangedError):
        client.put(photo, f"{unchecking_store.url}/photo.jpg")

    assert unchecking_store.list() == []


def test_only_the_damaged_version_is_removed(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.answer(200, etag=f'"{OTHER_MD5}"')
    with pytest.raises(ChangedError):
        S3Client().put(photo, URL)

    deletions = [headers for method, headers, _ in fake_s3.requests if method == "DELETE"]

    assert {headers["if-match"] for headers in deletions} == {f'"{OTHER_MD5}"'}


@pytest.mark.parametrize(
    "reply",
    [
        {"etag": '"several-2"'},
        {"etag": f'"{OTHER_MD5}"', "x_amz_server_side_encryption": "aws:kms"},
    ],
    ids=["several parts", "KMS"],
)
def test_an_etag_that_is_not_an_md5_does_not_mean_damage(
    reply: dict[str, str], fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.answer(200, b"", **reply)

    S3Client().put(photo, URL)

    assert len(fake_s3.requests) == 1
