"""Share one call, such as the sync of a folder, among all threads that want it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class SharedCalls:
    """Coalesces calls: each serves all threads that asked for it before it began.

    A sync of a folder is such a call: it covers whatever was renamed before.
    """

    def __init__(self) -> None:
        """Start without calls."""
        self._lock = Lock()
        self._running: defaultdict[Hashable, Lock] = defaultdict(Lock)
        self._next: dict[Hashable, _Call] = {}

    def call(self, key: Hashable, work: Callable[[], None]) -> None:
        """Do some work, or wait until another thread has done it from beginning to end.

        Args:
            key: Tells the same work from other work.
            work: Called with no arguments. All who wait for it get its error. If its thread is
                interrupted, one of them does the work.
        """
        with self._lock:
            is_mine = key not in self._next
            call = self._next.setdefault(key, _Call())
        if is_mine:
            try:
                with self._alone(key):
                    work()
                call.is_done = True
            except Exception as error:
                call.error = error
            finally:
                call.is_over.set()
        else:
            call.is_over.wait()
        if call.error is not None:
            raise call.error
        if not call.is_done:
            self.call(key, work)

    @contextmanager
    def _alone(self, key: Hashable) -> Iterator[None]:
        """Wait until an earlier call is over. Who asks from then on is served by the next one."""
        with self._lock:
            running = self._running[key]
        try:
            running.acquire()
        finally:
            with self._lock:
                del self._next[key]
        try:
            yield
        finally:
            running.release()


class _Call:
    """One call, which others may wait for."""

    def __init__(self) -> None:
        self.is_over = Event()
        self.is_done = False
        self.error: Exception | None = None
