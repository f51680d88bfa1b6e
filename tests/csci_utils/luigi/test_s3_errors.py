"""Settings of the connection, and errors with their remedies."""

from __future__ import annotations

import os
import ssl
import traceback
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from botocore.parsers import ResponseParserError

from csci_utils.errors import S3AccessError, S3BucketMissingError, S3Error
from csci_utils.luigi import S3Client
from csci_utils.s3.connection import CONNECT_TRIES, REQUEST_TRIES
from csci_utils.s3.errors import translated_errors
from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.s3_objects import URL
from tests.support.servers import serve

REFUSALS = {
    "InvalidAccessKeyId": (403, "AWS_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": (403, "secret key is wrong; check AWS_SECRET_ACCESS_KEY"),
    "ExpiredToken": (400, "expired; sign in again"),
    "InvalidToken": (400, "AWS_SESSION_TOKEN"),
    "RequestTimeTooSkewed": (403, "clock"),
    "AccessDenied": (403, "do not permit this; ask for s3:GetObject"),
    "SomethingNew": (403, "do not permit this; ask for s3:GetObject"),
}
every_refusal = pytest.mark.parametrize("code", REFUSALS)

every_call = pytest.mark.parametrize("call", ["exists", "version", "get_key", "listdir", "put"])


def ask(call: str, url: str, photo: str) -> object:
    """Make one of the client's calls with suitable arguments."""
    arguments = (photo, url) if call == "put" else (url,)
    answer = getattr(S3Client(), call)(*arguments)
    return list(answer) if call == "listdir" else answer


# Settings.


def test_the_endpoint_of_the_environment_is_used(fake_s3: FakeS3) -> None:
    fake_s3.refuse(404, "NoSuchKey")

    S3Client().exists(URL)

    assert fake_s3.methods() == ["HEAD", "GET"]


@pytest.fixture
def profile(fake_s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a profile; nothing else gives the endpoint and the credentials."""
    for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}")
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(
        f"[profile painter]\nregion = eu-central-1\nendpoint_url = {fake_s3.url}\n"
    )
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[painter]\naws_access_key_id = key-of-painter\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "painter")
    return "painter"


def test_a_profile_gives_endpoint_credentials_and_region(fake_s3: FakeS3, profile: str) -> None:
    fake_s3.refuse(404, "NoSuchKey")
    S3Client().exists(URL)

    _, headers, _ = fake_s3.requests[0]

    assert "Credential=key-of-painter/" in headers["authorization"]
    assert "/eu-central-1/s3/" in headers["authorization"]


def test_a_missing_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(S3AccessError, match=r"nobody.*check AWS_PROFILE"):
        S3Client().exists(URL)


def test_missing_credentials_are_an_error_with_a_remedy(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(S3AccessError, match="no credentials were found; set AWS_PROFILE"):
        S3Client().exists(URL)


def test_a_forked_process_gets_its_own_client(
    s3_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = S3Client()
    before = client.boto_client

    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert client.boto_client is not before


def test_a_process_keeps_its_client(s3_environment: None) -> None:
    client = S3Client()

    assert client.boto_client is client.boto_client


# Errors.


@every_call
def test_a_missing_bucket_is_an_error(call: str, s3_environment: None, photo: str) -> None:
    with pytest.raises(S3BucketMissingError, match="bucket 'nowhere' does not exist; create it"):
        ask(call, "s3://nowhere/photo.jpg", photo)


@every_refusal
def test_a_refusal_is_an_error_with_its_remedy(code: str, fake_s3: FakeS3) -> None:
    status, remedy = REFUSALS[code]
    fake_s3.refuse(status, code)

    with pytest.raises(S3AccessError, match=f"{code}.*{remedy}"):
        S3Client().exists(URL)


@every_call
def test_a_refusal_is_an_error_of_every_call(call: str, fake_s3: FakeS3, photo: str) -> None:
    fake_s3.refuse(403, "AccessDenied")

    with pytest.raises(S3AccessError, match="s3://bucket"):
        ask(call, URL, photo)


@every_refusal
def test_a_refusal_is_not_retried(code: str, fake_s3: FakeS3) -> None:
    fake_s3.refuse(REFUSALS[code][0], code)

    with pytest.raises(S3AccessError):
        S3Client().exists(URL)

    assert fake_s3.methods() == ["HEAD", "GET"]  # the answer to a HEAD names no reason


def test_a_refusal_does_not_show_the_secret(fake_s3: FakeS3) -> None:
    fake_s3.answer(403, b"<Error><Code>X</Code><Message>test-secret</Message></Error>")

    with pytest.raises(S3AccessError) as caught:
        S3Client().exists(URL)

    assert "test-secret" not in str(caught.value)


@every_call
def test_a_server_that_always_fails_is_an_error(call: str, fake_s3: FakeS3, photo: str) -> None:
    fake_s3.refuse(503, "SlowDown")

    with pytest.raises(S3Error, match=r"(SlowDown|503): .*run again later"):
        ask(call, URL, photo)


@pytest.mark.parametrize("tries", [None, 3], ids=["by default", "as AWS_MAX_ATTEMPTS says"])
def test_an_overloaded_server_is_asked_again(
    tries: int | None, fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tries:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", str(tries))
    fake_s3.refuse(503, "SlowDown")

    with pytest.raises(S3Error):
        S3Client().exists(URL)

    assert len(fake_s3.requests) == (tries or REQUEST_TRIES)


def test_a_server_that_does_not_answer_is_given_up_soon(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(S3Error):
        S3Client().exists(URL)

    assert len(fake_s3.pauses) == CONNECT_TRIES - 1


def test_a_silent_server_is_named_without_its_password(
    fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:password@127.0.0.1:1")

    with pytest.raises(S3Error, match=r"http://127\.0\.0\.1:1 .*AWS_ENDPOINT_URL") as caught:
        S3Client().exists(URL)

    assert "password" not in str(caught.value)


@every_call
def test_a_server_that_always_hangs_up_is_an_error(call: str, fake_s3: FakeS3, photo: str) -> None:
    fake_s3.hang_up()

    with pytest.raises(S3Error, match="s3://bucket"):
        ask(call, URL, photo)


OTHER_REFUSALS = {
    (301, "PermanentRedirect"): "another region; set AWS_DEFAULT_REGION",
    (400, "AuthorizationHeaderMalformed"): "another region; set AWS_DEFAULT_REGION",
    (400, "IllegalLocationConstraintException"): "another region; set AWS_DEFAULT_REGION",
    (400, "RequestTimeout"): "too slowly; check the network",
    (403, "QuotaExceeded"): "storage is full; make room",
    (507, "InsufficientStorage"): "storage is full; make room",
    (401, "Unauthorized"): "does not accept these credentials; check AWS_ACCESS_KEY_ID",
    (401, ""): "401: the server does not accept these credentials",
    (403, ""): "403: these credentials do not permit this; ask for s3:GetObject",
    (429, "TooManyRequests"): "TooManyRequests: no; run again later",
    (418, ""): "418: no; check the URL",
}


@pytest.mark.parametrize(("answer", "message"), OTHER_REFUSALS.items())
def test_other_refusals_have_a_remedy(
    answer: tuple[int, str], message: str, fake_s3: FakeS3
) -> None:
    fake_s3.refuse(*answer)

    with pytest.raises(S3Error, match=message):
        S3Client().exists(URL)


@every_call
def test_a_redirection_without_a_region_is_not_followed(
    call: str, fake_s3: FakeS3, photo: str
) -> None:
    fake_s3.refuse(301, "PermanentRedirect")

    with pytest.raises(S3Error, match="another region"):
        ask(call, URL, photo)

    assert len(fake_s3.requests) <= 2


def test_the_region_of_the_bucket_is_named(fake_s3: FakeS3) -> None:
    fake_s3.answer(
        400,
        b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-9</Region></Error>",
    )

    with pytest.raises(S3Error, match="another region, eu-west-9; set AWS_DEFAULT_REGION"):
        S3Client().get_key(URL)


@pytest.mark.parametrize("code", ["AccessDenied", "", "SignatureDoesNotMatch"])
def test_a_clock_that_differs_from_the_server_s_is_named(code: str, fake_s3: FakeS3) -> None:
    fake_s3.refuse(403, code)
    fake_s3.clock_skew_seconds = 3600

    with pytest.raises(S3AccessError, match="this machine's clock is wrong; set it"):
        S3Client().exists(URL)


def test_a_certificate_that_is_not_trusted_is_named(
    fake_s3: FakeS3, tls_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(BaseHTTPRequestHandler, tls_context) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(S3Error, match=r"no trusted TLS .* https://127.*AWS_CA_BUNDLE"):
            S3Client().exists(URL)

    assert fake_s3.pauses == []


def test_a_server_without_tls_is_named(fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake_s3.url.replace("http:", "https:"))

    with pytest.raises(S3Error, match=r"no trusted TLS connection .*check .*AWS_ENDPOINT_URL"):
        S3Client().exists(URL)


def test_an_answer_that_is_not_one_of_s3_is_named() -> None:
    with (
        pytest.raises(S3Error, match=f"{URL}: .* not one of S3 .*; check AWS_ENDPOINT_URL"),
        translated_errors(URL),
    ):
        raise ResponseParserError("Unable to parse <html>")


def test_a_header_that_is_no_number_is_named(fake_s3: FakeS3) -> None:
    fake_s3.answer(200, etag='"1"', content_length="many")

    with pytest.raises(S3Error, match=f"{URL}: .* not one of S3 .*'many'.*; check AWS_ENDPOINT"):
        S3Client().version(URL)


PASSWORD = "geheim123"


@pytest.mark.parametrize(
    "endpoint",
    [
        f"http://user:{PASSWORD}@127.0.0.1:1",
        f"http://user:{PASSWORD}/x@127.0.0.1:1",
        f"user:{PASSWORD}@127.0.0.1:1",
        f"http://user:{PASSWORD}@127.0.0.1:x",
        f"https://127.0.0.1:1/?token={PASSWORD}",
    ],
)
@pytest.mark.parametrize("call", ["exists", "put"])
def test_no_error_shows_the_password_of_the_endpoint(
    call: str, endpoint: str, fake_s3: FakeS3, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    with pytest.raises(S3Error) as caught:
        ask(call, URL, photo)

    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("scheme", ["http://", "https://", ""])
def test_no_error_shows_the_password_of_the_proxy(
    scheme: str, fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.invalid")
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}user:{PASSWORD}@127.0.0.1:1")

    with pytest.raises(S3Error) as caught:
        S3Client().exists(URL)

    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_silent_proxy_is_named(fake_s3: FakeS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.invalid")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:1")

    with pytest.raises(S3Error, match=r"the proxy http://127\.0\.0\.1:1 .*check HTTPS_PROXY"):
        S3Client().exists(URL)

    assert len(fake_s3.pauses) == CONNECT_TRIES - 1


@pytest.mark.parametrize(
    "profile",
    [
        "credential_process = /nowhere/program",
        "credential_process = echo nothing",
        """credential_process = echo '{"Version": 1, "AccessKeyId": "k", "SecretAccessKey": "s",
            "SessionToken": "t", "Expiration": "2001-01-01T00:00:00Z"}'""",
        "role_arn = arn:aws:iam::1:role/x\nweb_identity_token_file = /nowhere/token",
    ],
    ids=["no program", "no answer", "expired", "no token"],
)
def test_a_profile_that_gives_no_credentials_is_named(
    profile: str, fake_s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(f"[profile me]\nregion = us-east-1\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "me")

    with pytest.raises(S3AccessError, match=f"{URL}: no credentials were given .*sign in again"):
        S3Client().exists(URL)
