"""Settings of the whole process, changed for a while by any number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from threading import Lock


def shared(
    change: Callable[[], AbstractContextManager[None]],
) -> Callable[[], AbstractContextManager[None]]:
    """Have the first of several blocks at once enter a context, and the last one leave it.

    Of two overlapping blocks that each enter their own, the one that ends first takes away what the
    other still needs, and the one that ends last restores what the other had set.

    Args:
        change: Makes a context manager that changes settings, and restores them at its end.
    """
    lock = Lock()
    entered = ExitStack()
    blocks = 0

    @wraps(change)
    @contextmanager
    def share() -> Iterator[None]:
        nonlocal blocks
        with lock:
            if blocks == 0:
                entered.enter_context(change())
            blocks += 1
        try:
            yield
        finally:
            with lock:
                blocks -= 1
                if blocks == 0:
                    entered.close()

    return share
