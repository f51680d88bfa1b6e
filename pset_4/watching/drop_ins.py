"""Find drop-ins that are new or changed, and complete."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field

from csci_utils.errors import DescribedError

from ..settings import Settings
from ..storage.inventory import Inventory, list_drop_ins
from ..storage.regular_files import open_regular
from ..tasks.snapshot import QUIET_SECONDS, FileState, find_quiet_seconds, state_of

PATIENCE_SECONDS = 60.0
"""How long a file is unchanged before it counts as complete although a program has it open for
writing."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two looks at a file that is being written."""


@dataclass
class DropInChanges:
    """What one look at the drop-ins found."""

    complete: Inventory
    """The drop-ins that can be used."""
    changed: set[str] = field(default_factory=set)
    """Those that are new, or were changed since an earlier look found them complete."""
    gone: set[str] = field(default_factory=set)
    """Those that an earlier look found, and that are not there any more."""
    refused: list[DescribedError] = field(default_factory=list)
    """Why files cannot be used, each only once."""
    seconds: float = math.inf
    """When to look again, because a file is being written."""


class DropIns:
    """The drop-ins as they were at the last look. It takes memory for those that are there."""

    def __init__(self, settings: Settings) -> None:
        """Count all that is there as new."""
        self._settings = settings
        self._complete: dict[str, FileState] = {}
        self._growing: dict[str, tuple[FileState, float]] = {}
        self._refused: dict[tuple[str, str], float] = {}

    def find_changes(self) -> DropInChanges:
        """Look at all drop-ins.

        Raises:
            SettingsError, OSError: The folder cannot be listed.
        """
        found = list_drop_ins(self._settings)
        changes = DropInChanges(found)
        complete: dict[str, FileState] = {}
        growing: dict[str, tuple[FileState, float]] = {}
        for name in (*found.images, *found.models):
            path = f"{self._settings.uploads}/{name}"
            try:
                status = os.lstat(path)
            except OSError:
                continue  # removed or renamed just now
            state = state_of(status)
            if self._complete.get(name) == state:
                complete[name] = state
                continue
            earlier, since = self._growing.get(name, (None, 0.0))
            since = since if earlier == state else time.monotonic()
            # The clock of a share may differ from ours, and a file may be from the future.
            stillness = max(time.time() - status.st_mtime, time.monotonic() - since)
            seconds = self._seconds_left(path, stillness)
            if seconds > 0:
                growing[name] = (state, since)
                changes.seconds = min(changes.seconds, seconds)
            else:
                complete[name] = state
                changes.changed.add(name)
        changes.gone = self._complete.keys() - complete.keys() - growing.keys()
        self._complete, self._growing = complete, growing
        self._take_refused(changes, found)
        images, models = (
            [name for name in names if name in complete] for names in (found.images, found.models)
        )
        changes.complete = Inventory(images, models)
        return changes

    def _seconds_left(self, path: str, stillness: float) -> float:
        """Return when to look again at a file that changed; 0 if it is complete."""
        if stillness >= PATIENCE_SECONDS:
            return 0
        try:
            with open_regular(path, self._settings.uploads) as file:
                seconds, is_open = find_quiet_seconds(file)
        except (DescribedError, OSError):
            return 0  # the run itself says what is wrong with it
        if is_open:
            return min(max(stillness / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
        return max(seconds - stillness, 0)

    def _take_refused(self, changes: DropInChanges, found: Inventory) -> None:
        """Take the refused files that lie there for a while: programs use files of other names."""
        now = time.monotonic()
        refused: dict[tuple[str, str], float] = {}
        for name, error in found.refused.items():
            key = name, str(error)
            since = refused[key] = self._refused.get(key, now)
            if since == -math.inf:  # taken by an earlier look
                continue
            if now - since >= QUIET_SECONDS:
                refused[key] = -math.inf
                changes.refused.append(error)
            else:
                changes.seconds = min(changes.seconds, since + QUIET_SECONDS - now)
        self._refused = refused
