"""The command `watch`, in this process, while a test acts in a thread beside it."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from click.testing import Result

from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project


def watch(project: Project, *arguments: str, meanwhile: Callable[[], object]) -> Result:
    """Run `watch` until `meanwhile`, which is called in a thread, returns; then interrupt it."""
    errors: list[BaseException] = []

    def act() -> None:
        try:
            wait_for_text("watching ")
            meanwhile()
        except BaseException as error:
            errors.append(error)
        finally:
            _thread.interrupt_main()
            while not ended.wait(30):  # an interrupt of a finalizer is lost
                _thread.interrupt_main()

    thread, ended = Thread(target=act), Event()
    thread.start()
    result = project.run("watch", *arguments)
    ended.set()
    with suppress(KeyboardInterrupt):  # if the command ended before
        thread.join()
    if errors:
        raise AssertionError(result.output) from errors[0]
    return result


def wait_for_text(text: str, count: int = 1) -> None:
    """Wait until the command has printed a text, so many times."""
    wait_until(lambda: _printed().count(text) >= count)


def wait_for_files(project: Project, *paths: str) -> None:
    """Wait until the data folder has files."""
    wait_until(lambda: all((project.data / path).exists() for path in paths))


def _printed() -> str:
    """Return what was printed so far to the streams that `CliRunner` puts in place."""
    streams: list[Any] = [sys.stdout, sys.stderr]
    buffers: list[Any] = [getattr(stream, "buffer", None) for stream in streams]
    return "".join(buffer.getvalue().decode() for buffer in buffers if hasattr(buffer, "getvalue"))
