"""Give up access to the network."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # unshare(2)


def leave_network() -> None:
    """Give up the network for good, where Linux lets this process do that.

    Without privileges Linux lets only a process of one thread do it. NumPy starts threads when it
    is imported.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            unshare = ctypes.CDLL(None).unshare
            if unshare(_NEW_NETWORK) != 0:
                unshare(_NEW_NETWORK | _NEW_USER)
