"""Signals that ask a program to end."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_NAMES = ("SIGTERM", "SIGHUP")  # not all systems have both
_AGAIN_SECONDS = 0.05  # longer than what finalizers take


def interrupt_on_termination() -> None:
    """Treat SIGTERM and SIGHUP like Ctrl-C, so that the program cleans up and says so.

    Python drops an interrupt that hits a finalizer or the callback of a weak reference. From now on
    such an interrupt comes again, a moment later.

    Call it first, before imports that take a while: until then such a signal ends the program at
    once. A signal that is ignored stays ignored, as SIGHUP is under nohup.
    """
    sys.unraisablehook = _interrupt_again
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _interrupt_again(dropped: UnraisableHookArgs) -> None:
    """Repeat an interrupt that Python drops; show any other error."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    timer = threading.Timer(_AGAIN_SECONDS, _interrupt)  # here it would be dropped again
    timer.daemon = True
    timer.start()


def _interrupt() -> None:
    """Send the main thread a signal that interrupts it, and what it waits for."""
    main = threading.main_thread().ident
    if main is None or not hasattr(signal, "pthread_kill"):  # Windows
        _thread.interrupt_main()
        return
    for name in ("SIGINT", *_NAMES):
        number = getattr(signal, name)
        if signal.getsignal(number) is signal.default_int_handler:  # not ignored
            signal.pthread_kill(main, number)
            return
