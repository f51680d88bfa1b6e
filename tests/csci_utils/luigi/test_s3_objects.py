"""URLs, content types and states."""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from csci_utils.errors import S3Error
from csci_utils.luigi import ObjectState, S3Client
from csci_utils.s3.objects import content_type, read_state, split_url
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import CONTENT, MD5, OTHER_MD5, SHA256, URL, answer_state
from tests.support.remotes.stores import S3Store

OTHER_SHA256 = hashlib.sha256(b"other bytes").hexdigest()
CRC32 = f"{zlib.crc32(CONTENT):08x}"
FULL = ObjectState(len(CONTENT), MD5, recorded_sha256=SHA256)
"""What the server tells about an object of this project with `CONTENT`."""

# Wang et al. 2004, https://eprint.iacr.org/2004/199: the two differ in six bits.
COLLIDING = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e48883257141"
    "5a085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248"
    "cda0e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
COLLIDING_TOO = bytes(
    byte ^ 0x80 if index in (19, 45, 59, 83, 109, 123) else byte
    for index, byte in enumerate(COLLIDING)
)


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
def test_another_url_is_an_error(url: str) -> None:
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
def test_a_name_determines_the_content_type(name: str, expected: str) -> None:
    assert content_type(name) == expected


# States.


def base64_of(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


@pytest.mark.parametrize("name", ["sha256", "Sha256"])
def test_metadata_name_the_sha256(name: str) -> None:
    reply = {"ContentLength": 10, "ETag": f'"{MD5}"', "Metadata": {name: SHA256}}

    assert read_state(reply).sha256 == SHA256


def test_states_share_equal_texts() -> None:
    replies = [
        {"ContentLength": 10, "ETag": "x", "Metadata": {name: "".join(["C", "++"])}}
        for name in ("Engine", "engine")
    ]

    (first, second) = (read_state(reply).metadata for reply in replies)

    assert first == {"engine": "C++"}
    assert first["engine"] is second["engine"]


@pytest.mark.parametrize("value", ["", "x" * 64, SHA256[:-1], SHA256 + "0"])
def test_metadata_of_another_form_count_as_none(value: str) -> None:
    reply = {"ContentLength": 10, "ETag": f'"{MD5}"', "Metadata": {"sha256": value}}

    assert read_state(reply).sha256 is None


def test_a_checksum_names_the_sha256() -> None:
    reply = {"ContentLength": 10, "ETag": '"x"', "ChecksumSHA256": base64_of(SHA256)}

    assert read_state(reply).sha256 == SHA256


@pytest.mark.parametrize(
    "reply",
    [
        {"ETag": '"x-2"', "ChecksumSHA256": base64_of(SHA256)},
        {"ETag": '"x"', "ChecksumSHA256": base64_of(SHA256) + "-2"},
        {"ETag": '"x"', "ChecksumSHA256": base64_of(SHA256), "ChecksumType": "COMPOSITE"},
        {"ETag": '"x"', "ChecksumSHA256": "not base64"},
    ],
    ids=["ETag of parts", "checksum of parts", "composite", "damaged"],
)
def test_a_checksum_of_parts_counts_as_none(reply: dict[str, str]) -> None:
    assert read_state({"ContentLength": 10, **reply}).sha256 is None


def test_sources_that_disagree_count_as_none() -> None:
    state = ObjectState(10, MD5, recorded_sha256=SHA256, checksum_sha256=OTHER_SHA256)

    assert state.sha256 is None


@pytest.mark.parametrize("reply", [{"ContentLength": 10}, {"ETag": '"x"'}])
def test_an_unusable_reply_is_an_error(reply: dict[str, object]) -> None:
    with pytest.raises(S3Error, match="is this a server for S3"):
        read_state(reply)


def test_the_version_of_an_object_of_an_earlier_release_is_its_etag() -> None:
    state = ObjectState(10, MD5, checksum_sha256=SHA256, checksum_crc32=CRC32)

    assert state.version == MD5


def test_the_version_differs_if_only_the_sha256_does() -> None:
    assert FULL.version != replace(FULL, recorded_sha256=OTHER_SHA256).version


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (FULL, True),
        (replace(FULL, size=11), False),
        (replace(FULL, etag=OTHER_MD5), False),
        (replace(FULL, etag="unknown"), True),
        (replace(FULL, etag="unknown", recorded_sha256=OTHER_SHA256), False),
        (replace(FULL, recorded_sha256=OTHER_SHA256), None),
        (replace(FULL, checksum_sha256=OTHER_SHA256), None),
        (ObjectState(len(CONTENT), MD5, checksum_crc32=CRC32), True),
        (ObjectState(len(CONTENT), MD5, checksum_crc32="00000000"), False),
        (ObjectState(len(CONTENT), MD5), None),
        (ObjectState(len(CONTENT), "unknown", checksum_crc32=CRC32), None),
        (ObjectState(len(CONTENT), MD5, content_sha256=SHA256), True),
        (ObjectState(len(CONTENT), MD5, content_sha256=OTHER_SHA256), False),
    ],
    ids=[
        "all agree",
        "size",
        "MD5",
        "SHA-256 alone",
        "other SHA-256 alone",
        "SHA-256 of replaced bytes",
        "contradiction",
        "MD5 and CRC-32",
        "MD5 and other CRC-32",
        "MD5 alone",
        "CRC-32 alone",
        "read",
        "read others",
    ],
)
def test_a_state_tells_whether_it_has_a_file_s_bytes(
    state: ObjectState, expected: bool | None, photo: str
) -> None:
    assert state.has_bytes_of(photo) is expected


def test_an_object_of_another_program_is_read_for_its_digest(s3_store: S3Store) -> None:
    s3_store.write("photo.jpg", CONTENT)

    assert S3Client().sha256(f"{s3_store.url}/photo.jpg") == SHA256


@pytest.mark.parametrize("is_ours", [True, False], ids=["this project's", "another program's"])
def test_files_with_the_same_md5_are_not_the_same(
    is_ours: bool, s3_store: S3Store, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(COLLIDING)
    two.write_bytes(COLLIDING_TOO)
    url, client = f"{s3_store.url}/photo.jpg", S3Client()

    if is_ours:
        client.put(str(one), url)
    else:
        s3_store.write("photo.jpg", COLLIDING)

    assert client.state(url) is not None
    assert client.same_bytes(url, str(one))
    assert not client.same_bytes(url, str(two))


def test_the_bytes_are_read_once_if_only_an_md5_is_known(fake_s3: FakeS3, photo: str) -> None:
    answer_state(fake_s3, MD5)
    client = S3Client()

    with client.remembering():
        answers = [client.same_bytes(URL, photo) for _ in range(3)]

    assert answers == [True] * 3
    assert fake_s3.methods() == ["HEAD", "GET"]


def test_the_versions_of_two_publications_of_colliding_files_differ(
    s3_store: S3Store, tmp_path: Path
) -> None:
    url, client = f"{s3_store.url}/photo.jpg", S3Client()
    versions = set()

    for content in (COLLIDING, COLLIDING_TOO):
        (tmp_path / "photo.jpg").write_bytes(content)
        client.put(str(tmp_path / "photo.jpg"), url)
        versions.add(client.version(url))

    assert len(versions) == 2


@pytest.mark.parametrize("keep_earlier", [False, True])
def test_metadata_of_the_caller_s_own_is_published_besides_the_digest(
    keep_earlier: bool, s3_store: S3Store, photo: str
) -> None:
    url = f"{s3_store.url}/photo.jpg"

    S3Client().put(photo, url, keep_earlier, Metadata={"image-sha256": "0" * 64})

    state = S3Client().state(url)
    assert state is not None
    assert state.metadata == {"image-sha256": "0" * 64, "sha256": SHA256}
