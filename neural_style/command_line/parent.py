"""Ending with the parent process, also when that is killed."""

from __future__ import annotations

import os
import signal
import time
from threading import Thread

from csci_utils.console import ExitCode

PARENT_VARIABLE = "NEURAL_STYLE_PARENT"
"""Set to ``stdin`` by a parent process that keeps the other end of standard input open while it
lives, and writes nothing to it."""

_GRACE_SECONDS = 2  # for cleaning up


def follow_parent() -> None:
    """End this process soon after its parent, if `PARENT_VARIABLE` says how to notice that."""
    if os.environ.get(PARENT_VARIABLE) == "stdin":
        Thread(target=_end_at_eof, daemon=True).start()


def _end_at_eof() -> None:
    # Not by `sys.stdin`, whose lock would be held when this process ends by itself.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(ExitCode.INTERRUPTED)
