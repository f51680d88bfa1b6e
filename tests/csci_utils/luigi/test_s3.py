"""The state of objects, its cache, listings and removal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from csci_utils.errors import AlreadyExistsError, S3Error, TooLargeError
from csci_utils.luigi import Limits, S3Client
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


def urls(store: S3Store, names: Iterable[str]) -> list[str]:
    return [f"{store.url}/folder/{name}" for name in names]


def test_a_listing_is_complete_and_sorted(s3_store: S3Store) -> None:
    for name in ("b", "a", "deep/er/c"):
        s3_store.write(f"folder/{name}", b"")

    listed = list(S3Client().listdir(f"{s3_store.url}/folder"))

    assert listed == urls(s3_store, ["a", "b", "deep/er/c"])


@pytest.mark.parametrize("name", ["a b", "a+b", "a%20b", "é", "e\u0301", "a?b#c", "a\\b"])
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
    for truncated, key in ((b"true", b"a"), (b"false", b"b")):
        fake_s3.answer(
            200,
            b"<ListBucketResult><IsTruncated>" + truncated + b"</IsTruncated>"
            b"<NextContinuationToken>next</NextContinuationToken>"
            b"<Contents><Key>" + key + b"</Key></Contents></ListBucketResult>",
        )

    assert list(S3Client().listdir("s3://bucket")) == ["s3://bucket/a", "s3://bucket/b"]


def answer_empty_page(fake_s3: FakeS3, token: str) -> None:
    """Add the answer of a page without objects that says that another one follows."""
    fake_s3.answer(
        200,
        b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>"
        + token.encode()
        + b"</NextContinuationToken></ListBucketResult>",
    )


def test_a_listing_of_empty_pages_ends(fake_s3: FakeS3) -> None:
    for token in "abcde":
        answer_empty_page(fake_s3, token)

    with pytest.raises(TooLargeError, match="at most 3 files"):
        list(S3Client(limits=Limits(max_keys=3)).listdir("s3://bucket"))


def test_a_listing_that_repeats_itself_ends(fake_s3: FakeS3) -> None:
    answer_empty_page(fake_s3, "a")

    with pytest.raises(S3Error):
        list(S3Client().listdir("s3://bucket"))


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
