"""The loop of `watch`: publish and paint what is new until the process is asked to end."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NoReturn

import luigi
from luigi.task_register import Register

from csci_utils.console import say
from csci_utils.errors import DescribedError, S3AccessError, S3BucketMissingError

from .. import context
from ..commands.gallery import rebuild
from ..commands.session import run
from ..commands.transfer import list_uploads
from ..execution import Outcome
from ..execution.messages import describe_error
from ..places import is_s3
from ..settings import Settings
from ..storage import remote
from ..storage.inventory import Inventory, list_remote
from ..styles.tasks import make_tasks
from ..tasks.batch import list_pieces
from .choosing import choose, list_files
from .drop_ins import DropIns
from .failures import Failures, files_of

if TYPE_CHECKING:
    from ..commands.paint import Request
    from ..commands.selection import Selection
    from ..styles.proofs import Proof
    from ..tasks.main import MainTask
    from .events import Events

LOOK_SECONDS = 10.0
"""How often the drop-ins are looked at without an event, of which one may have been lost."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before another try of what failed for a reason that may pass; each time twice as long."""

GALLERY_SECONDS = 10.0
"""The longest time that the gallery waits for a moment without new drop-ins."""


class Watcher:
    """Publishes and paints new versions of drop-ins, and of what the remote holds."""

    def __init__(
        self,
        settings: Settings,
        request: Request,
        kind: type[MainTask] | type[Proof],
        options: dict[str, Any],
        every: float | None,
    ) -> None:
        """Look at nothing yet.

        Args:
            settings: The current ones.
            request: What is to be painted, as for `paint`.
            kind: The task for one image and one style.
            options: Its other parameters.
            every: How often the remote is looked at, in seconds; None for never.
        """
        self._settings = settings
        self._request = request
        self._kind = kind
        self._options = options
        self._every = math.inf if every is None else every
        self._drop_ins = DropIns(settings)
        self._is_first = True
        self._published: Inventory | None = None
        self._marks: dict[str, str] = {}
        self._next_listing = math.inf if every is None else -math.inf
        self._failures = Failures()
        self._retried: set[str] = set()
        self._next_try = math.inf
        self._pause = FIRST_PAUSE
        self._gallery_due = -math.inf

    def follow(self, events: Events) -> NoReturn:
        """Work whenever something may have changed.

        Raises:
            KeyboardInterrupt: A signal asks the process to end.
        """
        while True:
            events.wait(self.step())

    def step(self) -> float:
        """Look once, do what is to be done, and return the seconds until another look is due."""
        try:
            changes = self._drop_ins.find_changes()
        except (DescribedError, OSError) as error:
            self._failures.say_once(str(describe_error(error)))
            return LOOK_SECONDS
        for reason in changes.refused:
            self._failures.say_once(str(reason))
        if changes.gone:
            self._published = None
            self._failures.forget(changes.gone)
        changed = {*changes.changed} if self._request.upload else set()
        now = time.monotonic()
        is_listing, is_retry = now >= self._next_listing, now >= self._next_try
        if changed or self._is_first or is_listing or is_retry:
            self._work(changes.complete, changed, is_listing, is_retry)
        elif self._gallery_due < math.inf:
            self._build_gallery()
        if time.monotonic() >= self._gallery_due:
            self._build_gallery()
        if self._gallery_due < math.inf:
            return 0
        due = min(self._next_listing, self._next_try) - time.monotonic()
        return max(min(changes.seconds, due, LOOK_SECONDS), 0)

    def _work(
        self, complete: Inventory, changed: set[str], is_listing: bool, is_retry: bool
    ) -> None:
        """Publish and paint. What fails for a reason that may pass is tried again later.

        Raises:
            S3AccessError, S3BucketMissingError: The remote refused the first request: it is
                probably not the one that is meant.
        """
        is_start = self._is_first and not self._failures.is_out
        wanted = changed | self._retried
        try:
            if not self._settings.is_offline:
                if self._is_first or self._failures.is_out or not is_s3(self._settings.remote):
                    remote.check_present(self._settings.remote)
                if is_listing:
                    self._next_listing = time.monotonic() + self._every
                    wanted |= self._list_changes()
            failed: set[str] = set()
            if wanted or self._is_first:
                failed = self._paint(complete, wanted, changed)
            else:
                self._failures.end_outage()
        except (DescribedError, OSError) as error:
            if is_start and isinstance(error, (S3AccessError, S3BucketMissingError)):
                raise
            self._failures.take_outage(describe_error(error))
            failed = wanted
        else:
            self._is_first = False
        self._plan(failed)

    def _plan(self, failed: set[str]) -> None:
        """Plan another try of files for which something failed that may pass."""
        self._retried = failed
        if not failed and not (self._is_first or self._failures.is_out):
            self._pause, self._next_try = FIRST_PAUSE, math.inf
            self._failures.forget_passed()
            return
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _paint(self, complete: Inventory, wanted: set[str], fresh: set[str]) -> set[str]:
        """Run the tasks of files that changed, or else all; return those to be tried again."""
        self._failures.forget(wanted)
        try:
            with remote.remembering(self._settings.remote):
                outcome = self._run(complete, wanted)
        finally:
            context.current().forget()
            Register.clear_instance_cache()
        return self._report(outcome, fresh)

    def _run(self, complete: Inventory, changed: set[str]) -> Outcome:
        options, on_conflict = self._options, self._options["on_conflict"]
        selected = choose(self._request, on_conflict, complete, self._list_remote)
        self._leave_out_failed(selected)
        unseen = [task for task in selected.list_unseen() if self._is_wanted(task, changed)]
        fetched = run(unseen) if unseen else None
        pairs = selected.pairs()
        if self._request.picks is not None:
            pairs = self._request.picks.select(pairs)
        wanted = (
            (image, style)
            for image, style in pairs
            if self._is_first or not changed.isdisjoint((image, *list_files(style)))
        )
        tasks = make_tasks(self._kind, wanted, selected.upload, options)
        if not tasks and selected.upload:
            uploads = list_uploads(selected.drop_ins(), on_conflict)
            tasks = [task for task in uploads if self._is_wanted(task, changed)]
        outcome = run(tasks) if tasks else Outcome([])
        if fetched is not None:
            outcome.add_earlier(fetched)
        return outcome

    def _is_wanted(self, task: luigi.Task, changed: Collection[str]) -> bool:
        return self._is_first or any(
            not files_of(piece).isdisjoint(changed) for piece in list_pieces(task)
        )

    def _leave_out_failed(self, selected: Selection) -> None:
        """Leave out files that cannot be used until they are changed."""
        failed = self._failures.files
        selected.images = [name for name in selected.images if name not in failed]
        selected.models = [
            name for name in selected.models if not any(file in failed for file in list_files(name))
        ]

    def _list_remote(self) -> Inventory:
        if self._published is None:
            self._published = list_remote(self._settings)
        return self._published

    def _list_changes(self) -> set[str]:
        """Look at the remote, and return the files that are new there or were replaced."""
        folders = (self._settings.remote_images, self._settings.remote_models)
        marks = {name: mark for path in folders for name, mark in remote.list_marks(path).items()}
        earlier, self._marks = self._marks, marks
        self._published = None
        return {name for name, mark in marks.items() if earlier.get(name) != mark}

    def _report(self, outcome: Outcome, fresh: set[str]) -> set[str]:
        """Print what was done and what failed, and return the files to be tried again."""
        before = self._failures.messages
        failed = self._failures.take(outcome, fresh)
        counts = Counter(made.verb for made in outcome.done)
        if counts:
            done = ", ".join(f"{verb} {count}" for verb, count in sorted(counts.items()))
            say(f"{time.strftime('%H:%M:%S')}  {done}", sys.stdout)
        if counts or before != self._failures.messages:
            self._gallery_due = min(self._gallery_due, time.monotonic() + GALLERY_SECONDS)
        return failed

    def _build_gallery(self) -> None:
        self._gallery_due = math.inf
        rebuild(self._settings, self._failures.messages)
