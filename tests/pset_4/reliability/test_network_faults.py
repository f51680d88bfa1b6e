"""Whole runs whose network damages, delays and loses what passes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.pipeline.projects import MakeProject
from tests.support.reliability.faulty_steps import FaultyWalker
from tests.support.reliability.tally import Count, Tally
from tests.support.reliability.world import World
from tests.support.remotes.faults import FaultProxy, serve_faults
from tests.support.remotes.stores import S3Store

WALKS, STEPS = 4, 250


@pytest.fixture
def proxy(
    s3_store: S3Store, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultProxy]:
    """A proxy in front of the S3 server, which the AWS variables name; nothing pauses."""
    with serve_faults(s3_endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        yield proxy


@pytest.fixture
def distant_world(make_project: MakeProject, s3_store: S3Store) -> World:
    """A machine and a remote on S3, with nothing there."""
    return World(make_project("machine", s3_store.url), s3_store)


def test_faults_are_survived_or_reported(distant_world: World, proxy: FaultProxy) -> None:
    FaultyWalker(distant_world, proxy, 1, Tally("", 1)).walk(10)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(WALKS))
def test_many_faults_are_survived_or_reported(
    number: int, distant_world: World, proxy: FaultProxy, soak_seed: int, count: Count
) -> None:
    tally = count("network faults", soak_seed + number)

    FaultyWalker(distant_world, proxy, soak_seed + number, tally).walk(STEPS)

    assert tally.tried > STEPS
