"""What is remembered of objects that change while another thread asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi import S3Client
from csci_utils.s3 import ObjectState
from tests.support.remotes.s3_objects import CONTENT
from tests.support.remotes.stores import S3Store

NAME = "photo.jpg"


@pytest.fixture
def url(s3_store: S3Store) -> str:
    """The URL of an object."""
    return f"{s3_store.url}/{NAME}"


@pytest.fixture
def client(s3_environment: None) -> Iterator[S3Client]:
    """A client that remembers what it was told."""
    made = S3Client()
    with made.remembering():
        yield made


class AskedMeanwhile:
    """Known states that another thread asks for in the moment before they are forgotten."""

    def __init__(self, client: S3Client, url: str) -> None:
        self._client, self._url = client, url
        self._state = client.state(url)
        self._is_known = True

    def find(self, path: str) -> ObjectState | None:
        if not self._is_known:
            raise LookupError(path)
        return self._state

    def keep(self, path: str, state: ObjectState | None) -> None:
        pass

    def forget(self, path: str) -> None:
        self.forget_all()

    def forget_all(self) -> None:
        self._client.state(self._url)
        self._is_known = False


def test_no_thread_brings_back_what_is_being_forgotten(
    s3_environment: None, s3_store: S3Store, url: str
) -> None:
    s3_store.write(NAME, CONTENT)
    client = S3Client()
    with client.remembering(AskedMeanwhile(client, url)):
        assert client.exists(url)
        s3_store.remove(NAME)

        client.forget_all()

        assert not client.exists(url)


def test_no_thread_brings_back_an_object_that_is_being_removed(
    s3_environment: None, s3_store: S3Store, url: str
) -> None:
    s3_store.write(NAME, CONTENT)
    client = S3Client()
    with client.remembering(AskedMeanwhile(client, url)):
        client.remove(url)

        assert not client.exists(url)


def call_during(client: S3Client, event: str, change: Callable[[], object]) -> None:
    """Have another thread do something at the next event of botocore, amid a request."""
    events = client.boto_client.meta.events

    def handle(**_: object) -> None:
        events.unregister(event, handle)
        change()

    events.register(event, handle)


def test_a_reply_that_arrives_after_all_was_forgotten_is_not_remembered(
    client: S3Client, s3_store: S3Store, url: str
) -> None:
    s3_store.write(NAME, CONTENT)

    def replace() -> None:
        s3_store.write(NAME, b"other bytes")
        client.forget_all()

    call_during(client, "after-call.s3.GetObject", replace)
    client.get_key(url).close()

    assert client.size(url) == len(b"other bytes")


@pytest.mark.parametrize("options", [{"IfNoneMatch": "*"}, {"keep_earlier": True}, {}])
def test_what_was_asked_while_an_object_was_sent_is_not_remembered(
    options: dict[str, object], client: S3Client, s3_store: S3Store, url: str, photo: str
) -> None:
    call_during(client, "before-call.s3.PutObject", lambda: client.exists(url))

    client.put(photo, url, **options)  # type: ignore[arg-type]

    assert client.same_bytes(url, photo)


def test_what_was_asked_while_an_object_was_not_sent_is_not_remembered(
    client: S3Client, s3_store: S3Store, url: str, tmp_path: Path, photo: str
) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(b"other bytes")

    def publish_elsewhere() -> None:
        assert not client.exists(url)
        s3_store.write(NAME, CONTENT)

    call_during(client, "before-call.s3.PutObject", publish_elsewhere)
    with pytest.raises(AlreadyExistsError):
        client.put(str(other), url, IfNoneMatch="*")

    assert client.same_bytes(url, photo)


def test_two_publishers_of_the_same_bytes_succeed_also_if_another_thread_asked(
    client: S3Client, s3_store: S3Store, url: str, photo: str
) -> None:
    def publish_elsewhere() -> None:
        assert not client.exists(url)
        s3_store.write(NAME, CONTENT)

    call_during(client, "before-call.s3.PutObject", publish_elsewhere)

    assert client.put(photo, url, IfNoneMatch="*").size == len(CONTENT)
