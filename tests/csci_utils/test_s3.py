"""The client on a real server; and on a fake one, for faults that a real one cannot make."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from csci_utils.errors import (
    AlreadyExistsError,
    ChangedError,
    S3AccessError,
    S3BucketMissingError,
    S3Error,
    S3KeyMissingError,
    TransferError,
)
from csci_utils.luigi import ObjectState, S3Client
from csci_utils.luigi.s3_connection import CONNECT_TRIES, REQUEST_TRIES
from csci_utils.luigi.s3_objects import content_type, split_url
from csci_utils.luigi.s3_transfer import PUT_PAUSE_SECONDS, PUT_TRIES
from tests.support.s3_fake import FakeS3
from tests.support.stores import S3Store

URL = "s3://bucket/photo.jpg"
CONTENT = b"some bytes"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
OTHER_MD5 = hashlib.md5(b"other bytes", usedforsecurity=False).hexdigest()
CRC32_OF_OTHER_BYTES = "AAAAAA=="

REFUSALS = {
    "InvalidAccessKeyId": (403, "AWS_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": (403, "secret key is wrong; check AWS_SECRET_ACCESS_KEY"),
    "ExpiredToken": (400, "expired; sign in again"),
    "InvalidToken": (400, "AWS_SESSION_TOKEN"),
    "RequestTimeTooSkewed": (403, "clock"),
    "AccessDenied": (403, "do not permit this; ask for s3:GetObject"),
    "SomethingNew": (403, "do not permit this; ask for s3:GetObject"),
}
every_refusal = pytest.mark.parametrize("code", REFUSALS)

every_call = pytest.mark.parametrize("call", ["exists", "version", "get_key", "listdir", "put"])

# Whole, and in pieces as a copy reads.
every_size = pytest.mark.parametrize("size", [None, -1, 4])


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.jpg"
    path.write_bytes(CONTENT)
    return str(path)


def ask(call: str, url: str, photo: str) -> object:
    """Make one of the client's calls with what it takes."""
    arguments = (photo, url) if call == "put" else (url,)
    answer = getattr(S3Client(), call)(*arguments)
    return list(answer) if call == "listdir" else answer


def read_all(url: str, size: int | None) -> bytes:
    body = S3Client().get_key(url).get()["Body"]
    if size is None or size < 0:
        return body.read(size)
    return b"".join(iter(lambda: body.read(size), b""))


def upload_in_parts(store: S3Store, path: str, content: bytes) -> None:
    """As other programs publish large files; the ETag is no MD5 then."""
    config = TransferConfig(multipart_threshold=1, multipart_chunksize=5 << 20)
    store.client.upload_fileobj(
        io.BytesIO(content), store.bucket, store.prefix + path, Config=config
    )


# Addresses and names.


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("s3://bucket/key", ("bucket", "key")),
        ("s3://bucket/a/b c?d#e%20", ("bucket", "a/b c?d#e%20")),
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket//key", ("bucket", "/key")),
    ],
)
def test_a_url_is_split_into_bucket_and_key(url: str, parts: tuple[str, str]) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize("url", ["bucket/key", "s3://", "s3:///key", "https://bucket/key", ""])
def test_what_is_no_url_of_s3_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="expected s3://bucket/key"):
        split_url(url)


MEDIA_TYPES = {
    "photo.jpg": "image/jpeg",
    "PHOTO.JPG": "image/jpeg",
    "a.b.png": "image/png",
    "photo.webp": "image/webp",
    "photo.avif": "image/avif",
    "photo.jp2": "image/jp2",
    "list.json": "application/json",
    "model.onnx": "application/octet-stream",
    "none": "application/octet-stream",
}


@pytest.mark.parametrize(("name", "expected"), MEDIA_TYPES.items())
def test_a_name_stands_for_a_content_type(name: str, expected: str) -> None:
    assert content_type(name) == expected


# Settings.


def test_the_endpoint_of_the_environment_is_asked(fake_s3: FakeS3) -> None:
    fake_s3.refuse(404, "NoSuchKey")
    S3Client().exists(URL)
    assert len(fake_s3.requests) == 1


@pytest.fixture
def profile(fake_s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a profile, which says alone where the server is and who asks."""
    for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}")
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile painter]\nregion = eu-central-1\nendpoint_url = {fake_s3.url}\n"
    )
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[painter]\naws_access_key_id = key-of-painter\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "painter")
    return "painter"


def test_a_profile_gives_endpoint_credentials_and_region(fake_s3: FakeS3, profile: str) -> None:
    fake_s3.refuse(404, "NoSuchKey")
    S3Client().exists(URL)
    ((_, headers, _),) = fake_s3.requests
    assert "Credential=key-of-painter/" in headers["authorization"]
    assert "/eu-central-1/s3/" in headers["authorization"]


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(S3AccessError, match=r"nobody.*check AWS_PROFILE"):
        S3Client().exists(URL)


def test_missing_credentials_are_named_with_the_remedy(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(S3AccessError, match="no credentials were found; set AWS_PROFILE"):
        S3Client().exists(URL)


def test_a_process_that_forked_gets_a_client_of_its_own(
    s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = S3Client()
    before = client.boto_client
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert client.boto_client is not before


def test_a_process_keeps_its_client(s3_environment: None) -> None:
    client = S3Client()
    assert client.boto_client is client.boto_client


# Whether something is there.


@pytest.mark.parametrize("content", [b"content", b""])
def test_an_object_is_found_in_one_request(
    content: bytes, s3_store: S3Store, sent: tuple[S3Client, list[str]]
) -> None:
    client, operations = sent
    s3_store.write("photo.jpg", content)
    assert client.exists(f"{s3_store.url}/photo.jpg")
    assert operations == ["GetObject"]


def test_a_missing_object_is_found_missing_in_one_request(
    s3_store: S3Store, sent: tuple[S3Client, list[str]]
) -> None:
    client, operations = sent
    assert not client.exists(f"{s3_store.url}/photo.jpg")
    assert operations == ["GetObject"]


@pytest.mark.parametrize("name", ["x.pn", "x.png/", "X.png", ""])
def test_the_key_has_to_be_exactly_this(name: str, s3_store: S3Store) -> None:
    s3_store.write("x.png", b"content")
    assert not S3Client().exists(f"{s3_store.url}/{name}")


@every_call
def test_a_missing_bucket_is_an_error(call: str, s3_environment: None, photo: str) -> None:
    with pytest.raises(S3BucketMissingError, match="bucket 'nowhere' does not exist; create it"):
        ask(call, "s3://nowhere/photo.jpg", photo)


@every_refusal
def test_a_refusal_is_an_error_with_its_remedy(code: str, fake_s3: FakeS3) -> None:
    status, remedy = REFUSALS[code]
    fake_s3.refuse(status, code)
    with pytest.raises(S3AccessError, match=f"{code}.*{remedy}"):
        S3Client().exists(URL)


@every_call
def test_a_refusal_is_an_error_of_every_call(call: str, fake_s3: FakeS3, photo: str) -> None:
    fake_s3.refuse(403, "AccessDenied")
    with pytest.raises(S3AccessError, match="s3://bucket"):
        ask(call, URL, photo)


@every_refusal
def test_a_refusal_is_taken_at_its_first_word(code: str, fake_s3: FakeS3) -> None:
    fake_s3.refuse(REFUSALS[code][0], code)
    with pytest.raises(S3AccessError):
        S3Client().exists(URL)
    assert len(fake_s3.requests) == 1


def test_a_refusal_does_not_tell_the_secret(fake_s3: FakeS3) -> None:
    fake_s3.answer(403, b"<Error><Code>X</Code><Message>test-secret</Message></Error>")
    with pytest.raises(S3AccessError) as caught:
        S3Client().exists(URL)
    assert "test-secret" not in str(caught.value)


@every_call
def test_a_server_that_fails_for_ever_is_an_error(call: str, fake_s3: FakeS3, photo: str) -> None:
    fake_s3.refuse(503, "SlowDown")
    with pytest.raises(S3Error, match=r"SlowDown.*run again later"):
        ask(call, URL, photo)


@pytest.mark.parametrize("tries", [None, 3], ids=["by default", "as AWS_MAX_ATTEMPTS says"])
def test_a_server_that_has_no_time_is_asked_again(
    tries: int | None, fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tries:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", str(tries))
    fake_s3.refuse(503, "SlowDown")
    with pytest.raises(S3Error):
        S3Client().exists(URL)
    assert len(fake_s3.requests) == (tries or REQUEST_TRIES)


def test_where_nothing_answers_it_is_not_waited_for_long(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(S3Error):
        S3Client().exists(URL)
    assert len(fake_s3.pauses) == CONNECT_TRIES - 1


def test_where_nothing_answers_the_server_is_named_without_its_password(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:password@127.0.0.1:1")
    with pytest.raises(S3Error, match=r"http://127\.0\.0\.1:1 .*AWS_ENDPOINT_URL") as caught:
        S3Client().exists(URL)
    assert "password" not in str(caught.value)


@every_call
def test_a_server_that_hangs_up_for_ever_is_an_error(
    call: str, fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.hang_up()
    with pytest.raises(S3Error, match="s3://bucket"):
        ask(call, URL, photo)


# Which version, and whether these bytes.


def test_the_state_of_an_object_is_size_and_md5(s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", CONTENT)
    state = S3Client().state(f"{s3_store.url}/photo.jpg")
    assert state == ObjectState(size=len(CONTENT), etag=MD5, etag_is_md5=True)


def test_the_state_of_an_empty_object_is_known(s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", b"")
    etag = hashlib.md5(b"", usedforsecurity=False).hexdigest()
    state = S3Client().state(f"{s3_store.url}/photo.jpg")
    assert state == ObjectState(size=0, etag=etag, etag_is_md5=True)


def test_the_etag_of_several_parts_is_no_md5(s3_store: S3Store) -> None:
    upload_in_parts(s3_store, "photo.jpg", bytes(6 << 20))
    state = S3Client().state(f"{s3_store.url}/photo.jpg")
    assert state is not None
    assert (state.size, state.etag_is_md5) == (6 << 20, False)


@pytest.mark.parametrize(
    "encryption",
    [
        {"x_amz_server_side_encryption": "aws:kms"},
        {"x_amz_server_side_encryption": "aws:kms:dsse"},
        {"x_amz_server_side_encryption_customer_algorithm": "AES256"},
    ],
    ids=["KMS", "DSSE", "customer's key"],
)
def test_the_etag_of_an_object_with_its_own_key_is_no_md5(
    encryption: dict[str, str], fake_s3: FakeS3
) -> None:
    fake_s3.answer(206, b"s", etag=f'"{OTHER_MD5}"', content_range="bytes 0-0/10", **encryption)
    state = S3Client().state(URL)
    assert state is not None
    assert not state.etag_is_md5


def test_a_missing_object_has_no_version(s3_store: S3Store) -> None:
    assert S3Client().version(f"{s3_store.url}/photo.jpg") is None


def test_other_bytes_of_the_same_size_are_another_version(s3_store: S3Store) -> None:
    s3_store.write("a", b"abc")
    s3_store.write("b", b"abd")
    client = S3Client()
    assert client.version(f"{s3_store.url}/a") != client.version(f"{s3_store.url}/b")


COMPARISONS = pytest.mark.parametrize(
    ("content", "same"),
    [
        (CONTENT, True),
        (b"same size!", False),
        (CONTENT + b".", False),
        (CONTENT[:-1], False),
        (b"", False),
    ],
)


@COMPARISONS
def test_bytes_are_compared(content: bytes, same: bool, s3_store: S3Store, photo: str) -> None:
    s3_store.write("photo.jpg", content)
    assert S3Client().same_bytes(f"{s3_store.url}/photo.jpg", photo) is same


def test_a_missing_object_has_no_bytes_in_common(s3_store: S3Store, photo: str) -> None:
    assert not S3Client().same_bytes(f"{s3_store.url}/photo.jpg", photo)


@pytest.mark.parametrize(("last", "same"), [(b"x", True), (b"y", False)])
def test_bytes_are_compared_where_the_etag_is_no_md5(
    last: bytes, same: bool, s3_store: S3Store, tmp_path: Path
) -> None:
    upload_in_parts(s3_store, "photo.jpg", bytes(6 << 20) + b"x")
    (tmp_path / "local").write_bytes(bytes(6 << 20) + last)
    found = S3Client().same_bytes(f"{s3_store.url}/photo.jpg", str(tmp_path / "local"))
    assert found is same


def test_a_part_of_the_bytes_is_not_the_same_bytes(fake_s3: FakeS3, photo: str) -> None:
    # The object shrinks between the two requests.
    fake_s3.answer(206, b"s", etag='"several-2"', content_range=f"bytes 0-0/{len(CONTENT)}")
    fake_s3.answer(200, CONTENT[:4], etag='"shorter-2"')
    assert not S3Client().same_bytes(URL, photo)


def test_bytes_are_compared_in_one_request_where_the_etag_is_an_md5(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    s3_store.write("photo.jpg", CONTENT)
    client.same_bytes(f"{s3_store.url}/photo.jpg", photo)
    assert operations == ["GetObject"]


# Remembering.


@pytest.mark.parametrize("content", [None, CONTENT])
def test_an_object_is_asked_for_once_while_remembering(
    content: bytes | None, s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    url = f"{s3_store.url}/photo.jpg"
    if content is not None:
        s3_store.write("photo.jpg", content)
    with client.remembering():
        answers = [(client.exists(url), client.same_bytes(url, photo)) for _ in range(3)]
    assert answers == [(content is not None, content is not None)] * 3
    assert operations == ["GetObject"]


def test_what_was_remembered_is_forgotten_at_the_end(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    with client.remembering():
        assert not client.exists(url)
    s3_store.write("photo.jpg", CONTENT)
    assert client.exists(url)


def test_what_this_client_puts_is_known_without_asking(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    url = f"{s3_store.url}/photo.jpg"
    with client.remembering():
        assert not client.exists(url)
        client.put(photo, url)
        assert client.same_bytes(url, photo)
    assert operations == ["GetObject", "PutObject"]


def test_what_this_client_removes_is_not_remembered(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    s3_store.write("photo.jpg", CONTENT)
    with client.remembering():
        assert client.exists(url)
        client.remove(url)
        assert not client.exists(url)


def test_the_version_that_is_read_is_the_one_remembered(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    s3_store.write("photo.jpg", b"other bytes")
    with client.remembering():
        assert client.version(url) == OTHER_MD5
        s3_store.write("photo.jpg", CONTENT)
        assert client.get_key(url).read() == CONTENT
        assert client.version(url) == MD5


def test_a_loser_to_another_publisher_sees_what_is_there(s3_store: S3Store, photo: str) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    with client.remembering():
        assert not client.exists(url)
        s3_store.write("photo.jpg", b"other bytes")
        with pytest.raises(AlreadyExistsError):
            client.put(photo, url, IfNoneMatch="*")
        assert client.version(url) == OTHER_MD5


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
def test_a_body_is_not_compared_with_an_etag_that_is_no_md5(
    size: int | None, fake_s3: FakeS3
) -> None:
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
    client.put(photo, f"{s3_store.url}/photo.jpg", IfNoneMatch="*")
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
    options: dict[str, str], expected: str, s3_store: S3Store, photo: str
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


def test_s3_is_told_the_md5_to_check(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.answer(200, etag=f'"{MD5}"')
    S3Client().put(photo, URL)
    assert fake_s3.requests[0][1]["content-md5"] == base64.b64encode(bytes.fromhex(MD5)).decode()


def told_states(fake_s3: FakeS3, etag: str) -> None:
    fake_s3.answer(206, b"s", etag=f'"{etag}"', content_range=f"bytes 0-0/{len(CONTENT)}")


def test_a_conditional_put_whose_reply_is_lost_succeeds(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.hang_up()
    fake_s3.refuse(412, "PreconditionFailed")
    told_states(fake_s3, MD5)
    S3Client().put(photo, URL, IfNoneMatch="*")
    assert [method for method, _, _ in fake_s3.requests] == ["PUT", "PUT", "GET"]


def test_a_conditional_put_that_somebody_else_won_is_a_conflict(
    fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.refuse(412, "PreconditionFailed")
    told_states(fake_s3, OTHER_MD5)
    with pytest.raises(AlreadyExistsError, match=URL):
        S3Client().put(photo, URL, IfNoneMatch="*")


every_passing_fault = pytest.mark.parametrize(
    ("status", "code", "error"),
    [(409, "ConditionalRequestConflict", S3Error), (400, "BadDigest", ChangedError)],
)


@every_passing_fault
def test_a_put_is_sent_again_with_all_its_bytes(
    status: int, code: str, error: type[Exception], fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.refuse(status, code, times=PUT_TRIES - 1)
    fake_s3.answer(200, etag=f'"{MD5}"')
    S3Client().put(photo, URL, IfNoneMatch="*")
    assert [body for _, _, body in fake_s3.requests] == [CONTENT] * PUT_TRIES


@every_passing_fault
def test_a_put_that_never_passes_is_given_up(
    status: int, code: str, error: type[Exception], fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.refuse(status, code)
    with pytest.raises(error, match=f"{URL}.*run again"):
        S3Client().put(photo, URL, IfNoneMatch="*")
    assert len(fake_s3.requests) == PUT_TRIES


def test_pauses_between_tries_double(fake_s3: FakeS3, photo: str) -> None:
    fake_s3.refuse(409, "ConditionalRequestConflict")
    with pytest.raises(S3Error):
        S3Client().put(photo, URL, IfNoneMatch="*")
    assert fake_s3.pauses == [PUT_PAUSE_SECONDS * factor for factor in (1, 2, 4, 8)]


def corrupt(client: S3Client, times: int) -> None:
    """Alter the bodies of the next puts on their way to a server that does not check them."""
    damaged = iter(range(times))

    def alter(request: Any, **_: Any) -> None:
        if next(damaged, None) is not None:
            request.body = io.BytesIO(b"S" + CONTENT[1:])

    client.boto_client.meta.events.register("before-send.s3.PutObject", alter)


@pytest.fixture
def unchecking_store(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """A server that stores whatever arrives; waiting between tries is left out."""
    monkeypatch.setattr("csci_utils.luigi.s3_transfer.PUT_PAUSE_SECONDS", 0)
    return s3_store


@pytest.mark.parametrize("options", [{}, {"IfNoneMatch": "*"}], ids=["replacing", "creating"])
def test_what_was_damaged_on_the_way_is_sent_again(
    options: dict[str, str], unchecking_store: S3Store, photo: str
) -> None:
    client = S3Client()
    corrupt(client, times=1)
    client.put(photo, f"{unchecking_store.url}/photo.jpg", **options)
    assert unchecking_store.read("photo.jpg") == CONTENT


def test_what_is_always_damaged_on_the_way_is_an_error(
    unchecking_store: S3Store, photo: str
) -> None:
    client = S3Client()
    corrupt(client, times=PUT_TRIES)
    with pytest.raises(ChangedError, match="damaged in transit; run again"):
        client.put(photo, f"{unchecking_store.url}/photo.jpg")


def test_what_is_always_damaged_on_the_way_is_not_left_there(
    unchecking_store: S3Store, photo: str
) -> None:
    client = S3Client()
    corrupt(client, times=PUT_TRIES)
    with pytest.raises(ChangedError):
        client.put(photo, f"{unchecking_store.url}/photo.jpg")
    assert unchecking_store.list() == []


def test_only_our_own_damaged_bytes_are_taken_back(fake_s3: FakeS3, photo: str) -> None:
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
def test_an_etag_that_is_no_md5_is_no_sign_of_damage(
    reply: dict[str, str], fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.answer(200, b"", **reply)
    S3Client().put(photo, URL)
    assert len(fake_s3.requests) == 1


# Listing and removing.


def urls(store: S3Store, names: Iterable[str]) -> list[str]:
    return [f"{store.url}/folder/{name}" for name in names]


def test_a_listing_has_all_below_the_prefix_in_order(s3_store: S3Store) -> None:
    for name in ("b", "a", "deep/er/c"):
        s3_store.write(f"folder/{name}", b"")
    listed = list(S3Client().listdir(f"{s3_store.url}/folder"))
    assert listed == urls(s3_store, ["a", "b", "deep/er/c"])


@pytest.mark.parametrize("name", ["a b", "a+b", "a%20b", "é", "e\u0301", "a?b#c", "a\\b"])
def test_odd_keys_are_listed_as_they_are(name: str, s3_store: S3Store) -> None:
    s3_store.write(f"folder/{name}", b"")
    assert list(S3Client().listdir(f"{s3_store.url}/folder")) == urls(s3_store, [name])


def test_a_prefix_ends_where_its_name_ends(s3_store: S3Store) -> None:
    s3_store.write("folder-too/a", b"")
    assert list(S3Client().listdir(f"{s3_store.url}/folder")) == []


def test_a_bucket_is_listed(s3_store: S3Store) -> None:
    s3_store.write("a", b"")
    listed = list(S3Client().listdir(f"s3://{s3_store.bucket}"))
    assert listed == [f"{s3_store.url}/a"]


def test_a_listing_goes_on_after_its_first_page(fake_s3: FakeS3) -> None:
    for truncated, key in ((b"true", b"a"), (b"false", b"b")):
        fake_s3.answer(
            200,
            b"<ListBucketResult><IsTruncated>" + truncated + b"</IsTruncated>"
            b"<NextContinuationToken>next</NextContinuationToken>"
            b"<Contents><Key>" + key + b"</Key></Contents></ListBucketResult>",
        )
    assert list(S3Client().listdir("s3://bucket")) == ["s3://bucket/a", "s3://bucket/b"]


@pytest.mark.parametrize(("name", "found"), [("folder", True), ("folder/a", False), ("f", False)])
def test_a_prefix_with_objects_is_a_directory(name: str, found: bool, s3_store: S3Store) -> None:
    s3_store.write("folder/a", b"")
    assert S3Client().isdir(f"{s3_store.url}/{name}") is found


def test_one_object_is_removed(s3_store: S3Store) -> None:
    s3_store.write("a", b"")
    s3_store.write("a/b", b"")
    S3Client().remove(f"{s3_store.url}/a")
    assert s3_store.list() == ["a/b"]


def test_a_prefix_is_not_removed(s3_store: S3Store) -> None:
    s3_store.write("a/b", b"")
    with pytest.raises(ValueError, match="a prefix cannot be deleted"):
        S3Client().remove(f"{s3_store.url}/a", recursive=True)
