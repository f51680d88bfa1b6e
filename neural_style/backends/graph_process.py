"""The process that a graph paints in, as its parent sees it.

It knows none of the parent's environment variables besides the few below, has no network where
Linux permits that, and works in the root folder. Its memory and time are limited for each picture.
Messages are lines of JSON; the bytes of a graph or a picture follow the line that announces them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from ..errors import DeviceError, MissingDependencyError, NeuralStyleError, StyleError
from ..formats.onnx_gate.gate import CheckedGraph, Cost
from ..networks.mixtures import Mix
from ..options import RenderingOptions
from ..pictures.arrays import Colors
from ..system.interruption import stopped_by_interrupt
from .base import SMALLER_PICTURE

_ENVIRONMENT = (
    "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH", "SYSTEMROOT", "TEMP", "TMP",
    "TMPDIR", "TZ",
)  # fmt: skip
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from neural_style.system.network import leave_network
leave_network()
from neural_style.backends.graph_worker import main
main()
"""
_SECONDS = 60  # by the clock, to start or to compile the graph for one size
_MULTIPLICATIONS_PER_SECOND = 3e8  # by the clock; a tenth of one slow core
_CPU_SECONDS = 4  # to load the graph, or to compile it for one size
_MULTIPLICATIONS_PER_CPU_SECOND = 1e9  # a twentieth of one fast core
_MULTIPLICATIONS_PER_PIXEL = 1000  # the time to receive, convert and send it
_BYTES = 2**30  # of addresses, besides the tensors
_BYTES_PER_THREAD = 2**28  # its stack, and what malloc reserves
_BYTES_PER_NUMBER = 16  # a number, and what convolutions keep beside it
_BYTES_PER_BYTE = 8  # of the file: copies of the weights, in the layouts that kernels read
_PIPE_BYTES = 2**20  # what Linux permits without privileges
_ERRORS: dict[str, type[Exception]] = {
    "DeviceError": DeviceError,
    "MemoryError": MemoryError,
    "MissingDependencyError": MissingDependencyError,
    "StyleError": StyleError,
}


class GraphProcess:
    """A process that holds one graph and paints one picture at a time. Threads may share it.

    It is kept between pictures. It ends with its parent: at the end of its input.
    """

    def __init__(self, path: Path, graph: CheckedGraph, options: RenderingOptions) -> None:
        """Start the process, and let it prepare the graph.

        Raises:
            StyleError: OpenVINO cannot prepare the graph.
            DeviceError: The process does not start.
        """
        self._path = path
        self._graph = graph
        self._options = options
        self._base_bytes = _BYTES + _BYTES_PER_THREAD * (options.threads or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._parent = 0
        with self._lock:
            self._start()

    def paint(self, colors: Colors, mix: Mix | None, cost: Cost) -> Colors:
        """Return the painted picture, from array to array as `Style.paint`.

        Args:
            colors: The picture.
            mix: How much of each style; None for a graph of one.
            cost: What the graph takes for a picture of this size.

        Raises:
            StyleError: The graph paints numbers that are not finite, or not this size.
            DeviceError: It takes too much memory or time.
            MemoryError, RuntimeError: The engine failed.
        """
        height, width, _ = colors.shape
        work = cost.multiplications + height * width * _MULTIPLICATIONS_PER_PIXEL
        request = {
            "height": height,
            "width": width,
            "mix": None if mix is None else list(mix.items()),
            "bytes": self._base_bytes + cost.numbers * _BYTES_PER_NUMBER,
            "cpu_seconds": _CPU_SECONDS + work / _MULTIPLICATIONS_PER_CPU_SECOND,
        }
        seconds = _SECONDS + cost.multiplications / _MULTIPLICATIONS_PER_SECOND
        with self._lock:
            if self._process is None or self._parent != os.getpid():
                self._start()
            reply, painted = self._ask(request, colors.data.cast("B"), seconds)
        return np.frombuffer(painted, np.uint8).reshape(reply["height"], reply["width"], 3)

    def release(self) -> None:
        """Forget the network that was compiled for the last size."""
        with self._lock:
            if self._process is not None and self._parent == os.getpid():
                limits = {"bytes": self._base_bytes, "cpu_seconds": _CPU_SECONDS}
                self._ask({"release": True, **limits}, b"", _SECONDS)

    def _start(self) -> None:
        command = [sys.executable, "-I", "-c", _PROGRAM]
        command.append(json.dumps([os.path.abspath(folder) for folder in sys.path]))
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=os.path.abspath(os.sep),
                env=environment,
            )
        except OSError as error:
            raise DeviceError(
                f"expected to start a process that paints, got {error.strerror}", path=self._path
            ) from error
        _widen_pipes(self._process)
        self._parent = os.getpid()
        data = self._graph.to_bytes()
        request = {
            "path": str(self._path),
            "size": len(data),
            "count": self._graph.styles,
            "options": self._options.to_json(),
            "cpu_seconds": _CPU_SECONDS,
            "bytes": self._base_bytes + len(data) * _BYTES_PER_BYTE,
        }
        try:
            self._ask(request, data, _SECONDS)
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, NeuralStyleError):
                raise
            raise DeviceError(
                f"expected OpenVINO to prepare this graph, but it failed ({error})", path=self._path
            ) from error

    def _ask(
        self, request: dict[str, Any], data: bytes | memoryview, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request with its data, and return the reply with its data.

        Whatever interrupts this, such as Ctrl-C, ends the process: its answer would come too late.
        """
        process = cast("subprocess.Popen[bytes]", self._process)
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True
        timer.start()
        try:
            with stopped_by_interrupt(process.kill):
                reply, answer = _exchange(process, request, data)
        except (OSError, ValueError) as error:
            self._end()
            raise self._describe_end(timer.finished.is_set(), process.returncode) from error
        except BaseException:
            self._end()
            raise
        finally:
            timer.cancel()
        if "error" in reply:
            raise _rebuild(reply["error"])
        return reply, answer

    def _describe_end(self, is_late: bool, code: int) -> NeuralStyleError:
        is_late = is_late or code == -getattr(signal, "SIGXCPU", 0)
        reason = "took too long" if is_late else f"ended with code {code}"
        return DeviceError(
            f"expected OpenVINO to paint this graph, but its process {reason}",
            path=self._path,
            remedy=SMALLER_PICTURE,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # of a request that was not written in full
                    cast("IO[bytes]", stream).close()

    def __del__(self) -> None:
        """End the process with its last style."""
        if getattr(self, "_parent", 0) == os.getpid():
            self._end()


def _widen_pipes(process: subprocess.Popen[bytes]) -> None:
    """Let a picture pass in one piece: each piece wakes both processes. Linux only."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        for stream in (process.stdin, process.stdout):
            fcntl.fcntl(cast("IO[bytes]", stream), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _exchange(
    process: subprocess.Popen[bytes], request: dict[str, Any], data: bytes | memoryview
) -> tuple[dict[str, Any], bytes]:
    """Write a request and read its reply; raise OSError or ValueError if the process ends."""
    to_child, from_child = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    to_child.write(json.dumps(request).encode() + b"\n")
    to_child.write(data)
    to_child.flush()
    reply: dict[str, Any] = json.loads(from_child.readline())
    size = reply.get("height", 0) * reply.get("width", 0) * 3
    answer = from_child.read(size)
    if len(answer) < size:
        raise ValueError("the process ended while it answered")
    return reply, answer


def _rebuild(error: dict[str, Any]) -> Exception:
    """Return the error that the process described."""
    kind = _ERRORS.get(error["type"], RuntimeError)
    if issubclass(kind, NeuralStyleError):
        return kind(error["reason"], path=error["path"], remedy=error["remedy"])
    return kind(error["reason"])
