"""Claim free shards in the remote, which is searched in windows of a thousand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import takewhile

from ..coordination.documents import Documents
from ..coordination.leases import GRACE, Lease, acquire, take_over
from ..listing.planning import ShardPlan, read_plan
from ..shards import CLAIMS, claim_name, is_done, list_done, name_of, number_of

WINDOW = 1000
"""How many shards are looked at together: as many as a request lists."""


class ShardQueue:
    """The shards of a run as one worker sees them.

    Workers begin at random places, so that few of them ask for the same shard at once.
    """

    def __init__(self, documents: Documents, lease_seconds: float, owner: str) -> None:
        """Take the documents of the run, how long its leases last, and the worker's name."""
        self._documents = documents
        self._seconds = lease_seconds
        self._owner = owner
        self._plan = ShardPlan()
        self._finished: set[int] = set()  # windows in which all shards are done
        self._free: Iterator[int] = iter(())

    @property
    def is_finished(self) -> bool:
        """Whether all shards of a complete plan were seen to be done."""
        windows = range(0, self._plan.shards, WINDOW)
        return self._plan.is_complete and all(first in self._finished for first in windows)

    def claim(self) -> tuple[int, Lease] | None:
        """Return a shard that nobody else paints, with its lease; None if there is none now."""
        for free in (self._free, self._look()):
            self._free = free
            for number in free:
                lease = self._take(number)
                if lease is not None:
                    return number, lease
        return None

    def _take(self, number: int) -> Lease | None:
        """Return the lease of a shard unless it is held, or done."""
        name = claim_name(number)
        lease = acquire(self._documents, name, self._seconds, self._owner)
        if lease is not None or is_done(self._documents, number):
            return lease
        lease = take_over(self._documents, name, self._seconds, self._owner)
        if lease is not None and is_done(self._documents, number):  # just now
            return None
        return lease

    def _look(self) -> Iterator[int]:
        """Yield the shards that seem to be free: first those that nobody has claimed."""
        if not self._plan.is_complete:
            self._plan = read_plan(self._documents)
            self._finished.clear()
        windows = list(range(0, self._plan.shards, WINDOW))
        random.shuffle(windows)
        for first in windows:
            if first not in self._finished:
                yield from self._look_at(first)

    def _look_at(self, first: int) -> Iterator[int]:
        last = min(first + WINDOW, self._plan.shards) - 1
        listed = (number for number, *_ in list_done(self._documents, first - 1))
        done = set(takewhile(lambda number: number <= last, listed))
        left = [number for number in range(first, last + 1) if number not in done]
        if not left:
            self._finished.add(first)
            return
        claims = self._list_claims(first, last)
        unclaimed = [number for number in left if number not in claims]
        random.shuffle(unclaimed)
        yield from unclaimed
        # A released lease looks like one that is held: the few that are left are asked.
        held = [number for number in left if number in claims]
        yield from sorted(held, key=lambda number: claims[number] < self._seconds * GRACE)

    def _list_claims(self, first: int, last: int) -> dict[int, float]:
        """Return the age of each lease in a window, by its shard."""
        after = f"{name_of(first - 1)}.json" if first else ""
        found: dict[int, float] = {}
        for name, age in self._documents.list(CLAIMS, after):
            if number_of(name) > last:
                break
            found[number_of(name)] = age
        return found
