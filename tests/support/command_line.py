"""The command line of neural_style, in a process of its own or under special conditions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.networks.styles import ROOT

_WITHOUT = """
import sys
sys.modules |= dict.fromkeys({modules})
from neural_style.neural_style import main
sys.exit(main(sys.argv[1:]))
"""


def eval_arguments(
    picture_path: Path, model_path: Path, output_path: Path, *more: object
) -> list[str]:
    """Return the arguments with which `eval` paints a picture."""
    paths = {"content-image": picture_path, "model": model_path, "output-image": output_path}
    return ["eval", *(f"--{name}={path}" for name, path in paths.items()), *map(str, more)]


def drop_engine_note(stderr: str) -> str:
    """Return the lines other than the note where the C++ engine is not installed."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("note: the C++ engine is not "))


def run_program(
    program: str, *arguments: object, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python source code in a process of its own, in the project's folder."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def run_without(modules: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process in which these modules cannot be imported."""
    return run_program(_WITHOUT.format(modules=modules), *arguments)


def read_events(stdout: str) -> list[dict[str, Any]]:
    """Return the objects that a command with ``--json`` wrote, one per line."""
    return [json.loads(line) for line in stdout.splitlines()]
