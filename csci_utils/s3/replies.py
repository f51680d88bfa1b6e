"""Answers of S3 that refuse a request, as errors of this package with a remedy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from ..errors import (
    AlreadyExistsError,
    ChangedError,
    CsciUtilsError,
    S3AccessError,
    S3BucketMissingError,
    S3Error,
    S3KeyMissingError,
    TransferError,
)
from ..text import redact

_REGION_REMEDY = "set AWS_DEFAULT_REGION, or the region of the AWS profile, to the bucket's region"
_KEY_REMEDY = "check AWS_ACCESS_KEY_ID or AWS_PROFILE"
_LATER_REMEDY = "run again later"
_SETTINGS_REMEDY = "check the URL and the settings of AWS"

ACCESS_PROBLEMS = {
    "InvalidAccessKeyId": ("the server does not know the access key", _KEY_REMEDY),
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
    "401": ("the server does not accept these credentials", _KEY_REMEDY),
}
"""Reason and remedy for each error code about who asks or what they may do. Any other code with
HTTP status 403 counts as ``AccessDenied``, with 401 as ``401``."""

_OTHER_PROBLEMS = {
    **dict.fromkeys(
        (
            "301",
            "307",
            "400",  # of a HEAD in the wrong region
            "PermanentRedirect",
            "TemporaryRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ),
        ("the bucket is in another region", _REGION_REMEDY),
    ),
    "RequestTimeout": ("the bytes arrived too slowly", "check the network, and run again"),
    **dict.fromkeys(
        ("QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "507"),
        ("the storage is full", "make room there, or ask for a larger quota"),
    ),
    "407": ("the proxy does not accept its user and password", "check HTTPS_PROXY and HTTP_PROXY"),
    "EntityTooLarge": ("the file is too large for one request", "publish a smaller file"),
}
"""Reason and remedy for each other error code that a person can do something about."""

NOT_S3 = "NotS3"
"""The code that an answer gets here that no server for S3 gives."""

_NOT_SUPPORTED_CODES = frozenset(["NotImplemented", "501"])
_DAMAGE_CODES = frozenset(["BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"])
_MAX_CLOCK_SKEW = timedelta(minutes=15)
"""The difference from which S3 refuses signatures."""


class UndecidedError(S3Error):
    """S3 answered 409: it is handling another request about the same key or bucket."""


class NotSupportedError(S3Error):
    """The server does not know a part of a request, such as its condition."""


def not_s3(found: str) -> S3Error:
    """Return the error about an answer that no server for S3 gives."""
    return S3Error(
        f"the server's answer is not one of S3 ({found})",
        remedy="check AWS_ENDPOINT_URL: is this a server for S3?",
    )


def damaged_upload(path: str) -> ChangedError:
    """Return the error about an upload whose bytes did not arrive as they were."""
    return ChangedError(
        "the file changed while it was being sent, or was damaged in transit",
        path=path,
        remedy="run again",
    )


def damaged_download(path: str, detail: str) -> TransferError:
    """Return the error about a download whose bytes did not arrive as they are."""
    return TransferError(
        f"the transfer was cut short or damaged ({detail})",
        path=path,
        remedy="run again; if that does not help, publish the object again",
    )


def conflict(path: str) -> AlreadyExistsError:
    """Return the error about an object that is not overwritten."""
    return AlreadyExistsError(
        "the object already exists with other bytes and was left as it is",
        path=path,
        remedy="choose another name",
    )


def error_code(error: ClientError) -> str:
    """Return the code of an error that S3 answered with, or else its HTTP status."""
    return redact(str(error.response.get("Error", {}).get("Code") or _status_of(error)))


def read_date(reply: Mapping[str, Any]) -> float:
    """Return the server's time in a reply, or else this machine's, in seconds since 1970."""
    date = reply["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return time.time()


def _status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def translate_reply(error: ClientError, path: str) -> CsciUtilsError:
    """Translate an error that S3 answered with, by its code."""
    code = error_code(error)
    if code == "NoSuchKey":
        return S3KeyMissingError("the object does not exist", remedy="check its name")
    if code == "PreconditionFailed":
        return conflict(path)
    if code in ("ConditionalRequestConflict", "OperationAborted"):
        return UndecidedError("somebody else is writing the object now", remedy="run again")
    if code in _DAMAGE_CODES:
        return damaged_upload(path)
    if code == "NoSuchBucket":
        return S3BucketMissingError(
            f"the bucket {urlsplit(path).netloc!r} does not exist",
            remedy="create it, or check its name",
        )
    return _translate_refusal(error, code)


def _translate_refusal(error: ClientError, code: str) -> S3Error:
    status = _status_of(error)
    if code in _OTHER_PROBLEMS:
        reason, remedy = _OTHER_PROBLEMS[code]
        return S3Error(f"{code}: {reason}{_name_region(error)}", remedy=remedy)
    if code in ACCESS_PROBLEMS or status in (401, 403):
        if _is_clock_wrong(error):
            reason, remedy = ACCESS_PROBLEMS["RequestTimeTooSkewed"]
        else:
            default = ACCESS_PROBLEMS["401" if status == 401 else "AccessDenied"]
            reason, remedy = ACCESS_PROBLEMS.get(code, default)
        return S3AccessError(f"{code}: {reason}", remedy=remedy)
    message = redact(error.response.get("Error", {}).get("Message") or "no reason given")
    if code == NOT_S3:
        return not_s3(message)
    if code in _NOT_SUPPORTED_CODES:
        return NotSupportedError(f"S3 answered {code}: {message}", remedy=_SETTINGS_REMEDY)
    is_temporary = status >= 500 or status == 429
    return S3Error(
        f"S3 answered {code}: {message}",
        remedy=_LATER_REMEDY if is_temporary else _SETTINGS_REMEDY,
    )


def _name_region(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region") or error.response.get("Error", {}).get("Region")
    return f", {redact(region)}" if region else ""


def _is_clock_wrong(error: ClientError) -> bool:
    """Return True if the server's clock differs too much; some servers name no reason."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        server_time = parsedate_to_datetime(headers["date"])
        return abs(datetime.now(UTC) - server_time) > _MAX_CLOCK_SKEW
    except (KeyError, TypeError, ValueError):  # none, or without a time zone, or not a time
        return False
