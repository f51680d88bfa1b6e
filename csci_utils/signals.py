"""Signals that ask a program to end."""

from __future__ import annotations

import signal

_NAMES = ("SIGTERM", "SIGHUP")  # not all systems have both


def interrupt_on_termination() -> None:
    """Treat SIGTERM and SIGHUP like Ctrl-C, so that the program cleans up and says so.

    Call it first, before imports that take a while: until then such a signal ends the program at
    once. A signal that is ignored stays ignored, as SIGHUP is under nohup.
    """
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
