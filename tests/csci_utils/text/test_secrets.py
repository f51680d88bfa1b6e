"""What is left of texts with secrets."""

from __future__ import annotations

import os
import time
from collections import UserDict
from collections.abc import Iterator

import pytest

from csci_utils.text import redact

SECRETS = [
    ("Could not connect to http://user:secret@host:1/b?token=secret now", "http://host:1/b now"),
    ("http://user:p/secret@host/", "http://host/"),
    ("http://user:p@secret@host/", "http://host/"),
    ("(HTTPS://secret@host)", "(HTTPS://host)"),
    ("proxy user:secret@host:3128 refused", "proxy host:3128 refused"),
    ("proxy user:p@secret@host:3128 refused", "proxy host:3128 refused"),
    ("Max retries exceeded with url: /a?sig=secret&x=1 (Caused by b)", "url: /a (Caused by b)"),
    ("'https://host/a?secret'", "'https://host/a'"),
    ("https://host/a#secret", "https://host/a"),
    (f"Credential=key, Signature={'5ec2e7' * 10}abcd!", "Credential=key, Signature=!"),
    ("http://a:secret@one and http://b:secret@two", "http://one and http://two"),
    ("X-Amz-Signature=secret123", "X-Amz-Signature="),
    ("{'X-Amz-Security-Token': 'secret123'}", "{'X-Amz-Security-Token': ''}"),
    ("Authorization: Bearer secret123, x", "Authorization: Bearer , x"),
    ('{"password": "secret123"}', '{"password": ""}'),
    ("AccountName=a;AccountKey=secret123;", "AccountName=a;AccountKey=;"),
    ("<SessionToken>secret123</SessionToken>", "<SessionToken></SessionToken>"),
    ("Set-Cookie: secret123; Path=/", "Set-Cookie: ; Path=/"),
]


@pytest.mark.parametrize(("text", "expected"), SECRETS)
def test_secrets_in_urls_are_removed(text: str, expected: str) -> None:
    assert redact(text).endswith(expected)
    assert "secret" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:9000/a@b",
        "https://host/@scope/name",
        "s3://bucket/a/b.png",
        "C:\\folder",
        "is it 'a?b' or a#1?",
        "mail to somebody@example.org",
        "Error when retrieving token from sso: Token has expired",
        "the session token: not valid",
        "password: no",
    ],
)
def test_other_text_is_kept(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("part", ["://a:", "=a:", "x?a=b", "a-", "secret"])
def test_a_long_text_is_cut_before_it_takes_long(part: str) -> None:
    begin = time.process_time()

    redacted = redact(f"https://host {part * 100_000} http://user:secret@host")

    assert len(redacted) < 5000 and "user" not in redacted
    assert time.process_time() - begin < 1


def test_a_text_is_not_cut_within_a_secret() -> None:
    assert "secret" not in redact(f"{'x' * 3990} http://user:secretsecretsecret@host")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("AWS_SECRET_ACCESS_KEY", "geheim123", "x geheim123 y"),
        ("AWS_SESSION_TOKEN", "geheim123", "x geheim123 y"),
        ("AWS_SESSION_TOKEN", "geheim123\ngeheim456", r"b'geheim123\ngeheim456'"),
        ("AWS_SESSION_TOKEN", "geheim123\n", "'geheim123'"),
        ("AWS_SESSION_TOKEN", "geheim/12+3=", "x geheim/12%2B3%3D geheim%2F12%2B3%3D y"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "geheim123", "x geheim123 y"),
        ("HTTPS_PROXY", "http://user:geheim 123@host", "proxy 'http://user:geheim 123@host'"),
        ("https_proxy", "user:geheim%20123@host", "password 'geheim 123'"),
        ("AWS_ENDPOINT_URL_S3", "http://u:geheim123@host", "password geheim123"),
    ],
)
def test_secrets_of_the_environment_are_removed(
    name: str, value: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert "geheim" not in redact(text)


class Shrinking(UserDict[str, str]):
    """Variables that another thread removes while they are read."""

    def __iter__(self) -> Iterator[str]:
        for name in list(self.data):
            yield name
            self.data.clear()


def test_variables_that_another_thread_removes_meanwhile_hide_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = {"AWS_SECRET_ACCESS_KEY": "very-secret", "OTHER": "1", "HTTP_PROXY": "2"}
    monkeypatch.setattr(os, "environ", Shrinking(variables))

    assert redact("it was very-secret") == "it was ***"
