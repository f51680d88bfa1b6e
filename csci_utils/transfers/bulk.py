"""Work on many items in many threads: bounded, in no order, and ended promptly."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

IN_FLIGHT = 24
"""The number of threads. Files are synced in as many at once: the file system groups that, so a
thousand files take a tenth of the time that they take one after the other."""

_WAITING = 2  # items for each thread, so that none waits for the caller
_LOOK_SECONDS = 1.0  # on Windows, Ctrl-C does not end a wait


class ItemOutcome(NamedTuple, Generic[_Item, _Result]):
    """What became of one item."""

    item: _Item
    result: _Result | None
    """What the work returned; None if it failed."""
    error: Exception | None
    """What it raised."""

    def get(self) -> _Result:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


def work_on_many(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int = IN_FLIGHT
) -> Iterator[ItemOutcome[_Item, _Result]]:
    """Yield the outcome of each item as soon as it is known, in no particular order.

    An item that fails does so alone. An interrupt in a thread is raised here, too. Items are taken
    from `items`, in this thread, only as they are needed, so neither they nor the outcomes pile up.
    If the caller stops, as by Ctrl-C, no further item is begun, and nobody waits for those that
    are: their threads end with the process.

    Args:
        work: Called in a thread with an item, and with a copy of this thread's context variables.
        items: The items.
        threads: The number of items that are worked on at once.
    """
    team = _Team(work)
    unfinished = 0
    try:
        for item in items:
            team.add(item, threads)
            unfinished += 1
            while unfinished >= threads * _WAITING:
                yield team.wait()
                unfinished -= 1
        for _ in range(unfinished):
            yield team.wait()
    finally:
        team.end()


class _Team(Generic[_Item, _Result]):
    """Threads, and the items that they take and return."""

    def __init__(self, work: Callable[[_Item], _Result]) -> None:
        self._work = work
        self._items: SimpleQueue[tuple[_Item] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[ItemOutcome[_Item, _Result] | BaseException] = SimpleQueue()
        self._threads = 0
        self._is_over = False

    def add(self, item: _Item, max_threads: int) -> None:
        """Have an item worked on."""
        self._items.put((item,))
        if self._threads < max_threads:
            self._threads += 1
            run = contextvars.copy_context().run
            # Not those of concurrent.futures, which the interpreter waits for when it exits.
            threading.Thread(target=run, args=(self._run,), daemon=True).start()

    def wait(self) -> ItemOutcome[_Item, _Result]:
        """Return the next outcome."""
        while True:
            try:
                outcome = self._outcomes.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    def end(self) -> None:
        """Begin nothing more."""
        self._is_over = True
        for _ in range(self._threads):
            self._items.put(None)

    def _run(self) -> None:
        while (item := self._items.get()) is not None and not self._is_over:
            self._outcomes.put(self._work_on(item[0]))

    def _work_on(self, item: _Item) -> ItemOutcome[_Item, _Result] | BaseException:
        try:
            return ItemOutcome(item, self._work(item), None)
        except Exception as error:
            return ItemOutcome(item, None, error)
        except BaseException as interrupt:
            return interrupt
