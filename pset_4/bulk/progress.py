"""How far a run is, read from the remote alone: from anywhere, while workers paint or after."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from csci_utils.text import format_duration

from .coordination.documents import Documents
from .coordination.leases import GRACE, LeaseState
from .listing.planning import ShardPlan, read_plan
from .shards import CLAIMS, FAILURES, Tally, list_done, name_of, number_of

if TYPE_CHECKING:
    from ..settings import Settings
    from .runs import Run

_READERS = 8  # leases that are read at a time


@dataclass(frozen=True)
class RunProgress:
    """How far a run is. A picture is one image in one style."""

    run: str
    pictures: int
    """All pictures of the run, as far as its images are listed."""
    is_listed: bool
    """Whether all images are listed."""
    shards: int
    shards_done: int
    painted: int
    current: int
    """Results that were published before."""
    failed: int
    refused: int
    """Names of images that cannot be used."""
    workers: int
    """Workers that hold a lease now."""
    rate: float
    """Pictures a second of these workers, on average since each began its shard."""
    seconds_left: float | None
    """An estimate; None without one."""
    worker_seconds: float
    """What workers spent on the shards that are done."""
    failures: str
    """Where the table of failures is."""

    @property
    def done(self) -> int:
        """Pictures that need no more work."""
        return self.painted + self.current + self.failed

    @property
    def is_finished(self) -> bool:
        """Whether all shards are done."""
        return self.is_listed and self.shards_done == self.shards

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {**asdict(self), "done": self.done, "is_finished": self.is_finished}

    def list_lines(self) -> Iterator[str]:
        """Yield lines for people."""
        listed = "" if self.is_listed else " listed so far"
        share = f" ({self.done / self.pictures:.1%})" if self.pictures else ""
        yield f"run       {self.run}"
        yield f"done      {self.done:,} of {self.pictures:,} pictures{listed}{share}"
        yield f"painted   {self.painted:,}"
        if self.current:
            yield f"current   {self.current:,}  published before"
        if self.failed:
            yield f"failed    {self.failed:,}"
        if self.refused:
            yield f"refused   {self.refused:,}  names of images that cannot be used"
        if self.failed or self.refused:
            yield f"reasons   {self.failures}"
        yield f"shards    {self.shards_done:,} of {self.shards:,}"
        if self.is_finished and not self.pictures and not self.refused:
            yield "no images found: check --images, --manifest and --remote"
        if not self.is_finished:
            yield f"workers   {self.workers}{self._describe_rate()}"

    def to_line(self) -> str:
        """Return one line for people."""
        left = f", {format_duration(self.seconds_left)} left" if self.seconds_left else ""
        failed = f", {self.failed:,} failed" if self.failed else ""
        rate = f", {self.rate:.3g}/s" if self.rate else ""
        workers = f", {self.workers} worker{'s' if self.workers != 1 else ''}"
        total = f"{self.pictures:,}{'' if self.is_listed else '+'}"
        return f"{self.done:,}/{total} pictures{failed}{workers}{rate}{left}"

    def _describe_rate(self) -> str:
        left = f", {format_duration(self.seconds_left)} left" if self.seconds_left else ""
        return f", {self.rate:.3g} pictures a second{left}" if self.rate else ""


class ProgressReader:
    """Reads the progress of a run again and again. What is done is read once."""

    def __init__(self, settings: Settings, run: Run) -> None:
        """Take a run; nothing is asked yet."""
        self._run = run
        self._documents: Documents = run.documents(settings)
        self._plan = ShardPlan()
        self._mark = -1  # up to this shard, all are done
        self._before = Tally()  # the sum up to there

    def read(self) -> RunProgress:
        """Return the progress now: some requests, and one for each worker.

        Raises:
            OSError, csci_utils.errors.CsciUtilsError: The remote refuses.
        """
        if not self._plan.is_complete:
            self._plan = read_plan(self._documents)
        done = {number: tally for number, tally, _ in list_done(self._documents, self._mark)}
        while self._mark + 1 in done:
            self._mark += 1
            self._before += done.pop(self._mark)
        total = sum(done.values(), self._before)
        return self._describe(total, len(done) + self._mark + 1, self._read_leases(set(done)))

    def _describe(self, total: Tally, shards_done: int, states: list[LeaseState]) -> RunProgress:
        seconds, now, rate = total.milliseconds / 1000, total, 0.0
        for tally in (_tally_of(state) for state in states):
            now += tally
            rate += tally.pictures / (tally.milliseconds / 1000) if tally.milliseconds else 0
        if not rate and seconds:  # nobody has said anything of the shard that is begun
            rate = len(states) * total.pictures / seconds
        pictures = self._plan.images * len(self._run.models)
        return RunProgress(
            run=self._run.id,
            pictures=pictures,
            is_listed=self._plan.is_complete,
            shards=self._plan.shards,
            shards_done=shards_done,
            painted=now.painted,
            current=now.current,
            failed=now.failed,
            refused=self._plan.refused,
            workers=len(states),
            rate=rate,
            seconds_left=(pictures - now.pictures) / rate if rate else None,
            worker_seconds=seconds,
            failures=f"{self._documents.url}/{FAILURES}",
        )

    def _read_leases(self, done: set[int]) -> list[LeaseState]:
        """Return the leases that are held now on shards that are not done."""
        held = [
            name
            for name, age in self._documents.list(CLAIMS, self._after_mark())
            if number_of(name) not in done and age <= self._run.lease_seconds * GRACE
        ]
        with ThreadPoolExecutor(_READERS) as pool:
            found = list(pool.map(self._documents.read, held))
        states = [LeaseState.from_bytes(each.data) for each in found if each]
        return [state for state in states if not state.is_free]

    def _after_mark(self) -> str:
        return f"{name_of(self._mark)}.json" if self._mark >= 0 else ""


def _tally_of(state: LeaseState) -> Tally:
    """Return what a lease says of its worker's progress, which anybody can have written."""
    try:
        return Tally(**{name: int(value) for name, value in state.figures.items()})
    except (TypeError, ValueError, AttributeError):
        return Tally()
