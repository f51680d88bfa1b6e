"""The process that a graph paints in: see `graph_process` for what it reads and writes."""

from __future__ import annotations

import json
import math
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from ..errors import NeuralStyleError, needing
from ..options import RenderingOptions
from ..pictures.arrays import Colors
from .base import Style

T = TypeVar("T")
Request = tuple[dict[str, Any], bytes]
"""A line of JSON, and the bytes that follow it."""


def main() -> None:
    """Answer requests until the input ends."""
    _leave_no_core()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C ends
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints
        requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(sys.stdin.buffer, requests), daemon=True).start()
        graph = _try(_load, requests.get(), answers)
        while graph is not None:
            _try(partial(_serve, graph), requests.get(), answers)


def _leave_no_core() -> None:
    """Write no file when this process exceeds its time."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(source: IO[bytes], requests: queue.SimpleQueue[Request]) -> None:
    """Read requests; at the end of the input, the parent's end, end at once."""
    try:
        while line := source.readline():
            request = json.loads(line)
            size = request.get("size", request.get("height", 0) * request.get("width", 0) * 3)
            requests.put((request, source.read(size)))
    finally:
        os._exit(0)


def _try(function: Callable[[Request], T], request: Request, answers: IO[bytes]) -> T | None:
    """Answer with the picture that `function` returns, or with its error."""
    reply: dict[str, Any] = {}
    result = None
    try:
        result = function(request)
    except NeuralStyleError as error:
        reply = {"error": error.to_json()}
    except Exception as error:
        reason = str(error) or type(error).__name__
        reply = {"error": {"type": type(error).__name__, "reason": reason}}
    if isinstance(result, np.ndarray):
        reply = {"height": result.shape[0], "width": result.shape[1]}
    answers.write(json.dumps(reply).encode() + b"\n")
    if isinstance(result, np.ndarray):
        answers.write(np.ascontiguousarray(result).data)
    answers.flush()
    return result


def _load(request: Request) -> Style:
    with needing("OpenVINO"):
        from .onnx_graph import OnnxGraph

    settings, data = request
    _limit(settings)
    options = RenderingOptions.from_json(settings["options"])
    return OnnxGraph(settings["path"], data, settings["count"], options)


def _serve(graph: Style, request: Request) -> Colors | None:
    settings, data = request
    _limit(settings)
    if settings.get("release"):
        graph.release()
        return None
    colors = np.frombuffer(data, np.uint8).reshape(settings["height"], settings["width"], 3)
    chosen = graph if settings["mix"] is None else graph.with_mix(dict(settings["mix"]))
    return chosen.paint(colors)


def _limit(settings: dict[str, Any]) -> None:
    """Limit the memory and processor time of this process from now on, where that is possible.

    Unlike a clock, the processor's time does not run while other programs keep this one waiting.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = math.ceil(used.ru_utime + used.ru_stime + settings["cpu_seconds"])
        _set_limit(resource.RLIMIT_CPU, seconds)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _set_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + settings["bytes"])


def _set_limit(kind: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    is_lower = hard == resource.RLIM_INFINITY or value < hard
    resource.setrlimit(kind, (value if is_lower else hard, hard))
