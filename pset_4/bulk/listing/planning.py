"""Divide the names of a run's images into shards, while workers paint the first."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import InvalidNameError
from ...names import check_image_name, is_image_name
from ...storage.inventory import is_meant
from ..coordination.documents import Documents
from ..coordination.leases import Lease, LeaseLostError, take_over
from ..failures import OF_NAMES, FailedPicture, describe, write_failures
from ..shards import SHARDS, number_of, read_shard, write_shard
from .sources import list_names

if TYPE_CHECKING:
    from ...settings import Settings
    from ..runs import Run

LEASE_NAME = "planning.json"
_PLAN_NAME = "plan.json"
_FIGURES = ("shards", "images", "refused")

RENEWAL_SECONDS = 2.0
"""Between two renewals of the planner's lease, which tell workers how many shards there are."""


@dataclass(frozen=True)
class ShardPlan:
    """How many shards and images a run has, as far as its images are listed."""

    shards: int = 0
    images: int = 0
    refused: int = 0
    """Names that cannot be used; the table of failures has them."""
    is_complete: bool = False
    """Whether all images are listed."""

    @property
    def figures(self) -> dict[str, int]:
        """The numbers by name, as documents have them."""
        return {name: getattr(self, name) for name in _FIGURES}


def read_plan(documents: Documents) -> ShardPlan:
    """Return a run's plan, in at most two requests."""
    found = documents.read(_PLAN_NAME)
    if found is not None:
        return ShardPlan(**json.loads(found.data), is_complete=True)
    lease = documents.read(LEASE_NAME)
    figures = json.loads(lease.data).get("figures", {}) if lease else {}
    shards, images, refused = (int(figures.get(name, 0)) for name in _FIGURES)
    return ShardPlan(shards, images, refused)


class ShardPlanner:
    """Writes the shards of a run, one by one. It holds the names of one shard at a time.

    If it is killed, another one goes on after the last shard that is there.
    """

    def __init__(self, settings: Settings, run: Run, owner: str) -> None:
        """Take a run, which another process may be planning already."""
        self._settings = settings
        self._run = run
        self._owner = owner
        self._documents = run.documents(settings)
        self.plan = ShardPlan()
        self._next_renewal = 0.0

    def write(self, report: Callable[[ShardPlan], None] = lambda plan: None) -> ShardPlan:
        """Write all shards that are missing, and then the plan; it is not complete if another does.

        Args:
            report: Called after each shard.

        Raises:
            LeaseLostError: Another process has taken over.
            CsciUtilsError, PipelineError, OSError: The images cannot be listed.
        """
        self.plan = read_plan(self._documents)
        if self.plan.is_complete:
            return self.plan
        lease = take_over(self._documents, LEASE_NAME, self._run.lease_seconds, self._owner)
        if lease is None:
            return self.plan
        last = self._find_last()
        for names, refused in self._divide(last):
            self._write_shard(lease, names, refused)
            report(self.plan)
        self._documents.create(_PLAN_NAME, json.dumps(self.plan.figures).encode())
        self.plan = read_plan(self._documents)
        lease.release()
        return self.plan

    def _find_last(self) -> str:
        """Return the last name of the last shard that is there, and count what is there."""
        last = max((number_of(name) for name, _ in self._documents.list(SHARDS)), default=-1)
        if last < 0:
            self.plan = ShardPlan()
            return ""
        names = read_shard(self._documents, last)
        if self.plan.shards <= last:  # some were written, and the planner killed before it said so
            images = self.plan.images + (last - self.plan.shards) * self._run.shard_size
            self.plan = replace(self.plan, shards=last + 1, images=images + len(names))
        return names[-1]

    def _divide(self, after: str) -> Iterator[tuple[list[str], list[FailedPicture]]]:
        """Yield the names of each shard, and the names among them that cannot be used."""
        names: list[str] = []
        refused: list[FailedPicture] = []
        for name, error in _check_names(list_names(self._settings, self._run, after)):
            if error is None:
                names.append(name)
            else:
                refused.append(describe(name, "", error))
            if len(names) == self._run.shard_size or len(refused) > self._run.shard_size:
                yield names, refused
                names, refused = [], []
        if names or refused:
            yield names, refused

    def _write_shard(self, lease: Lease, names: list[str], refused: list[FailedPicture]) -> None:
        number = self.plan.shards
        write_failures(self._documents, number, refused, OF_NAMES)
        if names and not write_shard(self._documents, number, names):
            path = f"{self._documents.url}/{SHARDS}"
            raise LeaseLostError("another process has listed the images", path=path)
        self.plan = ShardPlan(
            number + bool(names),
            self.plan.images + len(names),
            self.plan.refused + len(refused),
        )
        if time.monotonic() >= self._next_renewal:
            lease.renew(figures=self.plan.figures)
            self._next_renewal = time.monotonic() + min(RENEWAL_SECONDS, lease.seconds / 3)


def count_names(settings: Settings, run: Run) -> tuple[int, int]:
    """Return how many names of images a run has that can be used, and how many that cannot.

    Raises:
        CsciUtilsError, PipelineError, OSError: The images cannot be listed.
    """
    counts = Counter(error is None for _, error in _check_names(list_names(settings, run, "")))
    return counts[True], counts[False]


def _check_names(names: Iterable[str]) -> Iterator[tuple[str, InvalidNameError | None]]:
    """Yield each name of an image, and why it cannot be used, or None."""
    for name in names:
        if is_meant(name, is_image_name):
            try:
                yield check_image_name(name), None
            except InvalidNameError as error:
                yield name, error
