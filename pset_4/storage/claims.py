"""Claims on results, so that two runs on one data folder do not paint the same one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO

from csci_utils.atomic import naming_path
from csci_utils.errors import BusyError
from csci_utils.locking import open_locked
from neural_style.system.interruption import check_interrupted, interrupted

PAUSE_SECONDS = 0.2
"""The pause between two looks at a claim that another process has."""

_PREFIX, _SUFFIX = ".", ".lock"


@contextmanager
def claim(path: str, notify: Callable[[str], None] | None) -> Iterator[None]:
    """Hold the only claim on a file while the body runs; wait for it if another process has it.

    A claim ends with its process, however that ends. On network shares without locks there are no
    claims, and two runs may make the same file.

    Args:
        path: The file that is to be made. Missing folders are created.
        notify: Called once if another process has the claim; None to fail instead of waiting.

    Raises:
        BusyError: Another process has the claim, and `notify` is None.
        OSError: The folder cannot be created or written; `filename` is `path`, or a folder.
    """
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    lock_path = os.path.join(folder, f"{_PREFIX}{name}{_SUFFIX}")
    with _releasing(lock_path, _wait_for(lock_path, path, notify)):
        yield


@contextmanager
def hold(lock_path: str) -> Iterator[None]:
    """Hold a lock while the body runs.

    Args:
        lock_path: The lock's file, which is there only as long as the lock.

    Raises:
        BusyError: Another process has it.
        OSError: The file cannot be written.
    """
    with _releasing(lock_path, open_locked(lock_path)):
        yield


@contextmanager
def _releasing(lock_path: str, lock: FileIO) -> Iterator[None]:
    try:
        yield
    finally:
        # Removed while it is locked, so that nobody else is using it. (Windows refuses.)
        with suppress(OSError):
            os.remove(lock_path)
        lock.close()


def remove_abandoned_claims(folder: str) -> None:
    """Remove the files of claims that killed processes had in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                _remove_abandoned(entry.path)


def _remove_abandoned(lock_path: str) -> None:
    with suppress(OSError), open_locked(lock_path):  # BusyError is one: it is not abandoned
        os.remove(lock_path)


def _wait_for(lock_path: str, path: str, notify: Callable[[str], None] | None) -> FileIO:
    is_first = True
    while True:
        try:
            with naming_path(path):
                return open_locked(lock_path)
        except BusyError:
            if notify is None:
                raise
            if is_first:
                notify(f"waiting for another run, which is making {path}")
            is_first = False
            interrupted.wait(PAUSE_SECONDS)
            check_interrupted()
