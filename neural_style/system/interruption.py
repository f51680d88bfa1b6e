"""Long calls into C code, which Python itself does not interrupt: Ctrl-C waits for their end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

_PATIENCE = 0.1  # seconds between two looks at Ctrl-C where a wait is not interrupted: on Windows


def interruptibly(function: Callable[[], T]) -> T:
    """Call `function` so that Ctrl-C ends the call at once, if it lets go of Python's lock.

    It runs in a thread of its own, as only waiting can be interrupted; nobody hears of what an
    abandoned one does. So it must change nothing that is still used afterwards.

    Raises:
        KeyboardInterrupt: at once; the thread may go on, and ends with the process at the latest.
    """
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C comes to that one alone
        return function()
    future: Future[T] = Future()
    done = threading.Event()
    thread = threading.Thread(target=_run, args=(future, done, function), daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system gives no more threads
        return function()
    while not done.wait(_PATIENCE):
        pass
    try:
        return future.result()
    finally:
        del future  # or an error, whose traceback leads here, would keep itself and a picture


def _run(future: Future[T], done: threading.Event, function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
    finally:
        del future
        done.set()
