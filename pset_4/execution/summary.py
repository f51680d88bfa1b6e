"""The summary of a run: how much was done, skipped and failed, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import luigi

from csci_utils.errors import DescribedError

from ..settings import Settings
from ..tasks.batch import BatchTask, Piece
from ..tasks.events import CACHED, FETCHED, PAINTED, PUBLISHED, REPLACED, Made
from .luigi_worker import name_of
from .outcome import Outcome

SKIPPED, FAILED, BLOCKED, WAITING = "skipped", "failed", "blocked", "waiting"

VERBS = (PAINTED, PUBLISHED, REPLACED, FETCHED, CACHED)
"""What tasks do, in the order in which it is summarized."""


@dataclass(frozen=True)
class Summary:
    """What came of a run, sorted into lists. Each file counts once in each list."""

    data: str
    remote: str
    made: dict[str, list[Made]]
    """For each of the `VERBS`, what was made, in that order."""
    skipped: list[str]
    """Paths or URLs of what was asked for and is there already."""
    failed: list[DescribedError]
    """What failed, once for each reason."""
    blocked: list[str]
    """Paths or URLs of what was asked for, and was not made because something else failed."""
    waiting: int
    """How many files were made offline, and are to be published later."""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each list, by its name."""
        return {
            **{verb: len(self.made[verb]) for verb in VERBS},
            SKIPPED: len(self.skipped),
            FAILED: len(self.failed),
            BLOCKED: len(self.blocked),
            WAITING: self.waiting,
        }

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values: counts, and the lists that are counted."""
        return {
            "data": self.data,
            "remote": self.remote,
            "counts": self.counts,
            **{verb: [_to_dict(made) for made in self.made[verb]] for verb in VERBS},
            SKIPPED: self.skipped,
            FAILED: [error.to_json() for error in self.failed],
            BLOCKED: self.blocked,
        }


def summarize(
    outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]
) -> Summary:
    """Sort the outcome of a run, and the drop-ins that were refused, into lists."""
    by_verb: dict[str, list[Made]] = {verb: [] for verb in VERBS}
    for made in outcome.done:
        by_verb[made.verb].append(made)
    done = {(made.image, made.model) for made in outcome.done}
    errors = [*refused.values(), *(failure.error for failure in outcome.failures)]
    failed = {failure.piece.pair for failure in outcome.failures}
    skipped: list[str] = []
    blocked: list[str] = []
    for task, piece in outcome.list_asked():
        is_finished = piece in outcome.finished
        if piece.pair not in (done if is_finished else failed):
            (skipped if is_finished else blocked).append(_describe(task, piece))
    return Summary(
        settings.data,
        settings.unasked_remote or settings.remote,
        by_verb,
        skipped,
        list({str(error): error for error in errors}.values()),
        blocked,
        outcome.count_waiting() if settings.is_offline else 0,
    )


def _to_dict(made: Made) -> dict[str, object]:
    if made.plan is None:
        return {"path": made.path, "remark": made.remark}
    return {"path": made.path, **asdict(made.plan)}


def _describe(task: luigi.Task, piece: Piece) -> str:
    """Return the path of what a task makes for one of its names."""
    if isinstance(task, BatchTask):
        return task.path_of(piece.image or str(piece.model))
    return name_of(task)
