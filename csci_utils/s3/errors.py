"""Errors of botocore as errors of this package, with the URL and a remedy, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from ..errors import DescribedError, S3AccessError, S3Error, at_path, root_cause
from ..text import redact
from .replies import not_s3, translate_reply

_SETTINGS_REMEDY = "check the URL and the settings of AWS"


@contextmanager
def translated_errors(path: str) -> Iterator[None]:
    """Turn errors of botocore into errors about the URL `path`."""
    with at_path(path):
        try:
            yield
        # Without a cause, which may show secrets in a traceback.
        except ClientError as error:
            raise translate_reply(error, path) from None
        except DescribedError:  # some are also ValueErrors
            raise
        except (BotoCoreError, HTTPError, RecursionError, ResponseParserError, ValueError) as error:
            raise _translate_failure(error) from None


@contextmanager
def named_as_credentials() -> Iterator[None]:
    """Turn errors of credential providers, such as a missing program, into `S3AccessError`."""
    try:
        yield
    except DescribedError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        raise S3AccessError(
            f"no credentials were given ({redact(str(error))})",
            remedy="check the AWS profile, or sign in again",
        ) from None


def _translate_failure(error: Exception) -> S3Error:
    """Translate an error without a reply of S3: of credentials or of the network."""
    for types, translate in _TRANSLATIONS:
        if isinstance(error, types):
            return translate(error)
    # botocore wraps what it does not know: "An HTTP Client raised an unhandled exception".
    cause = getattr(error, "kwargs", {}).get("error", error)
    return S3Error(f"the request failed ({redact(str(cause))})", remedy=_SETTINGS_REMEDY)


def _translate_missing_credentials(error: Any) -> S3Error:
    return S3AccessError(
        "no credentials were found",
        remedy="set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
        "'aws configure'",
    )


def _translate_missing_profile(error: Any) -> S3Error:
    name = error.kwargs["profile"]
    return S3AccessError(
        f"the AWS profile {name!r} does not exist",
        remedy=f"check AWS_PROFILE, or run 'aws configure --profile {name}'",
    )


def _translate_refused_credentials(error: Any) -> S3Error:
    return S3AccessError(
        f"no credentials were given ({redact(str(error))})", remedy="sign in again"
    )


def _translate_tls(error: Any) -> S3Error:
    cause = root_cause(error)
    detail = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or str(cause)
    return S3Error(
        f"no trusted TLS connection to {_name_server(error.kwargs.get('endpoint_url'))} "
        f"({redact(str(detail))})",
        remedy="check this machine's clock and AWS_ENDPOINT_URL, or set AWS_CA_BUNDLE to the file "
        "of your certificate authority",
    )


def _translate_proxy(error: Any) -> S3Error:
    return S3Error(
        f"the proxy {_name_server(error.kwargs.get('proxy_url'))} does not answer or refuses",
        remedy="check HTTPS_PROXY and HTTP_PROXY",
    )


def _translate_silence(error: Any) -> S3Error:
    is_slow = isinstance(root_cause(error), TimeoutError) or isinstance(error, ReadTimeoutError)
    return S3Error(
        f"{_name_server(error.kwargs.get('endpoint_url'))} does not answer"
        + (" in time" if is_slow else ""),
        remedy="check the network and AWS_ENDPOINT_URL, and run again",
    )


def _translate_garbage(error: Any) -> S3Error:
    return not_s3(redact(str(error)))


_TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], Callable[[Any], S3Error]], ...] = (
    ((NoCredentialsError, PartialCredentialsError), _translate_missing_credentials),
    ((ProfileNotFound,), _translate_missing_profile),
    (
        (CredentialRetrievalError, SSOError, TokenRetrievalError),
        _translate_refused_credentials,
    ),
    ((SSLError,), _translate_tls),
    ((ProxyConnectionError,), _translate_proxy),
    (
        (ConnectTimeoutError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError),
        _translate_silence,
    ),
    # botocore reads numbers and times in headers without a check, and nested elements.
    ((RecursionError, ResponseParserError, ValueError), _translate_garbage),
)


def _name_server(url: str | None) -> str:
    try:
        parts = urlsplit(url or "")
        # Not "netloc", which may contain a password.
        name = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "the server"
    return name if parts.hostname else "the server"
