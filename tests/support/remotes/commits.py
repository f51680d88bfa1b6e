"""What reaches the disk when a file is written atomically."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pytest


def trace_commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each sync and each rename is appended from now on."""
    events: list[str] = []
    fsync = os.fsync

    def trace_sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(status.st_mode)
        events.append("sync folder" if is_folder else f"sync file of {status.st_size} bytes")
        fsync(descriptor)

    def traced(rename: Callable[..., None]) -> Callable[..., None]:
        def trace_rename(source: str, destination: str, **folders: int | None) -> None:
            rename(source, destination, **folders)
            events.append("rename")

        return trace_rename

    monkeypatch.setattr(os, "fsync", trace_sync)
    monkeypatch.setattr(os, "replace", traced(os.replace))
    monkeypatch.setattr(os, "link", traced(os.link))
    return events
