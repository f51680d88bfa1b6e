"""A project folder in which tests run the command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pset_4 import context, settings
from pset_4.cli import cli
from tests.support.pipeline.database import DATABASE


@dataclass
class Project:
    """A folder with drop-ins and a data folder, and the URL of its remote."""

    folder: Path
    remote_url: str

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def uploads(self) -> Path:
        """The folder of drop-ins; it exists after the first `drop`."""
        return self.data / "uploads"

    def drop(self, name: str, content: bytes) -> Path:
        """Write a file into the folder of drop-ins and return its path."""
        path = self.uploads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        set_at_rest(path)
        return path

    def run(self, *arguments: str) -> Result:
        """Run the command line in this process."""
        return CliRunner().invoke(cli, self.arguments(*arguments))

    def run_apart(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own, which must end within a minute."""
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=300)

    def command(self, *arguments: str) -> list[str]:
        """Return the command that `run` runs, for a process of its own."""
        return [sys.executable, "-m", "pset_4", *self.arguments(*arguments)]

    def arguments(self, *arguments: str) -> list[str]:
        """Return the arguments of the command line, preceded by the project's two folders."""
        return ["--remote", self.remote_url, "--data", str(self.data), *arguments]

    def name_command(self, words: str) -> str:
        """Return a command as messages name it, with the options that `run` gives."""
        return f"python -m pset_4 {words} {shlex.join(self.arguments())}"

    def run_well(self, *arguments: str) -> dict[str, int]:
        """Run the command line, expect success, and return the counts of its summary."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return read_summary(result)

    def status(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        result = self.run("status", "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def files(self, *folders: str) -> list[str]:
        """Return the sorted paths of all files but records in folders of the data folder.

        The folders and the paths are relative to the data folder.
        """
        return sorted(
            path.relative_to(self.data).as_posix()
            for folder in folders
            for path in (self.data / folder).rglob("*")
            if path.is_file() and not path.name.startswith(DATABASE)
        )

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Put the project's settings in force, for tasks that no command runs."""
        with context.activated(settings.read_settings(self.remote_url, str(self.data))):
            yield


def set_at_rest(path: Path) -> None:
    """Date a drop-in back, so that nothing waits for a program that may be writing it."""
    then = time.time() - 60
    os.utime(path, (then, then))


MakeProject = Callable[[str, str], Project]
"""Creates a project from the name of its folder and the URL of its remote."""


def read_summary(result: Result) -> dict[str, int]:
    """Return the counts of the summary that a command printed, by their label; else 0."""
    lines = result.stdout.splitlines()
    rows = [] if lines == ["nothing to do"] else [line.split() for line in lines]
    return Counter({row[0]: int(row[1]) for row in rows})


def count_work(summary: dict[str, int]) -> tuple[int, int, int]:
    """Return how many files were fetched, painted and published."""
    return summary["fetched"], summary["painted"], summary["published"]


def failures(result: Result | subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines in which a command reported what failed."""
    return [line for line in result.stderr.splitlines() if line.startswith("failed: ")]


def assert_failed(result: Result, message: str, exit_code: int = 1) -> None:
    """Check a command's exit code, and that it printed a message that contains `message`."""
    assert result.exit_code == exit_code, result.output
    assert message in result.stderr
