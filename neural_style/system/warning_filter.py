"""Calls into libraries without their warnings, from any number of threads."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_lock = threading.Lock()
_users = 0  # how many `with suppress_warnings()` blocks are active
_original_filters = ExitStack()  # restores the filters from before the first block


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Ignore the warnings of all threads until the last active block ends. Thread-safe.

    `warnings.catch_warnings` alone is not thread-safe: of two overlapping blocks, the one that
    ends last restores the filters that the other one had set.
    """
    global _users
    with _lock:
        if _users == 0:
            _original_filters.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _original_filters.close()
