"""Whole runs whose network damages, delays and loses what passes."""

from __future__ import annotations

import pytest

from tests.support.pipeline.projects import Project
from tests.support.reliability.faulty_steps import FaultyWalker
from tests.support.reliability.tally import Count, Tally
from tests.support.reliability.world import World
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.stores import S3Store

pytestmark = pytest.mark.usefixtures("pauses")

WALKS, STEPS = 4, 125


@pytest.fixture
def distant_world(s3_project: Project, s3_store: S3Store) -> World:
    """A machine and a remote on S3, with nothing there."""
    return World(s3_project, s3_store)


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
