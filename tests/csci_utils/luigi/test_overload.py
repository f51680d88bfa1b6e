"""An overloaded server: how often it is asked, with which pauses, and when it is given up."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Nop

from csci_utils.errors import S3Error
from csci_utils.luigi import S3Client, SuffixPreservingLocalTarget, copy
from csci_utils.s3.connection import REQUEST_TRIES
from tests.support.remotes import faults
from tests.support.remotes.faults import Exchange, FaultProxy
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import CONTENT, URL
from tests.support.remotes.stores import S3Store

OVERLOADED_SECONDS = 10
LONGEST_PAUSES = [2.0**exponent for exponent in range(REQUEST_TRIES - 1)]
"""Seconds; botocore draws each pause from zero to this."""


@pytest.fixture
def seeded() -> Iterator[None]:
    """The pauses are the same in each run."""
    state = random.getstate()
    random.seed(4)
    yield
    random.setstate(state)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("call", "code"), [("exists", "SlowDown"), ("get_key", "ServiceUnavailable")]
)
def test_the_pauses_grow(call: str, code: str, fake_s3: FakeS3) -> None:
    fake_s3.refuse(503, code)

    with pytest.raises(S3Error, match=r"SlowDown: .*run again later"):
        getattr(S3Client(), call)(URL)

    assert len(fake_s3.pauses) == len(LONGEST_PAUSES)
    assert are_within_limits(fake_s3.pauses)
    assert max(fake_s3.pauses[:3]) < max(fake_s3.pauses[3:])
    assert sum(fake_s3.pauses) > OVERLOADED_SECONDS


def are_within_limits(pauses: list[float]) -> bool:
    """Return True if no pause is longer than botocore's longest."""
    return all(pause <= longest for pause, longest in zip(pauses, LONGEST_PAUSES, strict=False))


class Overload:
    """Answers 503 for some seconds from the first request on, and notes when it was asked."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.times: list[float] = []

    def __call__(self, exchange: Exchange) -> None:
        self.times.append(time.monotonic())
        is_over = self.times[-1] - self.times[0] >= self._seconds
        (faults.pass_on if is_over else faults.refuse(503, "SlowDown"))(exchange)


@pytest.fixture
def pauses_made(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause, which is made."""
    made: list[float] = []
    sleep = time.sleep

    def note_and_sleep(seconds: float) -> None:
        made.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", note_and_sleep)
    return made


def download(store: S3Store, path: Path) -> None:
    """Copy the object to a local file."""
    source = S3Target(f"{store.url}/photo.jpg", format=Nop, client=S3Client())
    copy(source, SuffixPreservingLocalTarget(str(path), format=Nop))


@pytest.mark.soak
@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_ten_seconds_of_overload_are_waited_for(
    method: str,
    proxy: FaultProxy,
    s3_store: S3Store,
    tmp_path: Path,
    pauses_made: list[float],
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    overload = proxy.permanent_faults[method] = Overload(OVERLOADED_SECONDS)

    assert S3Client().exists(f"{s3_store.url}/photo.jpg")
    download(s3_store, tmp_path / "photo.jpg")

    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT
    assert overload.times[-1] - overload.times[0] >= OVERLOADED_SECONDS
    assert are_within_limits(pauses_made)


@pytest.mark.soak
def test_overload_without_end_is_given_up(
    proxy: FaultProxy, s3_store: S3Store, tmp_path: Path, pauses_made: list[float]
) -> None:
    s3_store.write("photo.jpg", CONTENT)
    proxy.permanent_faults["GET"] = Overload(float("inf"))

    with pytest.raises(S3Error, match="run again later"):
        download(s3_store, tmp_path / "photo.jpg")

    assert len(pauses_made) == len(LONGEST_PAUSES)
    assert are_within_limits(pauses_made)
    assert list(tmp_path.glob("*photo*")) == []
