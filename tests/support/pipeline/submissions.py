"""A git repository with work to submit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from csci_utils.digest import file_digest
from pset_4 import context, settings
from pset_4.cli import cli
from pset_4.storage.records import write_origin

RESULT = "data/stylized/rain_princess.pth/luigi.jpg"
"""The path of the result in the repository."""

# Bytes that a form with careless encoding would change.
_CONTENT = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\r\n--boundary--\r\n\x00\xff\xd9"


@dataclass
class Repository:
    """A repository with a pushed commit, and with a result that git ignores."""

    folder: Path
    """The work tree."""

    @property
    def commit(self) -> str:
        """The full hash of the commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        """The URL of the commit's web page."""
        return f"https://github.com/ada/pset-4/commit/{self.commit}"

    def git(self, *arguments: str) -> str:
        """Run git in the work tree and return its output."""
        command = ["git", "-C", str(self.folder), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return result.stdout.strip()

    def paint(self, path: str = "rain_princess.pth/luigi.jpg", content: bytes = _CONTENT) -> Path:
        """Write a result with its record, like the pipeline does, and return its path."""
        result = self.folder / "data" / "stylized" / path
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_bytes(content)
        with context.activated(settings.read_settings(data=str(self.folder / "data"))):
            write_origin(str(result), {"image": "some"}, file_digest(str(result)))
        return result

    def run(self, *arguments: str) -> Result:
        """Run the command ``submit``."""
        return CliRunner().invoke(cli, ["submit", *arguments])

    def run_well(self, *arguments: str) -> Result:
        """Run the command ``submit`` and expect success."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def run_badly(self, *arguments: str) -> str:
        """Run the command ``submit``, expect one line with an error, and return the line."""
        result = self.run(*arguments)
        lines = result.stderr.splitlines()
        assert (result.exit_code, len(lines)) == (1, 1), result.output
        assert lines[0].startswith("error: ")
        return lines[0]


def create_repository(folder: Path, server: Path) -> Repository:
    """Create a repository, and push its commit to a bare repository in the folder `server`."""
    repository = Repository(folder)
    folder.mkdir()
    repository.git("init", "--quiet", "--initial-branch=main")
    (folder / ".gitignore").write_text("/data/\n/.env\n")
    (folder / "code.py").write_text("print('hello')\n")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "-m", "Work")
    repository.git("init", "--quiet", "--bare", str(server))
    repository.git("remote", "add", "origin", str(server))
    repository.git("push", "--quiet", "origin", "main")
    repository.git("remote", "set-url", "origin", "git@github.com:ada/pset-4.git")
    repository.paint()
    return repository


def isolate_git(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Hide the machine's settings of Canvas, Travis and git, and name an author."""
    for name in list(os.environ):
        if name.startswith(("CANVAS_", "TRAVIS", "GIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "ada@example.edu")
