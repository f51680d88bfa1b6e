"""Calls into libraries without their warnings, in any number of threads."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_lock = threading.Lock()
_inside = 0  # how many threads are
_filters = ExitStack()  # restores the warnings' filters


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore all warnings, of all threads, until the last thread has left.

    `warnings.catch_warnings` alone is not for threads: one restores what another has set.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _filters.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _filters.close()
