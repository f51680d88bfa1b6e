"""Any sequence of drops, edits, deletions, accidents, kills and runs keeps the promises."""

from __future__ import annotations

import pytest

from tests.support.reliability.forks import needs_fork
from tests.support.reliability.steps import Walker
from tests.support.reliability.tally import Count
from tests.support.reliability.world import World

pytestmark = needs_fork

STEPS = 500
WALKS = {"s3": 6, "directory": 14}
"""Of 10,000 steps in all. On S3 a step takes three times as long."""


def test_random_steps_keep_the_promises(world: World, store_kind: str) -> None:
    Walker(world, seed=1).walk({"directory": 100, "s3": 30}[store_kind])


@pytest.mark.soak
@pytest.mark.parametrize(
    ("store", "number"),
    [(kind, number) for kind, walks in WALKS.items() for number in range(walks)],
    indirect=["store"],
)
def test_many_random_steps_keep_the_promises(
    number: int, world: World, store_kind: str, soak_seed: int, count: Count
) -> None:
    seed = soak_seed + number
    tally = count(f"random steps, {store_kind}", seed)

    Walker(world, seed, tally).walk(STEPS)

    assert tally.tried == STEPS
