"""The state of objects, its cache, listings and removal."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi import S3Client
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import (
    CONTENT,
    MD5,
    OTHER_MD5,
    URL,
    answer_state,
    upload_in_parts,
)
from tests.support.remotes.stores import S3Store

# States.


@pytest.mark.parametrize("content", [b"content", b""])
def test_an_object_is_found_in_one_request(
    content: bytes, s3_store: S3Store, sent: tuple[S3Client, list[str]]
) -> None:
    client, operations = sent
    s3_store.write("photo.jpg", content)

    assert client.exists(f"{s3_store.url}/photo.jpg")
    assert operations == ["HeadObject"]


def test_a_missing_object_in_a_known_bucket_costs_one_request(
    s3_store: S3Store, sent: tuple[S3Client, list[str]]
) -> None:
    client, operations = sent
    client.isdir(s3_store.url)

    assert not client.exists(f"{s3_store.url}/photo.jpg")
    assert operations == ["ListObjectsV2", "HeadObject"]


def test_a_bucket_becomes_known_by_one_request_more(
    s3_store: S3Store, sent: tuple[S3Client, list[str]]
) -> None:
    client, operations = sent

    for name in ("a", "b"):
        assert not client.exists(f"{s3_store.url}/{name}")

    assert operations == ["HeadObject", "GetObject", "HeadObject"]


@pytest.mark.parametrize("name", ["x.pn", "x.png/", "X.png", ""])
def test_the_key_must_match_exactly(name: str, s3_store: S3Store) -> None:
    s3_store.write("x.png", b"content")

    assert not S3Client().exists(f"{s3_store.url}/{name}")


def test_the_state_of_an_object_is_size_and_md5(s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", CONTENT)

    state = S3Client().state(f"{s3_store.url}/photo.jpg")

    assert state is not None
    assert (state.size, state.etag, state.md5) == (len(CONTENT), MD5, MD5)


def test_the_state_of_an_empty_object_is_known(s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", b"")
    etag = hashlib.md5(b"", usedforsecurity=False).hexdigest()

    state = S3Client().state(f"{s3_store.url}/photo.jpg")

    assert state is not None
    assert (state.size, state.md5) == (0, etag)


def test_the_etag_of_several_parts_is_not_an_md5(s3_store: S3Store) -> None:
    upload_in_parts(s3_store, "photo.jpg", bytes(6 << 20))

    state = S3Client().state(f"{s3_store.url}/photo.jpg")

    assert state is not None
    assert (state.size, state.md5, state.part_count) == (6 << 20, None, 2)


@pytest.mark.parametrize(
    "encryption",
    [
        {"x_amz_server_side_encryption": "aws:kms"},
        {"x_amz_server_side_encryption": "aws:kms:dsse"},
        {"x_amz_server_side_encryption_customer_algorithm": "AES256"},
    ],
    ids=["KMS", "DSSE", "customer's key"],
)
def test_the_etag_of_an_encrypted_object_is_not_an_md5(
    encryption: dict[str, str], fake_s3: FakeS3
) -> None:
    answer_state(fake_s3, OTHER_MD5, **encryption)

    state = S3Client().state(URL)

    assert state is not None
    assert state.md5 is None


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


def test_a_missing_object_does_not_have_the_same_bytes(s3_store: S3Store, photo: str) -> None:
    assert not S3Client().same_bytes(f"{s3_store.url}/photo.jpg", photo)


@pytest.mark.parametrize(("last", "same"), [(b"x", True), (b"y", False)])
def test_bytes_are_compared_if_the_etag_is_not_an_md5(
    last: bytes, same: bool, s3_store: S3Store, tmp_path: Path
) -> None:
    upload_in_parts(s3_store, "photo.jpg", bytes(6 << 20) + b"x")
    (tmp_path / "local").write_bytes(bytes(6 << 20) + last)

    found = S3Client().same_bytes(f"{s3_store.url}/photo.jpg", str(tmp_path / "local"))

    assert found is same


def test_a_prefix_of_the_bytes_is_not_the_same_bytes(fake_s3: FakeS3, photo: str) -> None:
    # The object shrinks between the two requests.
    answer_state(fake_s3, "several-2")

    fake_s3.answer(200, CONTENT[:4], etag='"shorter-2"')

    assert not S3Client().same_bytes(URL, photo)


def test_an_md5_is_compared_in_one_request(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    s3_store.write("photo.jpg", CONTENT)

    client.same_bytes(f"{s3_store.url}/photo.jpg", photo)

    assert operations == ["HeadObject"]


# The cache.


@pytest.mark.parametrize("content", [None, CONTENT])
def test_a_state_is_requested_once_while_remembering(
    content: bytes | None, s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    url = f"{s3_store.url}/photo.jpg"
    if content is not None:
        s3_store.write("photo.jpg", content)
    client.isdir(s3_store.url)

    with client.remembering():
        answers = [(client.exists(url), client.same_bytes(url, photo)) for _ in range(3)]

    assert answers == [(content is not None, content is not None)] * 3
    assert operations == ["ListObjectsV2", "HeadObject"]


def test_remembered_states_are_forgotten_at_the_end(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    with client.remembering():
        assert not client.exists(url)

    s3_store.write("photo.jpg", CONTENT)

    assert client.exists(url)


def test_a_put_updates_the_remembered_state(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], photo: str
) -> None:
    client, operations = sent
    url = f"{s3_store.url}/photo.jpg"
    client.isdir(s3_store.url)

    with client.remembering():
        assert not client.exists(url)
        client.put(photo, url)
        assert client.same_bytes(url, photo)

    assert operations == ["ListObjectsV2", "HeadObject", "PutObject"]


def test_a_removal_drops_the_remembered_state(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    s3_store.write("photo.jpg", CONTENT)

    with client.remembering():
        assert client.exists(url)
        client.remove(url)
        assert not client.exists(url)


def test_reading_updates_the_remembered_state(s3_store: S3Store) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"
    s3_store.write("photo.jpg", b"other bytes")

    with client.remembering():
        assert client.version(url) == OTHER_MD5
        s3_store.write("photo.jpg", CONTENT)
        assert client.get_key(url).read() == CONTENT
        assert client.version(url) == MD5


def test_a_conflict_updates_the_remembered_state(s3_store: S3Store, photo: str) -> None:
    client, url = S3Client(), f"{s3_store.url}/photo.jpg"

    with client.remembering():
        assert not client.exists(url)
        s3_store.write("photo.jpg", b"other bytes")
        with pytest.raises(AlreadyExistsError):
            client.put(photo, url, IfNoneMatch="*")
        assert client.version(url) == OTHER_MD5


# Listings and removal.


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
