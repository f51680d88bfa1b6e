"""The boto3 client behind `S3Client`: how long it waits, and how often it retries.

Credentials, profile, region and endpoint come from the standard AWS chain (``AWS_PROFILE``,
``AWS_ENDPOINT_URL`` and so on).
"""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from ..errors import S3Error

REQUEST_TRIES = 8
"""The number of tries while S3 is overloaded ("SlowDown"), unless AWS_MAX_ATTEMPTS is set. The
pauses of botocore are random and double, half a minute in all. With the usual five tries, S3 would
have to recover within a few seconds."""

CONNECT_TRIES = 3
"""The number of tries while no server answers, as on a machine without a network."""

_CONNECT_TIMEOUT_SECONDS = 10
_READ_TIMEOUT_SECONDS = 30
"""How long a server may be silent. The 60 s of botocore would add up to minutes."""


def connect() -> Any:
    """Return a new boto3 client for S3. Sends no request.

    Raises:
        S3Error: The endpoint or region is not valid.
        botocore.exceptions.BotoCoreError: The profile does not exist or is not valid.
    """
    tries = ("max_attempts", "AWS_MAX_ATTEMPTS", REQUEST_TRIES, int)
    session = botocore.session.Session(session_vars={"max_attempts": tries})
    config = Config(connect_timeout=_CONNECT_TIMEOUT_SECONDS, read_timeout=_READ_TIMEOUT_SECONDS)
    try:
        client = boto3.session.Session(botocore_session=session).client("s3", config=config)
    except ValueError as error:
        raise S3Error(
            f"the settings of AWS are not valid ({error})",
            remedy="check AWS_ENDPOINT_URL and the AWS profile",
        ) from error
    client.meta.events.register_first("needs-retry.s3", _raise_if_nothing_answers)
    return client


def _raise_if_nothing_answers(
    attempts: int, caught_exception: Exception | None, **_: object
) -> None:
    if attempts >= CONNECT_TRIES and isinstance(
        caught_exception, (ConnectTimeoutError, EndpointConnectionError)
    ):
        raise caught_exception
