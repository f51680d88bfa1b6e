"""Waiting until something may have changed in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING

from csci_utils.writers import may_have_distant_writers

from ..places import shorten
from ..storage.leftovers import is_ignored

if TYPE_CHECKING:
    from watchfiles.main import FileChange

TICK_SECONDS = 0.05
"""How often the folder itself is looked at, which may be replaced or not exist yet."""

DEBOUNCE_MS = 100
"""The longest time that events are gathered for. The default of watchfiles is 1,600 ms."""

STEP_MS = 15
"""How long no further event comes before those gathered are reported."""


class Events:
    """The events of files in a folder and in all folders in it, by watchfiles."""

    def __init__(self, folder: str, polls: bool, notify: Callable[[str], None]) -> None:
        """Begin to watch.

        Args:
            folder: The folder, which may not exist yet.
            polls: Whether to look at all files again and again, in place of waiting for events. It
                is done anyway where other systems may write, and where watchfiles is told to
                (WATCHFILES_FORCE_POLLING).
            notify: Called if events do not arrive, and if the folder is not there.
        """
        self._folder = folder
        self._polls = polls
        self._notify = notify
        self._changes: Generator[set[FileChange]] | None = None
        self._identity: tuple[int, int] | None = None
        self._begin()

    def wait(self, seconds: float) -> None:
        """Return once something may have changed, or the time is over.

        Raises:
            KeyboardInterrupt: A signal asks the process to end.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if _identify(self._folder) != self._identity:
                self._begin()
                return
            if left < TICK_SECONDS or self._changes is None:
                time.sleep(min(left, TICK_SECONDS))
            elif any(not is_ignored(os.path.basename(path)) for _, path in next(self._changes)):
                return

    def close(self) -> None:
        """Stop watching."""
        if self._changes is not None:
            self._changes.close()
            self._changes = None

    def _begin(self) -> None:
        """Watch the folder that is there now."""
        self.close()
        was_there = self._identity is not None
        self._identity = _identify(self._folder)
        if self._identity is None:
            if was_there:
                self._notify(f"{shorten(self._folder)} is not there; watched once it is back")
            return
        while self._changes is None:
            try:
                self._changes = self._open()
            except (OSError, RuntimeError) as error:  # such as too many watched folders
                if self._polls or _identify(self._folder) is None:
                    return  # it is looked at now and then all the same
                self._polls = True
                self._notify(f"{shorten(self._folder)} is polled: no events arrive ({error})")

    def _open(self) -> Generator[set[FileChange]]:
        from watchfiles import watch

        if not self._polls and may_have_distant_writers(self._folder):
            self._polls = True
            self._notify(f"{shorten(self._folder)} is polled: it is not on a disk of this system")
        changes = watch(
            self._folder,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            rust_timeout=round(TICK_SECONDS * 1000),
            yield_on_timeout=True,
            force_polling=True if self._polls else None,
            ignore_permission_denied=True,
        )
        next(changes)  # watched from here on
        return changes


def _identify(folder: str) -> tuple[int, int] | None:
    """Return what tells a folder from another in its place; None if there is none."""
    with suppress(OSError):
        status = os.stat(folder)
        return status.st_dev, status.st_ino
    return None
