"""Requests for single objects that skip most of botocore, as long as all is well.

botocore takes 0.6 ms of CPU time to build a request and to parse its reply, which takes 0.3 ms to
send: more than all the rest for a small file. So once botocore has reached a bucket, plain requests
for its objects are built here, signed by botocore's signer, and sent over its connections. Whatever
is not answered as hoped is asked again through botocore, which knows about tries, pauses,
redirections, clocks and errors.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.response import StreamingBody
from botocore.utils import percent_encode, percent_encode_sequence

from ..text import hide_secrets
from .errors import named_as_credentials
from .objects import ObjectState, read_state, split_url

_HEADERS = {
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "ContentMD5": "Content-MD5",
    "ContentType": "Content-Type",
    "IfNoneMatch": "If-None-Match",
}
"""The headers of the arguments of ``put_object``; those of ``Metadata`` have names of their own."""

_FIELDS = {
    "ChecksumCRC32": "x-amz-checksum-crc32",
    "ChecksumSHA256": "x-amz-checksum-sha256",
    "ChecksumType": "x-amz-checksum-type",
    "ETag": "etag",
    "SSECustomerAlgorithm": "x-amz-server-side-encryption-customer-algorithm",
    "ServerSideEncryption": "x-amz-server-side-encryption",
}
"""The headers of the fields of botocore's replies that `csci_utils.s3.objects.read_state` reads."""

_QUERY = {
    "ContinuationToken": "continuation-token",
    "MaxKeys": "max-keys",
    "Prefix": "prefix",
    "StartAfter": "start-after",
}
"""The parameters of the arguments of ``list_objects_v2``."""

_METADATA = "x-amz-meta-"
_SIGNATURES = ("s3v4", "v4")


class Refused(NamedTuple):
    """A refusal that is final: botocore would get the same one."""

    status: int


class _Place(NamedTuple):
    """Where the requests for a bucket go to."""

    url: str
    region: str


class DirectRequests:
    """Sends requests to the buckets that it knows. Threads may share it."""

    def __init__(self, client: Any, credentials: Any) -> None:
        """Learn from a client of boto3.

        Args:
            client: Its connections are used.
            credentials: Its credentials; None if it has none.
        """
        self._client = client
        self._credentials = credentials
        self._places: dict[str, _Place] = {}
        self._last = threading.local()
        client.meta.events.register_last("before-sign.s3", self._note)

    def learn(self, path: str) -> None:
        """Note that this thread's last request of botocore's has succeeded.

        Args:
            path: The URL of the object, or of the bucket, that the request was for.
        """
        bucket, key = split_url(path)
        place, quoted = getattr(self._last, "place", None), percent_encode(key, safe="/~")
        if place is None or bucket in self._places or self._credentials is None:
            return
        url = place.url.partition("?")[0]
        if not key:
            self._places[bucket] = place._replace(url=f"{url.rstrip('/')}/")
        elif url.endswith(f"/{quoted}"):
            self._places[bucket] = place._replace(url=url.removesuffix(quoted))

    def put(self, path: str, body: bytes, **options: Any) -> Mapping[str, Any] | Refused | None:
        """Send ``put_object``.

        Returns:
            The reply; `Refused` if the object exists, with ``IfNoneMatch``; None if botocore has to
            be asked.
        """
        metadata = options.pop("Metadata", {})
        named = {f"{_METADATA}{name}": value for name, value in metadata.items()}
        headers = {_HEADERS.get(name, ""): value for name, value in options.items()} | named
        if not all(name and _is_plain(name + value) for name, value in headers.items()):
            return None
        response = self._send("PutObject", "PUT", path, headers, body)
        if response is None or response.status_code not in (200, 412):
            return None
        return _read_reply(response) if response.status_code == 200 else Refused(412)

    def get(self, path: str) -> Mapping[str, Any] | None:
        """Send ``get_object``, and return the reply; None if botocore has to be asked."""
        headers = {"x-amz-checksum-mode": "ENABLED"}
        response = self._send("GetObject", "GET", path, headers, is_stream=True)
        if response is None:
            return None
        reply = _read_reply(response) if response.status_code == 200 else None
        if reply is None or _needs_botocore(read_state(reply), response.headers):
            response.raw.close()
            return None
        return {**reply, "Body": StreamingBody(response.raw, reply["ContentLength"])}

    def head(self, path: str) -> Mapping[str, Any] | Refused | None:
        """Send ``head_object``.

        Returns:
            The reply; `Refused` if the object does not exist; None if botocore has to be asked.
        """
        response = self._send("HeadObject", "HEAD", path, {"x-amz-checksum-mode": "ENABLED"})
        if response is None or response.status_code not in (200, 404):
            return None
        return _read_reply(response) if response.status_code == 200 else Refused(404)

    def list(self, path: str, **options: Any) -> Any:
        """Send ``list_objects_v2``.

        Args:
            path: The URL of the bucket.
            options: Arguments of ``list_objects_v2``, without the bucket.

        Returns:
            The response with the page as XML; None if botocore has to be asked.
        """
        query = {_QUERY[name]: str(value) for name, value in options.items()}
        query |= {"encoding-type": "url", "list-type": "2"}
        response = self._send("ListObjectsV2", "GET", path, {}, query=query)
        return response if response is not None and response.status_code == 200 else None

    def _note(self, request: AWSRequest, signature_version: str, **named: Any) -> None:
        signing = request.context.get("signing", {})
        name = signing.get("signing_name", named.get("signing_name"))
        region = signing.get("region", named.get("region_name"))
        is_known = signature_version in _SIGNATURES and name == "s3" and region
        self._last.place = _Place(request.url, region) if is_known else None

    def _send(
        self,
        operation: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        is_stream: bool = False,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the answer to a request for an object or, with a query, for a bucket.

        None if there is none.
        """
        bucket, key = split_url(path)
        place = self._places.get(bucket)
        if place is None or bool(key) == bool(query):
            return None
        if query:
            url = place.url[:-1] if place.url.endswith(f"/{bucket}/") else place.url
            url += f"?{percent_encode_sequence(query)}"
        else:
            url = place.url + percent_encode(key, safe="/~")
        request = AWSRequest(
            method,
            url,
            {**headers, "User-Agent": self._client.meta.config.user_agent},
            body,
            stream_output=is_stream,
        )
        request.context["has_streaming_input"] = bool(body)
        S3SigV4Auth(freeze(self._credentials), "s3", place.region).add_auth(request)
        prepared = request.prepare()
        self._client.meta.events.emit(f"before-send.s3.{operation}", request=prepared)
        try:
            return self._client._endpoint.http_session.send(prepared)
        except HTTPClientError:
            return None


def freeze(credentials: Any) -> Any:
    """Return credentials as they are now. No message shows them later, if a server repeats them.

    Raises:
        S3AccessError: What gives them has failed.
    """
    with named_as_credentials():
        frozen = credentials.get_frozen_credentials()
    hide_secrets(frozen.secret_key, frozen.token)
    return frozen


def _needs_botocore(state: ObjectState, headers: Mapping[str, str]) -> bool:
    """Return whether only botocore can tell damage, by a checksum that is not computed here."""
    if state.sha256 or state.md5 or state.checksum_crc32:
        return False
    names = {name.lower() for name in headers} - {_FIELDS["ChecksumType"]}
    return any(name.startswith("x-amz-checksum-") for name in names)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _read_reply(response: Any) -> Mapping[str, Any] | None:
    """Return an answer as botocore would; None if it cannot be read."""
    headers = response.headers
    reply: dict[str, Any] = {
        name: headers[header] for name, header in _FIELDS.items() if header in headers
    }
    size = headers.get("content-length", "")
    if "ETag" not in reply or not size.isdecimal():
        return None
    reply["ContentLength"] = int(size)
    reply["Metadata"] = {
        name[len(_METADATA) :]: value
        for name, value in headers.items()
        if name.lower().startswith(_METADATA)
    }
    return reply
