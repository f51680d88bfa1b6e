"""Random steps where the network between the pipeline and S3 is bad."""

from __future__ import annotations

from tests.support.remotes import faults
from tests.support.remotes.faults import Exchange, Fault, FaultProxy

from .prediction import predict
from .steps import Walker
from .tally import Tally
from .world import World

MOST_FAULTS = 12
"""Of one command."""


def _damage_objects_only(damage: Fault) -> Fault:
    """Return a fault that cuts listings off instead: they have no digest that would show more."""

    def answer(exchange: Exchange) -> None:
        (faults.truncate if "list-type" in exchange.path else damage)(exchange)

    return answer


_PASSING: tuple[Fault, ...] = (
    faults.lose_reply,
    faults.reset_midway,
    faults.refuse(503, "SlowDown"),
    faults.refuse(500, "InternalError"),
)
FAULTS: dict[str, tuple[Fault, ...]] = {
    "GET": (
        *_PASSING,
        faults.truncate,
        faults.name_other_checksum,
        _damage_objects_only(faults.shorten),
        _damage_objects_only(faults.flip),
    ),
    "HEAD": _PASSING,
    # S3 compares what arrives with the digests that come along.
    "PUT": (
        *_PASSING,
        faults.refuse(400, "BadDigest"),
        faults.refuse(409, "ConditionalRequestConflict"),
    ),
}
"""What happens to requests, by their method."""


class FaultyWalker(Walker):
    """Takes random steps; commands meet faults, which are counted instead of the steps."""

    def __init__(self, world: World, proxy: FaultProxy, seed: int, tally: Tally) -> None:
        """Start with nothing there, and no faults."""
        super().__init__(world, seed, tally)
        self._proxy = proxy
        self._kinds = {
            self._drop: 4,
            self._take_back: 1,
            self._alter_remote: 3,
            self._remove_from_remote: 3,
            self._wipe: 2,
            self._damage: 2,
            self._run_with_faults: 10,
        }

    def count(self) -> None:
        """Count nothing: faults count."""

    def _run_with_faults(self) -> str:
        words, predicted = self._choose_command()
        self._plan()
        planned = self._count_planned()
        ending = self._invoke(*words)
        met = planned - self._count_planned()
        self._proxy.faults.clear()
        self.tally.tried += met
        self.tally.refused += met if ending.exit_code != predicted.exit_code else 0
        self.world.check_disturbed(predicted, ending)
        self._run_again(words)
        return f"{' '.join(words)}, with {met} faults"

    def _run_again(self, words: list[str]) -> None:
        """Check that the same command does all, now that nothing disturbs it."""
        policy = words[-1] if "--on-conflict" in words else "refuse"
        predicted = predict(words[0], policy, self.world.drop_ins, self.world.remote)
        self.world.check(predicted, self._invoke(*words))

    def _plan(self) -> None:
        is_burst = self._rng.random() < 0.3  # of the same fault, as an overloaded server has
        for _ in range(self._rng.randint(1, MOST_FAULTS)):
            method = self._rng.choice(list(FAULTS))
            fault = self._rng.choice(FAULTS[method])
            queue = self._proxy.faults[method]
            queue.append(queue[-1] if queue and is_burst else fault)

    def _count_planned(self) -> int:
        return sum(map(len, self._proxy.faults.values()))
