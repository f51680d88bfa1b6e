"""Copies in both directions, and the task that makes them."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import luigi
import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Nop
from luigi.target import FileSystemTarget

from csci_utils.errors import AlreadyExistsError, ChangedError, S3Error, TransferError
from csci_utils.luigi import (
    CopyTask,
    CreateOnlyLocalTarget,
    S3Client,
    SuffixPreservingLocalTarget,
    copy,
)
from csci_utils.transfers.retrying import TRIES
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store
from tests.support.remotes.targets import MakeTarget

CONTENT = os.urandom(2_500_000)
MD5_OF_OTHER_BYTES = hashlib.md5(b"other bytes", usedforsecurity=False).hexdigest()

Ends = tuple[RemoteStore, RemoteStore]

both_directions = pytest.mark.parametrize("ends", ["up", "down"], indirect=True)


def target_at(path: str, client: S3Client | None = None) -> FileSystemTarget:
    if path.startswith("s3://"):
        return S3Target(path, format=Nop, client=client or S3Client())
    return SuffixPreservingLocalTarget(path, format=Nop)


@pytest.fixture
def ends(request: pytest.FixtureRequest, store: RemoteStore, tmp_path: Path) -> Ends:
    """The source and the destination of a copy."""
    local = DirectoryStore(str(tmp_path / "local"))
    return (local, store) if request.param == "up" else (store, local)


@pytest.fixture
def task(ends: Ends) -> Copy:
    source, destination = ends
    return Copy(f"{source.url}/photo.jpg", f"{destination.url}/photo.jpg")


class Source(luigi.ExternalTask):
    source = luigi.Parameter()

    def output(self) -> FileSystemTarget:
        return target_at(self.source)


class Copy(CopyTask):
    source = luigi.Parameter()
    destination = luigi.Parameter()

    def requires(self) -> Source:
        return self.clone(Source)

    def output(self) -> FileSystemTarget:
        return target_at(self.destination)


@both_directions
@pytest.mark.parametrize("content", [b"x", CONTENT], ids=["small", "large"])
def test_the_bytes_arrive(content: bytes, ends: Ends, task: Copy) -> None:
    source, destination = ends
    source.write("photo.jpg", content)

    copy(task.input(), task.output())

    assert destination.read("photo.jpg") == content


@both_directions
def test_nothing_else_arrives(ends: Ends, task: Copy) -> None:
    source, destination = ends
    source.write("photo.jpg", CONTENT)

    copy(task.input(), task.output())

    assert destination.list() == ["photo.jpg"]


@both_directions
def test_the_source_stays(ends: Ends, task: Copy) -> None:
    source, _ = ends
    source.write("photo.jpg", CONTENT)

    copy(task.input(), task.output())

    assert source.read("photo.jpg") == CONTENT


@both_directions
def test_a_missing_source_is_an_error(ends: Ends, task: Copy) -> None:
    with pytest.raises(FileNotFoundError):
        copy(task.input(), task.output())


@both_directions
def test_a_missing_source_leaves_nothing(ends: Ends, task: Copy) -> None:
    _, destination = ends

    with pytest.raises(FileNotFoundError):
        copy(task.input(), task.output())

    assert destination.list() == []


def test_an_upload_does_not_use_the_temporary_folder(
    s3_store: S3Store, tmp_path: Path, temporary_folder: Path
) -> None:
    temporary_folder.rmdir()
    (tmp_path / "photo.jpg").write_bytes(CONTENT)

    copy(target_at(str(tmp_path / "photo.jpg")), target_at(f"{s3_store.url}/photo.jpg"))

    assert s3_store.read("photo.jpg") == CONTENT


def test_an_upload_sets_the_content_type(s3_store: S3Store, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(CONTENT)
    copy(target_at(str(tmp_path / "photo.jpg")), target_at(f"{s3_store.url}/photo.jpg"))

    reply = s3_store.client.head_object(Bucket=s3_store.bucket, Key=f"{s3_store.prefix}photo.jpg")

    assert reply["ContentType"] == "image/jpeg"


@pytest.mark.parametrize("make_target", ["create-only", "s3-create-only"], indirect=True)
def test_a_create_only_destination_is_not_overwritten(
    make_target: MakeTarget, tmp_path: Path
) -> None:
    for name in ("first", "other"):
        (tmp_path / name).write_bytes(name.encode())
    copy(target_at(str(tmp_path / "first")), make_target())

    with pytest.raises(AlreadyExistsError):
        copy(target_at(str(tmp_path / "other")), make_target())


# Interruptions.


class BreakingReader:
    """Returns a part, and then fails."""

    def __init__(self) -> None:
        self.parts = [b"part"]

    def read(self, size: int = -1) -> bytes:
        if self.parts:
            return self.parts.pop()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def __enter__(self) -> BreakingReader:
        return self

    def __exit__(self, *_: object) -> None: ...


class BreakingTarget(FileSystemTarget):
    fs = None

    def open(self, mode: str = "r") -> BreakingReader:
        return BreakingReader()


def test_a_failing_source_is_an_error(make_target: MakeTarget) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        copy(BreakingTarget("broken"), make_target())


def test_a_failing_source_leaves_nothing(make_target: MakeTarget) -> None:
    with pytest.raises(OSError):
        copy(BreakingTarget("broken"), make_target())

    assert not make_target().exists()


@pytest.mark.parametrize("kind", [SuffixPreservingLocalTarget, CreateOnlyLocalTarget])
@pytest.mark.parametrize(
    "fault",
    [
        {"etag": '"several-2"', "content_length": "1000"},
        {"etag": '"several-2"', "x_amz_checksum_crc32": "AAAAAA=="},
        {"etag": f'"{MD5_OF_OTHER_BYTES}"'},
    ],
    ids=["cut short", "with another checksum", "with another MD5"],
)
def test_a_download_with_a_fault_leaves_nothing(
    fault: dict[str, str], kind: type[SuffixPreservingLocalTarget], fake_s3: FakeS3, tmp_path: Path
) -> None:
    fake_s3.answer(200, b"content", **fault)

    with pytest.raises(S3Error):
        copy(target_at("s3://bucket/key"), kind(tmp_path / "local" / "photo.jpg", format=Nop))

    assert list(tmp_path.glob("local/*")) == []


def test_a_damaged_download_is_retried(fake_s3: FakeS3, tmp_path: Path) -> None:
    for _ in range(TRIES - 1):
        fake_s3.answer(200, b"cont", etag='"several-2"', content_length="7")
    fake_s3.answer(200, b"content", etag='"several-2"')

    copy(target_at("s3://bucket/key"), target_at(str(tmp_path / "photo.jpg")))

    assert (tmp_path / "photo.jpg").read_bytes() == b"content"


def test_a_download_that_always_fails_is_an_error(fake_s3: FakeS3, tmp_path: Path) -> None:
    fake_s3.answer(200, b"cont", etag='"several-2"', content_length="7")

    with pytest.raises(TransferError):
        copy(target_at("s3://bucket/key"), target_at(str(tmp_path / "photo.jpg")))

    assert fake_s3.methods().count("GET") == TRIES


class OverwrittenTarget(SuffixPreservingLocalTarget):
    """A file that is overwritten in place after its first bytes are read."""

    def open(self, mode: str = "r") -> Any:
        file = super().open(mode)
        read, others = file.read, [b"2" * len(CONTENT)]

        class Reader:
            def read(self, size: int) -> bytes:
                content: bytes = read(size)
                if others:
                    with Path(path).open("r+b") as writer:
                        writer.write(others.pop())
                return content

            def __enter__(self) -> Reader:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

        path = self.path
        return Reader()


@pytest.mark.parametrize("kind", [SuffixPreservingLocalTarget, CreateOnlyLocalTarget])
def test_a_file_that_changes_while_being_copied_is_an_error(
    kind: type[SuffixPreservingLocalTarget], tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"1" * len(CONTENT))
    source = OverwrittenTarget(str(tmp_path / "photo.jpg"), format=Nop)

    with pytest.raises(ChangedError, match=r"photo\.jpg: .* changed .*; run again"):
        copy(source, kind(tmp_path / "remote" / "photo.jpg", format=Nop))

    assert list((tmp_path / "remote").iterdir()) == []


# The task.


@both_directions
def test_luigi_runs_the_task(ends: Ends, task: Copy) -> None:
    source, destination = ends

    source.write("photo.jpg", CONTENT)

    assert luigi.build([task], local_scheduler=True, log_level="ERROR")
    assert destination.read("photo.jpg") == CONTENT


@both_directions
@pytest.mark.parametrize(
    ("there", "here", "complete"),
    [
        (b"same", b"same", True),
        (b"same", b"size", False),
        (b"part", b"par", False),
        (b"part", b"part and more", False),
        (b"new", None, False),
        (None, b"kept", True),
        (None, None, False),
    ],
)
def test_a_copy_is_complete_when_the_destination_has_the_source_s_bytes(
    there: bytes | None, here: bytes | None, complete: bool, ends: Ends, task: Copy
) -> None:
    for end, content in zip(ends, (there, here), strict=True):
        if content is not None:
            end.write("photo.jpg", content)

    assert task.complete() is complete


@both_directions
@pytest.mark.parametrize(("here", "copied"), [(None, True), (b"old", True), (b"new", False)])
def test_a_task_knows_whether_it_moved_bytes(
    here: bytes | None, copied: bool, ends: Ends, task: Copy
) -> None:
    source, destination = ends
    source.write("photo.jpg", b"new")
    if here is not None:
        destination.write("photo.jpg", here)

    task.run()

    assert task.copied_digest == (hashlib.sha256(b"new").hexdigest() if copied else "")


@both_directions
def test_a_task_that_ran_is_complete(ends: Ends, task: Copy) -> None:
    source, destination = ends
    source.write("photo.jpg", b"new")
    destination.write("photo.jpg", b"old")

    task.run()

    assert task.complete()


@pytest.mark.parametrize(
    ("here", "expected"), [(None, []), (b"content", ["HeadObject"])], ids=["missing", "current"]
)
def test_a_file_costs_at_most_one_request(
    here: bytes | None,
    expected: list[str],
    s3_store: S3Store,
    sent: tuple[S3Client, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, operations = sent
    s3_store.write("photo.jpg", b"content")
    if here is not None:
        (tmp_path / "photo.jpg").write_bytes(here)
    task = Copy(f"{s3_store.url}/photo.jpg", str(tmp_path / "photo.jpg"))
    monkeypatch.setattr(Copy, "input", lambda _: target_at(task.source, client=client))

    task.complete()

    assert operations == expected
