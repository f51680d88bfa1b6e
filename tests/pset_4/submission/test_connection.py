"""The server's URL and the access token: checked, and the token never shown."""

from __future__ import annotations

import logging
import socket
import traceback

import pytest
from click.testing import Result

from tests.support.canvas import Canvas
from tests.support.pipeline.submissions import Repository

API = "/api/v1"


def read_all(result: Result) -> str:
    """Return the output of a command, and the traceback of its exception."""
    return result.output + "".join(traceback.format_exception(result.exception))


@pytest.mark.parametrize("body", ["<html>", [], {"hello": "world"}, "null"])
def test_a_server_that_is_not_canvas_is_reported(
    student: Repository, canvas: Canvas, body: object
) -> None:
    canvas.fail(rf"GET {API}/users/self", 200, body)

    error = student.run_badly()

    assert error == f"error: {canvas.url}: does not respond like Canvas; check CANVAS_URL"


def test_an_unreachable_server_is_reported(
    student: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("CANVAS_URL", url)

        error = student.run_badly()

    assert error.startswith(f"error: {url}: cannot be reached: ")
    assert error.endswith("; check the network and CANVAS_URL")


@pytest.mark.parametrize(
    "url",
    [
        "canvas.example.edu",
        "ftp://canvas.example.edu",
        "https://",
        "https://host:port",
        "https://[::1",
    ],
)
def test_a_malformed_url_is_a_usage_error(
    student: Repository, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CANVAS_URL", url)

    result = student.run()

    remedy = "set it to a URL such as https://canvas.example.edu"
    assert result.exit_code == 2
    assert result.stderr == f"error: CANVAS_URL is not the URL of a server; {remedy}\n"


@pytest.mark.parametrize("url", ["http://canvas.example.edu", "http://127.0.0.1.example.edu"])
def test_a_url_that_would_expose_the_token_is_a_usage_error(
    student: Repository, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CANVAS_URL", url)

    result = student.run()

    assert result.exit_code == 2
    assert result.stderr.startswith("error: CANVAS_URL would send the token unencrypted")


def test_the_url_may_be_that_of_any_page(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANVAS_URL", f" {canvas.url}/courses/41/assignments?x=1 ")

    student.run_well()

    assert len(canvas.submissions) == 1


def test_a_wrong_token_is_reported_without_repeating_it(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANVAS_TOKEN", "another-token")

    error = student.run_badly()

    reason = "Canvas does not accept the token in CANVAS_TOKEN"
    assert error.startswith(f"error: {canvas.url}: {reason}; create one there under Account")
    assert "another" not in error


@pytest.mark.parametrize("token", ["two\nlines", "with space", "gehe\u00efm", "\u200bhidden"])
def test_a_malformed_token_is_refused_without_repeating_it(
    student: Repository, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("CANVAS_TOKEN", token)

    shown = read_all(student.run("--debug"))

    assert "CANVAS_TOKEN is not a token" in shown
    assert token not in shown
    assert canvas.requests == []


def test_the_token_is_in_no_output_and_no_log(
    student: Repository, canvas: Canvas, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    result = student.run_well("--debug")

    shown = result.output + caplog.text
    # Nor is the end of the token, which canvasapi logs.
    assert [part for part in (canvas.token, canvas.token[-4:]) if part in shown] == []
    assert len(canvas.submissions) == 1


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_a_token_that_the_server_repeats_is_not_shown(
    student: Repository, canvas: Canvas, status: int, options: list[str]
) -> None:
    canvas.fail(rf"GET {API}/courses", status, f"You sent: Bearer {canvas.token}")

    shown = read_all(student.run(*options))

    assert "You sent: Bearer ***" in shown
    assert canvas.token not in shown
