"""Long calls into C code that Ctrl-C can still interrupt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

_POLL_INTERVAL = 0.1  # seconds; on Windows, Ctrl-C does not end a wait without a timeout


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
