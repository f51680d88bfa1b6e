"""A server that is strict about signatures and clocks, and ignores conditions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Nop

from csci_utils.errors import AlreadyExistsError, S3AccessError, S3BucketMissingError
from csci_utils.luigi import S3Client, SuffixPreservingLocalTarget, copy
from tests.support.remotes.rclone import serve_rclone
from tests.support.remotes.s3_objects import CONTENT, SHA256
from tests.support.remotes.stores import S3Store, create_s3_client, create_s3_store
from tests.support.servers import aws_environment

TRIES = 20


@pytest.fixture(scope="module")
def rclone_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an rclone server."""
    with serve_rclone(tmp_path_factory.mktemp("rclone") / "buckets") as url:
        yield url


@pytest.fixture
def rclone_store(rclone_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """An empty prefix on the rclone server, to which the AWS variables point."""
    for name, value in aws_environment(rclone_endpoint).items():
        monkeypatch.setenv(name, value)
    return create_s3_store(create_s3_client(rclone_endpoint))


@pytest.fixture
def notes() -> list[str]:
    """What the client told."""
    return []


@pytest.fixture
def client(notes: list[str]) -> S3Client:
    """A client of the server."""
    return S3Client(notes.append)


@pytest.fixture
def url(rclone_store: S3Store) -> str:
    """The URL of an object that does not exist."""
    return f"{rclone_store.url}/photo.jpg"


def publish(client: S3Client, path: str, url: str) -> None:
    """Publish a file that never overwrites."""
    client.put(path, url, IfNoneMatch="*")


def test_what_was_published_is_known_without_reading_it(
    client: S3Client, url: str, photo: str
) -> None:
    publish(client, photo, url)

    state = client.state(url)

    assert state is not None
    assert state.sha256 == SHA256
    assert client.same_bytes(url, photo)


@pytest.mark.parametrize("keep_earlier", [False, True])
def test_metadata_of_the_caller_s_own_is_published_besides_the_digest(
    keep_earlier: bool, client: S3Client, url: str, photo: str
) -> None:
    client.put(photo, url, keep_earlier, Metadata={"image-sha256": "0" * 64})

    state = S3Client().state(url)

    assert state is not None
    assert state.metadata["image-sha256"] == "0" * 64
    assert state.sha256 == SHA256


def test_an_object_is_replaced_by_a_copy(
    client: S3Client, rclone_store: S3Store, url: str, photo: str
) -> None:
    rclone_store.write("photo.jpg", b"earlier bytes")

    state = client.put(photo, url, keep_earlier=True)

    assert state.sha256 == SHA256
    assert rclone_store.list() == ["photo.jpg"]
    assert rclone_store.read("photo.jpg") == CONTENT


def test_a_second_run_finds_everything_current(client: S3Client, url: str, photo: str) -> None:
    publish(client, photo, url)

    again = S3Client()

    assert again.version(url) == client.version(url)
    assert again.same_bytes(url, photo)


def test_what_was_published_is_fetched(
    client: S3Client, url: str, photo: str, tmp_path: Path
) -> None:
    publish(client, photo, url)
    local = tmp_path / "fetched.jpg"
    source = S3Target(url, format=Nop, client=client)

    copy(source, SuffixPreservingLocalTarget(str(local), format=Nop))

    assert local.read_bytes() == CONTENT


@pytest.mark.parametrize("remembers", [True, False])
def test_an_object_is_never_overwritten(
    remembers: bool, client: S3Client, url: str, rclone_store: S3Store, photo: str
) -> None:
    rclone_store.write("photo.jpg", b"other bytes")

    for _ in range(TRIES):
        with client.remembering():
            if remembers:
                client.exists(url)
            with pytest.raises(AlreadyExistsError):
                publish(client, photo, url)

    assert rclone_store.read("photo.jpg") == b"other bytes"


def test_after_its_detection_the_server_is_asked_again_before_a_put(
    client: S3Client, url: str, rclone_store: S3Store, photo: str
) -> None:
    publish(client, photo, url + ".first")

    with client.remembering():
        assert not client.exists(url)
        rclone_store.write("photo.jpg", b"other bytes")
        with pytest.raises(AlreadyExistsError):
            publish(client, photo, url)

    assert rclone_store.read("photo.jpg") == b"other bytes"


def test_an_object_that_was_overwritten_by_others_is_a_conflict(
    client: S3Client, url: str, rclone_store: S3Store, photo: str
) -> None:
    publish(client, photo, url + ".first")

    sent: list[str] = []

    def overwrite(event_name: str, **_: object) -> None:
        sent.append(event_name.rpartition(".")[2])
        if sent[-2:] == ["PutObject", "HeadObject"]:
            rclone_store.write("photo.jpg", b"other bytes")

    client.boto_client.meta.events.register("before-send.s3", overwrite)

    with pytest.raises(AlreadyExistsError):
        publish(client, photo, url)


def test_the_missing_conditions_are_told_once(
    client: S3Client, url: str, photo: str, notes: list[str]
) -> None:
    for number in range(3):
        publish(client, photo, f"{url}.{number}")

    (note,) = notes
    assert "ignores conditions" in note


def test_a_missing_bucket_is_named(client: S3Client, url: str) -> None:
    with pytest.raises(S3BucketMissingError, match="bucket 'nowhere' does not exist"):
        client.exists("s3://nowhere/photo.jpg")


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("AWS_SECRET_ACCESS_KEY", "the secret key is wrong"),
        ("AWS_ACCESS_KEY_ID", "does not know the access key"),
    ],
)
@pytest.mark.parametrize("call", ["exists", "isdir", "get_key"])
def test_wrong_credentials_are_named(
    call: str, variable: str, message: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "something-else")

    with pytest.raises(S3AccessError, match=message):
        getattr(S3Client(), call)(url)
