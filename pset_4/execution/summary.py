"""The summary of a run: how much was done, skipped and failed, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import luigi

from csci_utils.errors import DescribedError

from ..settings import Settings
from .luigi_worker import name_of
from .outcome import CACHED, FETCHED, PAINTED, PUBLISHED, REPLACED, Outcome, Plan, possible_verb_of

SKIPPED, FAILED, BLOCKED, WAITING = "skipped", "failed", "blocked", "waiting"

VERBS = (PAINTED, PUBLISHED, REPLACED, FETCHED, CACHED)
"""What tasks do, in the order in which it is summarized."""


@dataclass(frozen=True)
class Made:
    """A file or object that a run made."""

    path: str
    """Its path or URL."""
    remark: str = ""
    """What people should know about it; empty if nothing."""
    plan: Plan | None = None
    """In a dry run, why it would be made, and its size."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        if self.plan is None:
            return {"path": self.path, "remark": self.remark}
        return {"path": self.path, **asdict(self.plan)}


@dataclass
class Summary:
    """What came of a run, sorted into lists. Each file counts once in each list."""

    data: str
    remote: str
    made: dict[str, list[Made]] = field(default_factory=dict)
    """For each of the `VERBS`, what was made, in that order."""
    skipped: list[str] = field(default_factory=list)
    """Paths or URLs of what was asked for and is there already."""
    failed: list[DescribedError] = field(default_factory=list)
    """What failed, once for each reason."""
    blocked: list[str] = field(default_factory=list)
    """Paths or URLs of what was asked for, and was not made because something else failed."""
    waiting: int = 0
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
            **{verb: [made.to_dict() for made in self.made[verb]] for verb in VERBS},
            SKIPPED: self.skipped,
            FAILED: [error.to_json() for error in self.failed],
            BLOCKED: self.blocked,
        }


def summarize(
    outcome: Outcome, settings: Settings, refused: Mapping[str, DescribedError]
) -> Summary:
    """Sort the outcome of a run, and the drop-ins that were refused, into lists."""
    found = Summary(settings.data, settings.unasked_remote or settings.remote)
    found.made = {verb: [] for verb in VERBS}
    for task in outcome.done:
        made = Made(name_of(task), getattr(task, "remark", ""), outcome.plans.get(task))
        found.made[_verb_of(task)].append(made)
    done = {_pair_of(task) for task in outcome.done}
    finished = [task for task in outcome.asked if task in outcome.finished]
    found.skipped = [_describe(task) for task in finished if _pair_of(task) not in done]
    errors = [*refused.values(), *(failure.error for failure in outcome.failures)]
    found.failed = list({str(error): error for error in errors}.values())
    failed = {_pair_of(failure.task) for failure in outcome.failures}
    unfinished = (task for task in outcome.unfinished if _pair_of(task) not in failed)
    found.blocked = list(map(_describe, unfinished))
    found.waiting = outcome.count_waiting() if settings.is_offline else 0
    return found


def _verb_of(task: luigi.Task) -> str:
    is_replacement = getattr(task, "is_replacement", False)
    return REPLACED if is_replacement else str(possible_verb_of(task))


def _describe(task: luigi.Task) -> str:
    """Return the path of what a task makes; of one that only joins others, the last of theirs."""
    if isinstance(task, luigi.WrapperTask):
        return _describe(task.deps()[-1])
    return name_of(task)


def _pair_of(task: luigi.Task) -> tuple[str | None, str | None]:
    return getattr(task, "image", None), getattr(task, "model", None)
