"""Errors of botocore as errors of this package, with the URL and a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from ..errors import (
    AlreadyExistsError,
    ChangedError,
    CsciUtilsError,
    S3AccessError,
    S3BucketMissingError,
    S3Error,
    S3KeyMissingError,
    at_path,
)

ACCESS_PROBLEMS = {
    "InvalidAccessKeyId": (
        "the server does not know the access key",
        "check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    ),
    "SignatureDoesNotMatch": (
        "the secret key is wrong",
        "check AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
    ),
    "ExpiredToken": ("the session token has expired", "sign in again"),
    "InvalidToken": (
        "the session token is not valid",
        "check AWS_SESSION_TOKEN or sign in again",
    ),
    "InvalidObjectState": (
        "the object is archived",
        "restore it first (aws s3api restore-object)",
    ),
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "set it and run again"),
    "AccessDenied": (
        "these credentials do not permit this",
        "ask for s3:GetObject, s3:PutObject and s3:ListBucket on it",
    ),
}
"""Reason and remedy for each error code about who asks or what they may do. Any other code with
HTTP status 403 counts as ``AccessDenied``."""


class EmptyObjectError(CsciUtilsError):
    """A range of an object without bytes was requested."""


class UndecidedError(S3Error):
    """S3 answered 409: it is handling somebody else's conditional put of the same key."""


@contextmanager
def translated_errors(path: str) -> Iterator[None]:
    """Turn errors of botocore into errors about the URL `path`."""
    with at_path(path):
        try:
            yield
        except ClientError as error:
            raise _translate_reply(error, path) from error
        except BotoCoreError as error:
            raise _translate_failure(error) from error


def damaged_upload(path: str) -> ChangedError:
    """Return the error about an upload whose bytes did not arrive as they were."""
    return ChangedError(
        "the file changed while it was being sent, or was damaged in transit",
        path=path,
        remedy="run again",
    )


def _translate_failure(error: BotoCoreError) -> S3Error:
    """Translate an error without a reply of S3: of credentials or of the network."""
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return S3AccessError(
            "no credentials were found",
            remedy="set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
            "'aws configure'",
        )
    if isinstance(error, ProfileNotFound):
        name = error.kwargs["profile"]
        return S3AccessError(
            f"the AWS profile {name!r} does not exist",
            remedy=f"check AWS_PROFILE, or run 'aws configure --profile {name}'",
        )
    if isinstance(error, (CredentialRetrievalError, SSOError, TokenRetrievalError)):
        return S3AccessError(f"no credentials were given ({error})", remedy="sign in again")
    if isinstance(
        error,
        (ConnectTimeoutError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError),
    ):
        return S3Error(
            f"{_name_server(error.kwargs['endpoint_url'])} does not answer",
            remedy="check the network and AWS_ENDPOINT_URL, and run again",
        )
    return S3Error(f"the request failed ({error})", remedy="check the settings of AWS")


def _name_server(url: str | None) -> str:
    parts = urlsplit(url or "")
    if not parts.hostname:
        return "the server"
    # Not "netloc", which may contain a password.
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _translate_reply(error: ClientError, path: str) -> CsciUtilsError:
    """Translate an error that S3 answered with, by its code."""
    code = str(error.response["Error"].get("Code", ""))
    if code == "NoSuchKey":
        return S3KeyMissingError("the object does not exist", remedy="check its name")
    if code == "InvalidRange":
        return EmptyObjectError("the object is empty")
    if code == "PreconditionFailed":
        return AlreadyExistsError(
            "the object already exists with other bytes and was left as it is",
            remedy="choose another name",
        )
    if code == "ConditionalRequestConflict":
        return UndecidedError("somebody else is writing the object now", remedy="run again")
    if code == "BadDigest":
        return damaged_upload(path)
    if code == "NoSuchBucket":
        return S3BucketMissingError(
            f"the bucket {urlsplit(path).netloc!r} does not exist",
            remedy="create it, or check its name",
        )
    return _translate_refusal(error, code)


def _translate_refusal(error: ClientError, code: str) -> S3Error:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in ACCESS_PROBLEMS or status == 403:
        reason, remedy = ACCESS_PROBLEMS.get(code, ACCESS_PROBLEMS["AccessDenied"])
        return S3AccessError(f"{code}: {reason}", remedy=remedy)
    message = error.response["Error"].get("Message", "")
    return S3Error(
        f"S3 answered {code}: {message}",
        remedy="run again later" if status >= 500 else "check the URL and the settings of AWS",
    )
