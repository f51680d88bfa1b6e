"""The download of ``models fetch``: interruptions, HTTPS, redirects and the official URL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pset_4.models.catalog import OFFICIAL_URL
from tests.support.file_server import TRIES, FileServer, answer, serve
from tests.support.files.archives import Models
from tests.support.pipeline.fetching import fetch, fetch_badly, fetch_well, read_drop_ins
from tests.support.pipeline.programs import wait_until
from tests.support.pipeline.projects import Project


def partial_sizes(folder: Path) -> list[int]:
    """Return the sizes of all partial downloads in a folder."""
    return [path.stat().st_size for path in folder.glob(".*.part")]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_interrupted_download_continues_where_it_stopped(
    directory_project: Project, server: FileServer, official: Models, number: signal.Signals
) -> None:
    size = len(server.content) // 2
    server.script = [serve(size, stalls=True)]
    command = [sys.executable, "-m", "pset_4", "--data", str(directory_project.data)]
    command += ["models", "fetch", "--url", server.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        folder = directory_project.data / "downloads"
        wait_until(lambda: size in partial_sizes(folder))
        process.send_signal(number)
        errors = process.communicate()[1]

    fetch_well(directory_project, server)

    assert "Traceback" not in errors
    assert server.ranges() == [None, f"bytes={size}-"]
    assert read_drop_ins(directory_project) == official


def test_a_silent_server_is_asked_again_after_the_timeout(
    directory_project: Project, server: FileServer
) -> None:
    size = len(server.content) // 2
    server.script = [serve(size, stalls=True)]

    result = fetch(directory_project, server, "--timeout", "1")

    assert result.exit_code == 0, result.output
    assert "timed out" in result.stderr and "trying again" in result.stderr
    assert server.ranges()[:2] == [None, f"bytes={size}-"]


def test_models_are_fetched_over_https(
    directory_project: Project, secure_server: FileServer, official: Models
) -> None:
    fetch_well(directory_project, secure_server)

    assert read_drop_ins(directory_project) == official


def test_an_untrusted_certificate_is_refused(
    directory_project: Project, secure_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    error = fetch_badly(directory_project, secure_server)

    assert "not trusted" in error


def test_a_redirect_from_https_to_http_is_refused(
    directory_project: Project, secure_server: FileServer, server: FileServer
) -> None:
    secure_server.script = [answer(302, location=server.url)]

    result = fetch(directory_project, secure_server)

    assert result.exit_code == 1
    assert "not encrypted" in result.stderr
    assert server.requests == []


def test_the_default_is_the_official_url(
    directory_project: Project, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    server.script = TRIES * [answer(302, location="/")]  # as of a proxy that lets nobody through

    result = directory_project.run("models", "fetch")

    assert result.exit_code == 1
    assert server.requests[0][0] == "www.dropbox.com:443"
    assert f"error: {OFFICIAL_URL.partition('?')[0]}: " in result.stderr
