"""The outcome of a run: what was done, what is complete, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import luigi

from csci_utils.errors import DescribedError
from csci_utils.luigi import CopyTask

from .. import context
from ..storage.records import is_waiting
from ..tasks.download import DownloadTask
from ..tasks.package import DownloadPackage, PackageModel
from ..tasks.results import UploadResult
from ..tasks.stylize import Stylize
from ..tasks.upload import UploadTask

PUBLISHED, FETCHED, PAINTED = "published", "fetched", "painted"
REPLACED = "replaced"
CACHED = "cached"
"""What is done to a drop-in offline, instead of publishing it."""

VERBS: dict[type[luigi.Task], str] = {
    UploadTask: PUBLISHED,
    DownloadTask: FETCHED,
    Stylize: PAINTED,
    UploadResult: PUBLISHED,
    PackageModel: PUBLISHED,
    DownloadPackage: FETCHED,
}
"""The verb that is displayed for each class of task. Tasks of other classes only join others."""

DOING = {PUBLISHED: "publishing", FETCHED: "fetching", PAINTED: "painting", CACHED: "caching"}
"""What a task is doing that will have done what the verb says."""

_UPLOADS = (UploadTask, UploadResult)


@dataclass(frozen=True)
class Failure:
    """A task that failed, and why."""

    task: luigi.Task
    error: DescribedError


@dataclass(frozen=True)
class Plan:
    """What a task would do, of which nothing is done in a dry run."""

    reason: str
    """Why, such as ``new``."""
    size: int | None = None
    """The bytes that would be moved; None if that is not known yet."""
    pixels: int = 0
    """The pixels that would be painted; 0 for other tasks, and if that is not known yet."""


@dataclass
class Outcome:
    """What came of a run."""

    asked: Sequence[luigi.Task]
    """The tasks that were asked for."""
    done: list[luigi.Task] = field(default_factory=list)
    """Tasks that ran and did something, in this order."""
    finished: set[luigi.Task] = field(default_factory=set)
    """Tasks that are complete now, whether they ran or not."""
    failures: list[Failure] = field(default_factory=list)
    plans: dict[luigi.Task, Plan] = field(default_factory=dict)
    """In a dry run, for each task of `done` what it would do."""

    def add_earlier(self, earlier: Outcome) -> None:
        """Include an earlier run of the same command."""
        self.done[:0] = [task for task in earlier.done if task not in self.done]
        self.plans = {**earlier.plans, **self.plans}
        self.failures[:0] = earlier.failures

    @property
    def unfinished(self) -> list[luigi.Task]:
        """Tasks that were asked for and are not complete."""
        return [task for task in self.asked if task not in self.finished]

    def count_waiting(self) -> int:
        """Return how many files of the tasks were made offline, and are to be published later."""
        uploads = (task for task in _with_required(self.asked) if isinstance(task, _UPLOADS))
        return sum(map(is_waiting, {task.output().path for task in uploads}))


def verb_of(task: luigi.Task) -> str | None:
    """Return the past participle of what a task did when it ran; None if it did nothing itself."""
    if isinstance(task, CopyTask) and not task.copied_digest:
        return None
    if isinstance(task, (PackageModel, Stylize)) and not task.is_made:
        return None
    return possible_verb_of(task)


def possible_verb_of(task: luigi.Task) -> str | None:
    """Return the past participle of what a task can do; None if it only joins others."""
    if isinstance(task, Stylize) and task.is_fetched:
        return FETCHED
    verb = next((verb for kind, verb in VERBS.items() if isinstance(task, kind)), None)
    return CACHED if verb == PUBLISHED and context.current().settings.is_offline else verb


def _with_required(tasks: Sequence[luigi.Task]) -> set[luigi.Task]:
    """Return tasks and all that they require."""
    found: set[luigi.Task] = set()
    left = list(tasks)
    while left:
        task = left.pop()
        if task not in found:
            found.add(task)
            left.extend(task.deps())
    return found
