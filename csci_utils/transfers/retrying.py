"""When a transfer is tried again, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import StalledError, TransferError

_Result = TypeVar("_Result")

TRIES = 5
"""The number of tries while the transfer is cut short or damaged."""

PAUSE_SECONDS = 0.1
"""The pause before the second try. It doubles with each further one."""

STALL_TRIES = 2
"""The number of tries that may stall; each takes half a minute."""


def retry(transfer: Callable[[], _Result]) -> _Result:
    """Return the result of a transfer, tried again while it is cut short, damaged or stalls.

    Raises:
        TransferError: Each of `TRIES` failed, or `STALL_TRIES` of them stalled.
    """
    stalls = 0
    for attempt in range(TRIES - 1):
        try:
            return transfer()
        except TransferError as error:
            stalls += isinstance(error, StalledError)
            if stalls == STALL_TRIES:
                raise
            time.sleep(PAUSE_SECONDS * 2**attempt)
    return transfer()
