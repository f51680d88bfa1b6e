"""The boto3 client behind `S3Client`: how long it waits, and how often it retries.

Credentials, profile, region and endpoint come from the standard AWS chain (``AWS_PROFILE``,
``AWS_ENDPOINT_URL`` and so on).
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from ..errors import S3Error, root_cause
from ..network.pace import STALL_SECONDS
from ..network.sockets import paced_pools
from ..text import redact
from .direct import DirectRequests, freeze
from .errors import named_as_credentials
from .listing import refuse_document_type, take_objects
from .replies import NOT_S3

REQUEST_TRIES = 8
"""The number of tries while S3 is overloaded ("SlowDown"), unless AWS_MAX_ATTEMPTS is set. The
pauses of botocore are random and double, half a minute in all. With the usual five tries, S3 would
have to recover within a few seconds."""

CONNECT_TRIES = 3
"""The number of tries while no server answers, as on a machine without a network."""

STALL_TRIES = 2
"""The number of tries while a server accepts the connection but sends nothing, or almost nothing.
Each takes `STALL_SECONDS`."""

POOL_CONNECTIONS = 64
"""The number of connections that are kept open: at least one for each thread that uses a client."""

_CONNECT_TIMEOUT_SECONDS = 10
_UNAVAILABLE = 503
_REDIRECTIONS = frozenset([301, 302, 307])


class Connection(NamedTuple):
    """A client for S3, and what it sends itself."""

    client: Any
    """A boto3 client."""
    direct: DirectRequests
    """Plain requests over the same connections."""


def connect(stall_seconds: float = STALL_SECONDS) -> Connection:
    """Return a new connection to S3. Sends no request.

    Args:
        stall_seconds: How long the server may be silent, or nearly so.

    Raises:
        S3Error: The endpoint or region is not valid.
        botocore.exceptions.BotoCoreError: The profile does not exist or is not valid.
    """
    tries = ("max_attempts", "AWS_MAX_ATTEMPTS", REQUEST_TRIES, int)
    session = botocore.session.Session(session_vars={"max_attempts": tries})
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=stall_seconds,
        max_pool_connections=POOL_CONNECTIONS,
    )
    try:
        with named_as_credentials():
            credentials = session.get_credentials()
        client = boto3.session.Session(botocore_session=session).client("s3", config=config)
        direct = DirectRequests(client, credentials)
    except ValueError as error:
        raise S3Error(
            f"the settings of AWS are not valid ({redact(str(error))})",
            remedy="check AWS_ENDPOINT_URL and the AWS profile",
        ) from None
    # botocore has no public way to choose the connections.
    pools = client._endpoint.http_session._pool_classes_by_scheme
    pools.update(paced_pools(pools, stall_seconds))
    # By this name it comes first: botocore's own handlers parse the body.
    client.meta.events.register("before-parse.*.*", refuse_document_type)
    client.meta.events.register("before-parse.s3.ListObjectsV2", take_objects)
    client.meta.events.register("response-received.s3", _name_garbage)
    client.meta.events.register("before-sign.s3", _hide_credentials)
    client.meta.events.register_last("before-call.s3", _send_small_bodies_at_once)
    client.meta.events.register_first("needs-retry.s3", _raise_if_hopeless)
    client.meta.events.register_first("needs-retry.s3", _name_overload)
    return Connection(client, direct)


def _hide_credentials(request_signer: Any, **_: object) -> None:
    """Have no message show the credentials in use."""
    if request_signer._credentials is not None:
        freeze(request_signer._credentials)


def _send_small_bodies_at_once(params: dict[str, Any], **_: object) -> None:
    """Do not ask the server whether it wants a body that is in memory (100-continue).

    The question takes as long as the request itself.
    """
    if isinstance(params.get("body"), BytesIO):
        params["headers"].pop("Expect", None)


def _name_garbage(
    parsed_response: dict[str, Any] | None, response_dict: dict[str, Any] | None, **_: object
) -> None:
    """Give an answer 200 that is not XML a code of its own.

    botocore makes "500 Internal Server Error" of it, which nobody sent.
    """
    if parsed_response is None or response_dict is None or response_dict["status_code"] != 200:
        return
    if parsed_response.get("Error", {}).get("Code") == "500":
        parsed_response["Error"] = {"Code": NOT_S3, "Message": "a page that is not XML"}


def _name_overload(response: tuple[Any, dict[str, Any]] | None, **_: object) -> None:
    """Give each answer 503 the code of an overload.

    botocore makes long pauses for that code alone. The answer to a HEAD has no body, and so none.
    """
    if response is not None and response[0].status_code == _UNAVAILABLE:
        response[1].setdefault("Error", {})["Code"] = "SlowDown"


def _raise_if_hopeless(
    attempts: int,
    caught_exception: Exception | None,
    response: tuple[Any, dict[str, Any]] | None,
    operation: Any,
    **_: object,
) -> None:
    """Raise the error of a try that no further try would help."""
    if caught_exception is not None and attempts >= _max_tries(caught_exception):
        raise caught_exception
    if response is not None and _is_redirected_nowhere(response[1]):
        # botocore would ask for the bucket's region, whose answer is the same redirection, and so
        # on until Python's stack is full.
        raise ClientError(response[1], operation.name)


def _max_tries(error: Exception) -> float:
    if isinstance(error, SSLError):
        return 1
    if isinstance(error, ReadTimeoutError) or isinstance(root_cause(error), TimeoutError):
        is_connected = not isinstance(error, (ConnectTimeoutError, EndpointConnectionError))
        return STALL_TRIES if is_connected else CONNECT_TRIES
    if isinstance(error, (EndpointConnectionError, ProxyConnectionError)):
        return CONNECT_TRIES
    return float("inf")


def _is_redirected_nowhere(reply: dict[str, Any]) -> bool:
    """Return True for a redirection to a region that it does not name."""
    metadata, error = reply.get("ResponseMetadata", {}), reply.get("Error", {})
    # S3 answers a HEAD in the wrong region with 400, and without a code.
    is_redirected = metadata.get("HTTPStatusCode") in _REDIRECTIONS or error.get("Code") == "400"
    headers = metadata.get("HTTPHeaders", {})
    return is_redirected and not ("x-amz-bucket-region" in headers or error.get("Region"))
