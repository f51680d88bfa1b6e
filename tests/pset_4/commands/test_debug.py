"""Tracebacks of ``--debug``, which show no secret."""

from __future__ import annotations

import json
import logging
import re
import traceback
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.pipeline.projects import Project
from tests.support.remotes.faults import Exchange, FaultProxy, Reply
from tests.support.servers import SECRET_KEY

TOKEN = "token/of+the+session=="
PASSWORD = "geheim123"


def repeat_request(exchange: Exchange) -> None:
    """Refuse a request, and repeat its headers and the secret key in code and reason."""
    token = exchange.headers["X-Amz-Security-Token"]
    words = f"{SECRET_KEY} {exchange.headers} {exchange.path}".replace("<", "").replace("&", "")
    body = f"<Error><Code>Teapot {token}</Code><Message>{words}</Message></Error>".encode()
    reply = Reply(418, {"Content-Length": str(len(body))}, body)
    exchange.answer(reply._replace(body=b"") if exchange.command == "HEAD" else reply)


def everything_shown(result: Result, caplog: pytest.LogCaptureFixture) -> str:
    """Return what a command showed: its output, its log, and the traceback that Python prints."""
    shown = [result.output, caplog.text]
    shown += [record.exc_text or "" for record in caplog.records]
    if result.exc_info is not None:
        shown += traceback.format_exception(*result.exc_info)
    return "\n".join(shown)


def assert_no_secret(text: str) -> None:
    assert "Traceback" in text
    for secret in (SECRET_KEY, TOKEN, PASSWORD):
        assert secret not in text
    assert re.search("Signature=[0-9a-f]", text) is None


@pytest.fixture
def s3_project(
    s3_project: Project,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Project:
    """A project with drop-ins, and with a session token."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    caplog.set_level(logging.INFO)
    s3_project.drop("photo.jpg", photograph)
    s3_project.drop("one.pth", model)
    return s3_project


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_server_that_repeats_secrets_is_not_quoted(
    proxy: FaultProxy, method: str, s3_project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.permanent_faults[method] = repeat_request

    result = s3_project.run("main", "--debug")

    assert result.exit_code == 1
    assert_no_secret(everything_shown(result, caplog))


def test_a_server_that_repeats_the_secrets_of_a_profile_is_not_quoted(
    proxy: FaultProxy,
    s3_project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    keys = {"Version": 1, "AccessKeyId": "x", "SecretAccessKey": SECRET_KEY, "SessionToken": TOKEN}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    (tmp_path / "aws-config").write_text(
        f"[profile me]\ncredential_process = cat {tmp_path}/keys.json\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_PROFILE", "me")
    assert s3_project.run("status").exit_code == 0
    proxy.permanent_faults["GET"] = repeat_request

    result = s3_project.run("main", "--debug")

    assert result.exit_code == 1
    assert_no_secret(everything_shown(result, caplog))


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "HTTP_PROXY"])
def test_the_password_of_an_address_is_not_shown(
    variable: str,
    s3_project: Project,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.invalid")
    monkeypatch.setenv(variable, f"http://user:{PASSWORD}@127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    result = s3_project.run("main", "--debug")

    assert result.exit_code == 1
    assert_no_secret(everything_shown(result, caplog))
