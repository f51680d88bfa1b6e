"""The package as a whole: its public names, and what it imports."""

from __future__ import annotations

import subprocess
import sys

import pset_4

LOOK_AT_TASKS = """
import sys
import pset_4.commands.paint, pset_4.execution, pset_4.tasks.main, pset_4.terminal.progress
pset_4.tasks.main.MainTask(image="a.png", model="one.pth").stylize.requires()
print(*sys.modules)
"""


def test_every_public_name_can_be_used() -> None:
    assert [name for name in pset_4.__all__ if not hasattr(pset_4, name)] == []


def test_tasks_import_neither_numpy_nor_pillow_before_they_read_an_image() -> None:
    command = [sys.executable, "-c", LOOK_AT_TASKS]

    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert {"numpy", "PIL"}.isdisjoint(output.split())
