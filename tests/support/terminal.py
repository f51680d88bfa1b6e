"""A real pseudo-terminal, and what people see on it."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest


@dataclass
class Terminal:
    """What a program showed on a terminal, from its start to its end."""

    columns: int
    exit_code: int = -1
    raw: str = ""
    """All that was written, with control sequences."""
    pictures: list[list[str]] = field(default_factory=list)
    """The lines of the window each time they changed."""
    lines: list[str] = field(default_factory=list)
    """All lines in the end, with those that scrolled out of the window."""

    def find(self, text: str) -> list[str]:
        """Return the distinct lines, of any time, that contain a text."""
        shown = [line for picture in self.pictures for line in picture]
        return list(dict.fromkeys(line for line in shown if text in line))


def run_in_terminal(
    command: Sequence[str],
    columns: int = 100,
    rows: int = 30,
    milestones: Mapping[Path, str] = MappingProxyType({}),
    **environment: str,
) -> Terminal:
    """Run a program on a pseudo-terminal, for standard output and standard error, to its end.

    Args:
        command: The program and its arguments.
        columns: The width of the window.
        rows: Its height.
        milestones: Files that are created once the window shows a pattern, so that programs can
            wait for that.
        environment: Further variables.
    """
    if sys.platform == "win32":
        pytest.skip("Windows has no pseudo-terminals of this kind")
    import fcntl
    import pty
    import termios

    import pyte

    screen = pyte.HistoryScreen(columns, rows, history=10_000)
    stream = pyte.ByteStream(screen)
    terminal = Terminal(columns)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    hidden = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    variables = {**inherited, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=variables) as process:
        os.close(theirs)
        while data := _read(ours):
            terminal.raw += data.decode(errors="replace")
            stream.feed(data)
            terminal.pictures.append([line.rstrip() for line in screen.display])
            shown = "\n".join(terminal.pictures[-1])
            for path in [path for path in milestones if not path.exists()]:
                if re.search(milestones[path], shown):
                    path.touch()
        terminal.exit_code = process.wait(60)
    os.close(ours)
    earlier = [_to_text(line, columns) for line in screen.history.top]
    terminal.lines = [*earlier, *(line.rstrip() for line in screen.display)]
    while terminal.lines and not terminal.lines[-1]:
        terminal.lines.pop()
    return terminal


def _read(descriptor: int) -> bytes:
    """Return what the program wrote next; nothing after its end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux, where the other end is closed
        return b""


def _to_text(line: Any, columns: int) -> str:
    return "".join(line[column].data for column in range(columns)).rstrip()
