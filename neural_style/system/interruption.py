"""Ctrl-C where Python itself does not deliver it: during long calls into C code, and in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

interrupted = threading.Event()
"""Set after Ctrl-C by a program whose other threads have to end, too: only the main one gets it."""

_stops: set[Callable[[], None]] = set()

_POLL_INTERVAL = 0.1  # seconds; on Windows, Ctrl-C does not end a wait without a timeout


def interrupt() -> None:
    """Set `interrupted`, and stop what threads wait for."""
    interrupted.set()
    for stop in list(_stops):
        stop()


def check_interrupted() -> None:
    """Raise KeyboardInterrupt if `interrupted` is set."""
    if interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def stopped_by_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Have `interrupt` call `stop`, which ends what the body waits for, in whatever thread.

    Raises:
        KeyboardInterrupt: `interrupted` is set.
    """
    _stops.add(stop)
    try:
        check_interrupted()
        yield
    finally:
        _stops.discard(stop)
        check_interrupted()  # rather than what the end of the wait looks like


def call_interruptibly(function: Callable[[], T]) -> T:
    """Call `function` in another thread and return its result; Ctrl-C ends the wait at once.

    Python handles Ctrl-C only between two bytecodes of the main thread, so a long call into C
    would delay it. Other threads never receive Ctrl-C; from them, `function` is called directly.

    Args:
        function: Releases the GIL while it works. After Ctrl-C it goes on unobserved, until it
            returns or the process ends, so it must not change anything that is still used.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed before `function` returned.
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    future: Future[T] = Future()
    done = threading.Event()
    thread = threading.Thread(target=_run, args=(future, done, function), daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system refuses to start another thread
        return function()
    while not done.wait(_POLL_INTERVAL):
        pass
    try:
        return future.result()
    finally:
        # An error's traceback refers to this frame. Without `del`, this cycle would keep the
        # error, and a picture with it, until the next garbage collection.
        del future


def _run(future: Future[T], done: threading.Event, function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
    finally:
        del future  # see `call_interruptibly`
        done.set()
