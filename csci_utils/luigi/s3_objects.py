"""Objects in S3: their URLs, content types and states."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
"""The ETag of an empty object: the MD5 of no bytes."""

_CONTENT_TYPES = {".avif": "image/avif", ".jp2": "image/jp2", ".webp": "image/webp"}
"""Unknown to the ``mimetypes`` of older Pythons."""

_DEFAULT_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class ObjectState:
    """The state of one object in S3."""

    size: int
    """In bytes."""
    etag: str
    """Changes with the bytes. Without S3's quotes."""
    etag_is_md5: bool
    """True if the ETag is the MD5 of the bytes: uploaded in one part, and not encrypted with KMS or
    a customer's key."""


def split_url(url: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key.

    Raises:
        ValueError: The URL has another form.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise ValueError(f"expected s3://bucket/key, got {url!r}")
    return bucket, key


def content_type(name: str) -> str:
    """Return the media type that belongs to a file name's suffix."""
    suffix = os.path.splitext(name)[1].lower()
    return _CONTENT_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or _DEFAULT_CONTENT_TYPE


def read_state(reply: Mapping[str, Any], size: int | None = None) -> ObjectState:
    """Return the state of the object that a reply of S3 is about.

    Args:
        reply: The reply to ``get_object`` or ``put_object``.
        size: The object's size, if known; else the reply's headers tell it.
    """
    if size is None:
        # A server without support for ranges sends the whole object and no Content-Range.
        size = int(str(reply.get("ContentRange", reply["ContentLength"])).rpartition("/")[2])
    etag = reply["ETag"].strip('"')
    return ObjectState(size, etag, _is_plain(reply) and len(etag) == len(EMPTY_ETAG))


def _is_plain(reply: Mapping[str, Any]) -> bool:
    """Return True if the object is encrypted with S3's own key at most.

    See "ETag" in https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html.
    """
    is_encrypted = reply.get("ServerSideEncryption", "AES256") != "AES256"
    return not is_encrypted and "SSECustomerAlgorithm" not in reply
