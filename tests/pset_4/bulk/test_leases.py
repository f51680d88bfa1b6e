"""Documents and leases: of several at the same moment, exactly one succeeds."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from botocore.client import BaseClient

from csci_utils.errors import DescribedError
from pset_4 import context
from pset_4.bulk.coordination.documents import Document, Documents, documents_at
from pset_4.bulk.coordination.folder_documents import FolderDocuments
from pset_4.bulk.coordination.leases import (
    GRACE,
    Lease,
    LeaseLostError,
    LeaseState,
    acquire,
    take_over,
)
from pset_4.bulk.worker.loop import _renewing
from pset_4.settings import Settings, read_settings
from tests.support.pipeline.projects import Project
from tests.support.remotes.rclone import serve_rclone
from tests.support.remotes.stores import create_s3_client, create_s3_store
from tests.support.servers import aws_environment

NAME = "claims/0000001.json"
SECONDS = 2.0


@pytest.fixture
def documents(settings: Settings) -> Documents:
    return documents_at(settings, "bulk/run")


def test_of_many_that_create_a_document_one_succeeds(documents: Documents) -> None:
    with ThreadPoolExecutor(8) as pool:
        tags = list(pool.map(lambda n: documents.create(NAME, b"%d" % n), range(8)))

    assert sum(tag is not None for tag in tags) == 1
    found = documents.read(NAME)
    assert found is not None and found.data == b"%d" % [bool(tag) for tag in tags].index(True)


def test_of_many_that_replace_a_document_one_succeeds(documents: Documents) -> None:
    tag = documents.create(NAME, b"first") or ""

    with ThreadPoolExecutor(8) as pool:
        tags = list(pool.map(lambda n: documents.replace(NAME, b"%d" % n, tag), range(8)))

    assert sum(new is not None for new in tags) == 1
    found = documents.read(NAME)
    assert found is not None and found.tag in tags


def test_a_listing_has_names_and_ages_by_the_clock_of_the_remote(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        documents.create(f"claims/{number}.json", b"held")
    monkeypatch.setattr(time, "time", lambda: datetime(2040, 1, 1).timestamp())

    entries = list(documents.list("claims", after="0.json"))

    assert [entry.name for entry in entries] == ["claims/1.json", "claims/2.json"]
    assert all(abs(entry.age) < 60 for entry in entries)


def test_a_slow_writer_does_not_replace_what_others_have_replaced_since(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = documents_at(read_settings(directory_project.remote_url), "bulk/run")
    first = documents.create(NAME, b"first") or ""
    read = FolderDocuments.read

    def read_slowly(self: FolderDocuments, name: str) -> Document | None:
        found = read(self, name)
        monkeypatch.undo()
        second = documents.replace(NAME, b"second", first) or ""
        assert documents.replace(NAME, b"third", second)
        return found

    monkeypatch.setattr(FolderDocuments, "read", read_slowly)

    assert documents.replace(NAME, b"late", first) is None
    found = documents.read(NAME)
    assert found is not None and found.data == b"third"
    assert [entry.name for entry in documents.list("claims")] == [NAME]


def test_a_lease_is_held_once_until_it_is_released(documents: Documents) -> None:
    first = acquire(documents, NAME, 60, "first")
    assert first is not None and first.is_held
    assert acquire(documents, NAME, 60, "second") is None
    assert take_over(documents, NAME, 60, "second") is None
    first.renew(figures={"painted": 1})

    first.release()

    second = take_over(documents, NAME, 60, "second")
    assert second is not None and (second.state.owner, second.state.attempt) == ("second", 1)
    assert not first.is_held
    with pytest.raises(LeaseLostError):
        first.renew()


def test_who_renews_a_lease_does_not_undo_what_another_thread_says_of_it(
    documents: Documents,
) -> None:
    lease = acquire(documents, NAME, 60, "worker")
    assert lease is not None
    said = Event()

    def tell_figures() -> dict[str, float]:
        lease.renew("killer.jpg")  # by the thread that paints, in the moment of a renewal
        said.set()
        return {"painted": 1}

    with _renewing(lease, tell_figures, 0.01):
        assert said.wait(60)

    found = documents.read(NAME)
    assert found is not None and LeaseState.from_bytes(found.data).doing == "killer.jpg"


def make_old(documents: Documents, lease: Lease) -> None:
    """Let a lease pass its end, unrenewed."""
    if documents.url.startswith("s3://"):
        time.sleep(SECONDS * GRACE + 1.1)  # S3 tells whole seconds
    else:
        then = time.time() - 60
        for path in Path(documents.url).glob(f"{lease.name}*"):
            os.utime(path, (then, then))


def test_a_lease_that_is_not_renewed_is_taken_over_whatever_the_clocks_say(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = acquire(documents, NAME, SECONDS, "first")
    assert first is not None
    make_old(documents, first)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)

    with ThreadPoolExecutor(4) as pool:
        takers = pool.map(lambda n: take_over(documents, NAME, SECONDS, f"taker {n}"), range(4))

    winners = [taker for taker in takers if taker is not None]
    assert [winner.state.attempt for winner in winners] == [2]
    with pytest.raises(LeaseLostError):
        first.renew()


def test_a_holder_that_slept_knows_that_its_lease_is_over(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = acquire(documents, NAME, SECONDS, "sleeper")
    assert lease is not None

    stopwatch = "pset_4.bulk.coordination.leases.read_stopwatch"
    monkeypatch.setattr(stopwatch, lambda: time.monotonic() + 10**9)

    with pytest.raises(LeaseLostError, match="not renewed in time"):
        lease.check()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"owner": 1, "x": 2}', b"\xff"])
def test_a_damaged_lease_is_that_of_nobody(data: bytes) -> None:
    assert LeaseState.from_bytes(data) == LeaseState("", 0)


def test_a_server_that_ignores_conditions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_rclone(tmp_path / "buckets") as endpoint:
        for name, value in aws_environment(endpoint).items():
            monkeypatch.setenv(name, value)
        client: BaseClient = create_s3_client(endpoint)
        settings = read_settings(create_s3_store(client).url)
        with (
            context.activated(settings),
            pytest.raises(DescribedError, match="ignores the condition If-None-Match"),
        ):
            documents_at(settings, "bulk").check_conditions()
