"""Commands in forked processes, which start in milliseconds, and their deaths."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
from click.testing import Result

EVENTS = frozenset(
    [
        "fcntl.flock",
        "http.client.send",
        "open",
        "os.fsync",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "socket.connect",
    ]
)
"""What touches the disk or the network, as Python audits it; ``os.fsync`` is added here."""

TIME_LIMIT = 120
"""Seconds after which a command counts as hanging."""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


BROKEN = -1
"""Stands for the exit code where the test itself failed."""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    exit_code: int | None
    """None if it was killed."""
    stderr: str = ""
    events: tuple[str, ...] = ()
    """The `EVENTS` that happened, each with what it happened to."""


class Fork:
    """A copy of this process that runs a command, with `EVENTS` recorded.

    It shares nothing with this process but the disk and open pipes, and what is imported need not
    be imported again.
    """

    def __init__(
        self,
        run: Callable[[], Result],
        fatal_event: int | None = None,
        closing: Sequence[int] = (),
    ) -> None:
        """Start.

        Args:
            run: The command.
            fatal_event: The process kills itself before the event of this number, from 1.
            closing: File descriptors that must not stay open in the process.
        """
        self._pipe, pipe = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            for descriptor in closing:
                os.close(descriptor)
            _be_child(run, fatal_event, pipe)
        os.close(pipe)

    def kill(self) -> None:
        """Kill the process, which may have ended."""
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> Ending:
        """Wait for the end of the process.

        Raises:
            AssertionError: It hangs, or raised an error that the command line does not report.
        """
        text, deadline = b"", time.monotonic() + TIME_LIMIT
        while chunk := self._read(deadline):
            text += chunk
        os.close(self._pipe)
        os.waitpid(self._pid, 0)
        ending = Ending(**json.loads(text)) if text else Ending(None)
        assert ending.exit_code != BROKEN, ending.stderr
        return ending

    def has_ended(self, seconds: float) -> bool:
        """Wait for the end for a time, and return whether it came."""
        return bool(select.select([self._pipe], [], [], seconds)[0])

    def _read(self, deadline: float) -> bytes:
        if not self.has_ended(max(deadline - time.monotonic(), 0)):
            self.kill()
            raise AssertionError(f"the command did not end in {TIME_LIMIT} s")
        return os.read(self._pipe, 1 << 16)


def _be_child(run: Callable[[], Result], fatal_event: int | None, pipe: int) -> NoReturn:
    try:
        events = _record_events(fatal_event)
        result = run()
        ending = {"exit_code": result.exit_code, "stderr": result.stderr, "events": events}
    except BaseException:
        ending = {"exit_code": BROKEN, "stderr": traceback.format_exc()}
    try:
        with open(pipe, "wb") as file:
            file.write(json.dumps(ending).encode())
    finally:
        os._exit(0)  # nothing of the test goes on in here


def _record_events(fatal_event: int | None) -> list[str]:
    """Record events of this process from now on; an audit hook cannot be taken away again."""
    fsync, events = os.fsync, list[str]()

    def audited_fsync(descriptor: int) -> None:
        sys.audit("os.fsync", descriptor)
        fsync(descriptor)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            events.append(f"{event} {arguments[0]}")
            if len(events) == fatal_event:
                os.kill(os.getpid(), signal.SIGKILL)

    os.fsync = audited_fsync  # type: ignore[assignment]
    sys.addaudithook(hook)
    return events
