"""Files above the limit of one request, for which a small one stands here."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from csci_utils.errors import AlreadyExistsError, ChangedError
from csci_utils.s3 import Limits, S3Client
from tests.support.remotes.stores import S3Store

MIB = 1 << 20
LIMITS = Limits(single_bytes=5 * MIB, part_bytes=5 * MIB)
CONTENT = os.urandom(11 * MIB)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def large(tmp_path: Path) -> str:
    """The path of a file that needs three parts."""
    path = tmp_path / "large.tiff"
    path.write_bytes(CONTENT)
    return str(path)


@pytest.fixture
def client(s3_environment: None, tmp_path: Path) -> S3Client:
    """A client that sends it in parts."""
    return S3Client(limits=LIMITS, notes_folder=str(tmp_path / "notes"))


def open_uploads(store: S3Store) -> list[str]:
    found = store.client.list_multipart_uploads(Bucket=store.bucket)
    return [upload["Key"] for upload in found.get("Uploads", [])]


def notes(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "notes").glob("*")]


@pytest.mark.parametrize("options", [{}, {"IfNoneMatch": "*"}, {"keep_earlier": True}])
def test_a_large_file_is_published_in_parts_with_its_digest(
    options: dict[str, object], client: S3Client, s3_store: S3Store, large: str, tmp_path: Path
) -> None:
    url = f"{s3_store.url}/large.tiff"

    state = client.put(large, url, Metadata={"author": "nobody"}, **options)  # type: ignore[arg-type]

    assert state.part_count == 3
    assert state.sha256 == SHA256
    assert state.metadata["author"] == "nobody"
    assert S3Client().state(url) == state
    assert S3Client().same_bytes(url, large)
    assert s3_store.read("large.tiff") == CONTENT
    assert S3Client().get_key(url).read() == CONTENT
    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])


def test_other_bytes_are_not_overwritten(
    client: S3Client, s3_store: S3Store, large: str, tmp_path: Path
) -> None:
    s3_store.write("large.tiff", b"other bytes")

    with pytest.raises(AlreadyExistsError):
        client.put(large, f"{s3_store.url}/large.tiff", IfNoneMatch="*")

    assert s3_store.read("large.tiff") == b"other bytes"
    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])


def test_bytes_that_appear_meanwhile_are_not_overwritten(
    client: S3Client, s3_store: S3Store, large: str, tmp_path: Path
) -> None:
    def publish(**_: object) -> None:
        s3_store.write("large.tiff", b"other bytes")

    events = client.boto_client.meta.events
    events.register("before-send.s3.CompleteMultipartUpload", publish)

    with pytest.raises(AlreadyExistsError):
        client.put(large, f"{s3_store.url}/large.tiff", IfNoneMatch="*")

    assert s3_store.read("large.tiff") == b"other bytes"
    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])


def test_a_file_that_changes_is_not_published(
    client: S3Client, s3_store: S3Store, large: str, tmp_path: Path
) -> None:
    def change(**_: object) -> None:
        with open(large, "r+b") as file:
            file.seek(10 * MIB)
            file.write(bytes(100))

    client.boto_client.meta.events.register("before-send.s3.CreateMultipartUpload", change)

    with pytest.raises(ChangedError):
        client.put(large, f"{s3_store.url}/large.tiff")

    assert s3_store.list() == []
    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])


def test_no_part_arrives_after_all_were_deleted(
    client: S3Client, s3_store: S3Store, large: str
) -> None:
    events, deleted, order = client.boto_client.meta.events, Event(), list[str]()
    have_begun = Barrier(3, timeout=60)

    def fail_first(request: Any, **_: object) -> None:
        have_begun.wait()
        if "partNumber=1" in request.url:
            raise ZeroDivisionError
        deleted.wait(0.3)  # which must not come

    def delete(**_: object) -> None:
        order.append("deleted")
        deleted.set()

    events.register("before-send.s3.UploadPart", fail_first)
    events.register("after-call.s3.UploadPart", lambda **_: order.append("arrived"))
    events.register("before-send.s3.AbortMultipartUpload", delete)

    with pytest.raises(ZeroDivisionError):
        client.put(large, f"{s3_store.url}/large.tiff")

    assert order == ["arrived", "arrived", "deleted"]
    assert open_uploads(s3_store) == []


@pytest.mark.parametrize("options", [{}, {"IfNoneMatch": "*"}])
def test_a_lost_reply_to_the_last_request_is_success(
    options: dict[str, Any], client: S3Client, s3_store: S3Store, large: str, tmp_path: Path
) -> None:
    def send_before(request: object, **_: object) -> None:
        client.boto_client._endpoint.http_session.send(request)

    client.boto_client.meta.events.register("before-send.s3.CompleteMultipartUpload", send_before)

    state = client.put(large, f"{s3_store.url}/large.tiff", **options)

    assert state.sha256 == SHA256
    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])


def test_what_a_killed_process_sent_is_deleted_by_the_next_one(
    s3_store: S3Store, s3_environment: None, large: str, tmp_path: Path
) -> None:
    code = f"""
import signal, os
from csci_utils.s3 import Limits, S3Client
client = S3Client(limits=Limits(single_bytes={5 * MIB}, part_bytes={5 * MIB}), notes_folder="notes")
def stop(**_): os.kill(os.getpid(), signal.SIGKILL)
client.boto_client.meta.events.register("before-send.s3.CompleteMultipartUpload", stop)
client.put({large!r}, "{s3_store.url}/large.tiff")
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    assert len(open_uploads(s3_store)) == len(notes(tmp_path)) == 1

    S3Client(notes_folder=str(tmp_path / "notes")).sweep(s3_store.url)

    assert (open_uploads(s3_store), notes(tmp_path)) == ([], [])
