"""Commands that are killed at random points leave whole files, and the next run finishes."""

from __future__ import annotations

import pytest

from tests.support.reliability.forks import needs_fork
from tests.support.reliability.kills import STAGES, Killer
from tests.support.reliability.tally import Count, Tally
from tests.support.reliability.world import World
from tests.support.remotes.stores import S3Store

pytestmark = needs_fork

KILLS = 100  # of each stage, on each kind of remote


def kill(world: World, stage: str, seed: int, tally: Tally, kills: int) -> None:
    Killer(world, STAGES[stage], seed, tally).kill(kills)

    if isinstance(world.store, S3Store):
        uploads = world.store.client.list_multipart_uploads(Bucket=world.store.bucket)
        assert "Uploads" not in uploads


def test_killed_uploads_leave_whole_files(world: World, store_kind: str) -> None:
    stage = {"directory": "replacement", "s3": "upload"}[store_kind]

    kill(world, stage, 1, Tally("", 1), 2)


@pytest.mark.soak
@pytest.mark.parametrize("stage", STAGES)
def test_many_kills_leave_whole_files(
    stage: str, world: World, store_kind: str, soak_seed: int, count: Count
) -> None:
    kill(world, stage, soak_seed, count(f"kills, {stage}", soak_seed), KILLS)
