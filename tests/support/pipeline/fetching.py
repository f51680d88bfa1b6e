"""Runs of the command ``models fetch``."""

from __future__ import annotations

from click.testing import Result

from tests.support.file_server import FileServer
from tests.support.files.archives import Models
from tests.support.pipeline.projects import Project


def fetch(project: Project, server: FileServer, *options: str) -> Result:
    """Run ``models fetch`` with the URL of the server, whose small models are not the official."""
    words = ("--url", server.url, "--accept-other-bytes", *options)
    return project.run("models", "fetch", *words)


def fetch_well(project: Project, server: FileServer) -> Result:
    """Run ``models fetch`` and expect success."""
    result = fetch(project, server)
    assert result.exit_code == 0, result.output
    return result


def fetch_badly(project: Project, server: FileServer) -> str:
    """Run ``models fetch``, expect one error, and return its line."""
    result = fetch(project, server)
    lines = [line for line in result.stderr.splitlines() if line.startswith(("error:", "failed:"))]
    assert (result.exit_code, len(lines)) == (1, 1), result.output
    return lines[0]


def read_drop_ins(project: Project) -> Models:
    """Return the contents of all drop-ins by their name."""
    if not project.uploads.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in project.uploads.iterdir()}
