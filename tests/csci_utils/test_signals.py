"""Signals that end a program."""

from __future__ import annotations

import sys

import pytest

from tests.support.command_line import run_program

FINALIZER = """
import signal, time
from csci_utils.signals import interrupt_on_termination

class Finalized:
    def __del__(self):
        {work}

interrupt_on_termination()
Finalized()
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there no signal ends a wait")
def test_an_interrupt_that_hits_a_finalizer_is_not_lost() -> None:
    result = run_program(FINALIZER.format(work="signal.raise_signal(signal.SIGINT)"))

    assert (result.stdout, result.stderr) == ("interrupted\n", "")


def test_other_errors_of_finalizers_are_shown() -> None:
    result = run_program(FINALIZER.format(work="1 / 0").replace("60", "0"))

    assert (result.stdout, result.stderr.splitlines()[-1].split(":")[0]) == (
        "",
        "ZeroDivisionError",
    )
