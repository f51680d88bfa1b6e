"""What botocore raises, as errors of ours that name the URL and the remedy."""

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
    S3AccessError,
    S3BucketMissingError,
    S3Error,
    S3KeyMissingError,
)

ACCESS_REMEDIES = {
    "InvalidAccessKeyId": "the access key is unknown there: check AWS_ACCESS_KEY_ID or AWS_PROFILE",
    "SignatureDoesNotMatch": "the secret key is wrong: check AWS_SECRET_ACCESS_KEY or AWS_PROFILE",
    "ExpiredToken": "the session token has expired: sign in again",
    "InvalidToken": "the session token is not valid: check AWS_SESSION_TOKEN or sign in again",
    "InvalidObjectState": "it is archived: restore it first (aws s3api restore-object)",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it and run again",
    "AccessDenied": "these credentials may not do that: ask for s3:GetObject, s3:PutObject and "
    "s3:ListBucket on it",
}
"""What to do, for each error code that means "who are you" or "you may not"; any other code that
comes with HTTP status 403 is an ``AccessDenied``."""


class EmptyObjectError(Exception):
    """A range was asked of an object without a byte."""


class UndecidedError(S3Error):
    """S3 answers 409: it is busy with somebody else's conditional put of the same key."""


@contextmanager
def translated_errors(path: str) -> Iterator[None]:
    """Turn botocore's errors into ours."""
    try:
        yield
    except ClientError as error:
        raise _translate(error, path) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise S3AccessError(
            f"{path}: no credentials found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or run 'aws configure'"
        ) from error
    except ProfileNotFound as error:
        raise S3AccessError(
            f"{path}: {error}: check AWS_PROFILE, or run 'aws configure --profile' with that name"
        ) from error
    except (CredentialRetrievalError, SSOError, TokenRetrievalError) as error:
        raise S3AccessError(f"{path}: {error}: sign in again") from error
    except (
        ConnectTimeoutError,
        ConnectionClosedError,
        EndpointConnectionError,
        ReadTimeoutError,
    ) as error:
        raise S3Error(
            f"{path}: {_name_server(error.kwargs['endpoint_url'])} does not answer: check the "
            "network and AWS_ENDPOINT_URL, and run again"
        ) from error
    except BotoCoreError as error:
        raise S3Error(f"{path}: {error}") from error


def _name_server(url: str | None) -> str:
    parts = urlsplit(url or "")
    if not parts.hostname:
        return "the server"
    # Not "netloc", which may hold a password.
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _translate(error: ClientError, path: str) -> Exception:
    code = str(error.response["Error"].get("Code", ""))
    if code == "NoSuchKey":
        return S3KeyMissingError(f"{path}: no such object")
    if code == "InvalidRange":
        return EmptyObjectError(path)
    if code == "PreconditionFailed":
        return AlreadyExistsError(
            f"{path} is there already, with other bytes; it was left as it is"
        )
    if code == "ConditionalRequestConflict":
        return UndecidedError(f"{path}: others are writing it at this moment: run again")
    if code == "BadDigest":
        return ChangedError(tell_damaged(path))
    if code == "NoSuchBucket":
        return S3BucketMissingError(
            f"{path}: there is no bucket {urlsplit(path).netloc!r}: create it, or check the name"
        )
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in ACCESS_REMEDIES or status == 403:
        remedy = ACCESS_REMEDIES.get(code, ACCESS_REMEDIES["AccessDenied"])
        return S3AccessError(f"{path}: {code}: {remedy}")
    told = f"{path}: S3 answered {code}: {error.response['Error'].get('Message', '')}"
    return S3Error(told + (": run again later" if status >= 500 else ""))


def tell_damaged(path: str) -> str:
    """What to say of a put whose bytes did not arrive as they were."""
    return f"{path}: the file changed while it was sent, or was damaged on the way: run again"
