"""One sync of a folder for all threads that have written to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from threading import Event, Lock


class SharedCalls:
    """Calls of which one serves all threads that asked for it before it began.

    A sync of a folder is such a call: it covers whatever was renamed before.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._lock = Lock()
        self._running: defaultdict[Hashable, Lock] = defaultdict(Lock)
        self._next: dict[Hashable, _Call] = {}

    def call(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do some work, or wait until another thread has done it from beginning to end.

        Args:
            key: Tells the same work from other work.
            work: Called with no arguments. All who wait for it get its error.
        """
        with self._lock:
            call = self._next.get(key)
            is_mine = call is None
            if call is None:
                call = self._next[key] = _Call()
            running = self._running[key]
        if is_mine:
            with running:
                with self._lock:
                    del self._next[key]
                call.run(work)
        else:
            call.is_over.wait()
        if call.error is not None:
            raise call.error


class _Call:
    """One call, which others may wait for."""

    def __init__(self) -> None:
        self.is_over = Event()
        self.error: BaseException | None = None

    def run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.error = error
        finally:
            self.is_over.set()
