"""A pool of processes of this machine."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Event, Thread

from csci_utils.signals import interrupt_on_termination

from ...execution.messages import describe_error
from ..worker.loop import WorkerConfig, run_worker
from .base import GRACE_SECONDS, WorkerPool

_STOPPED = 75
"""The exit code of a worker that was asked to end, by anybody, before all was done (EX_TEMPFAIL of
sysexits.h)."""

_Process = tuple[multiprocessing.process.BaseProcess, Connection]


class ProcessPool(WorkerPool):
    """Workers in processes of this machine. They end when this process does, however it ends."""

    def __init__(
        self,
        config: WorkerConfig,
        notify: Callable[[str], None],
        size: int,
        devices: Sequence[str] = (),
    ) -> None:
        """Take what each worker is told, how many there should be, and the devices they share."""
        super().__init__(config, notify)
        self.size = size
        self._devices = devices
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, _Process] = {}  # by the number of the worker
        self._finished: set[int] = set()

    def refill(self) -> int:
        """Look at all processes, and start what is missing."""
        for number, (process, connection) in list(self._processes.items()):
            self._receive(connection)
            if not process.is_alive():
                del self._processes[number]
                self._take_ended(number, process, connection)
        for number in set(range(self.size)) - self._processes.keys() - self._finished:
            self._processes[number] = self._start(self._config_of(number))
        return len(self._processes)

    def stop(self) -> None:
        """Close the connections, which the workers take as a request to end."""
        for _, connection in self._processes.values():
            connection.close()
        for process, _ in self._processes.values():
            process.join(GRACE_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes.clear()

    def _config_of(self, number: int) -> WorkerConfig:
        if not self._devices:
            return self.config
        device = self._devices[number % len(self._devices)]
        return replace(self.config, machine=self.config.machine | {"device": device})

    def _start(self, config: WorkerConfig) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work_in_process, args=(config, theirs))
        process.start()
        theirs.close()
        return process, ours

    def _receive(self, connection: Connection) -> None:
        with suppress(EOFError, OSError):
            while connection.poll():
                kind, text = connection.recv()
                if kind == "error":
                    self.last_error = text
                else:
                    self.notify(text)

    def _take_ended(
        self, number: int, process: multiprocessing.process.BaseProcess, connection: Connection
    ) -> None:
        self._receive(connection)
        connection.close()
        if process.exitcode == 0:
            self._finished.add(number)
        if process.exitcode in (0, _STOPPED):
            return
        killed = f"killed by signal {-(process.exitcode or 0)}"
        self.record_loss(
            killed if (process.exitcode or 0) < 0 else self.last_error or "no reason given"
        )


def _work_in_process(config: WorkerConfig, connection: Connection) -> None:
    """Work until all is done, or the pool closes its end of the connection."""
    stop = Event()
    interrupt_on_termination()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the pool decides
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Thread(target=_await_end, args=(connection, stop), daemon=True).start()
    try:
        is_done = run_worker(config, stop, lambda text: connection.send(("note", text)))
    except Exception as error:
        with suppress(OSError):
            connection.send(("error", str(describe_error(error))))
        sys.exit(1)
    sys.exit(0 if is_done else _STOPPED)


def _await_end(connection: Connection, stop: Event) -> None:
    with suppress(EOFError, OSError):
        connection.recv()  # nothing is ever sent: this returns when the other end is closed
    stop.set()
