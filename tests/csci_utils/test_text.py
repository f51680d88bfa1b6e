"""Numbers, sizes and lines of text."""

from __future__ import annotations

import time

import pytest

from csci_utils.text import (
    format_duration,
    format_size,
    one_line,
    parse_above_zero,
    parse_from_zero,
    parse_size,
    parse_whole,
    redact,
    sort_key,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("2000000000", 2_000_000_000),
        ("512MiB", 512 * 2**20),
        ("2GiB", 2**31),
        ("1.5GB", 1_500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("64k", 64_000),
        ("3Ki", 3072),
        ("1TB", 10**12),
        ("1.9", 1),
        ("9007199254740993", 2**53 + 1),
        ("9223372036854775807", 2**63 - 1),
        ("9007.199254740993TB", 2**53 + 1),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0.1",
        "-1",
        "many",
        "1XB",
        "1e9",
        "nan",
        "GiB",
        "1 2",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "9" * 90,
        "9" * 5000,
        "1." + "0" * 5000,
        "8EiB",
        "8388608TiB",
    ],
)
def test_anything_but_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(text)


@pytest.mark.parametrize(
    "text", ["", "0", "5", "-1", "+1", " 1", "1_0", "1.0", "two", "\N{ARABIC-INDIC DIGIT THREE}"]
)
def test_anything_but_a_whole_number_in_the_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number from 1 to 4, got '"):
        parse_whole(text, 1, 4)


def test_a_number_of_more_digits_than_python_reads_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a whole number from 0, got '9"):
        parse_whole("9" * 5000, 0)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_950, "1.0 MB"), (10**12, "1.0 TB")],
)
def test_sizes_are_written(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("0.5", 0.5), ("1e3", 1000.0)])
def test_numbers_from_zero_are_read(text: str, value: float) -> None:
    assert parse_from_zero(text) == value


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "many"])
def test_anything_but_a_number_from_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number from 0, got '"):
        parse_from_zero(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "many"])
def test_anything_but_a_number_above_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number above 0, got '"):
        parse_above_zero(text)


@pytest.mark.parametrize("text", ["two\nlines", "bell\a", "\u202eright to left", "\udcff"])
def test_one_line_is_printable(text: str) -> None:
    assert one_line(text).isprintable()


def test_one_line_collapses_whitespace_and_escapes_the_rest() -> None:
    assert one_line("no\n  style\x00") == r"no style\x00"


def test_one_line_escapes_what_is_blank_and_keeps_emoji() -> None:
    assert one_line("a\u3164b \u2764\ufe0f") == "a\\u3164b \u2764\ufe0f"


def test_one_line_is_cut_to_a_thousand_characters() -> None:
    assert one_line("x" * 100_000) == "x" * 997 + "..."


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


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0:00"), (67, "1:07"), (3599.9, "59:59"), (3600 + 125, "1:02:05")]
)
def test_a_duration_is_minutes_and_seconds(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_numbers_in_names_are_sorted_by_value() -> None:
    names = ["many.onnx@10", "many.onnx@2", "B.pth", "a.pth"]
    assert sorted(names, key=sort_key) == ["a.pth", "B.pth", "many.onnx@2", "many.onnx@10"]
