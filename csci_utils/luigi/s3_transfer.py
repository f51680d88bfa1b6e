"""Sending and receiving whole objects, with their MD5 checked at both ends."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError
from botocore.response import StreamingBody

from ..digest import file_digest
from ..errors import ChangedError, TransferError
from .s3_errors import UndecidedError, damaged_upload, translated_errors
from .s3_objects import ObjectState, content_type, read_state, split_url

PUT_TRIES = 5
"""The number of tries while S3 answers 409 ("try again") or the bytes are damaged in transit."""

PUT_PAUSE_SECONDS = 0.1
"""The pause before the second try. It doubles with each further one."""


def put_file(client: Any, local_path: str, path: str, **options: Any) -> ObjectState:
    """Send a local file in one request, and return the new object's state.

    Args:
        client: A boto3 client for S3.
        local_path: The file, of at most 5 GiB (S3's limit for one request).
        path: The object's URL.
        options: Further arguments of ``put_object``. The default content type is that of the name.

    Raises:
        AlreadyExistsError: ``IfNoneMatch="*"`` is given, and the object exists.
        ChangedError: On each try, other bytes arrived than the file held at first. They are removed
            again.
        S3Error: S3 or the network refuses.
    """
    digest = file_digest(local_path, "md5")
    options.setdefault("ContentType", content_type(path))
    for attempt in range(PUT_TRIES - 1):
        try:
            return _put_once(client, local_path, path, digest, **options)
        except (ChangedError, UndecidedError):
            time.sleep(PUT_PAUSE_SECONDS * 2**attempt)
    return _put_once(client, local_path, path, digest, **options)


def _put_once(client: Any, local_path: str, path: str, digest: str, **options: Any) -> ObjectState:
    bucket, key = split_url(path)
    content_md5 = base64.b64encode(bytes.fromhex(digest)).decode()
    with translated_errors(path), open(local_path, "rb") as file:
        reply = client.put_object(
            Bucket=bucket, Key=key, Body=file, ContentMD5=content_md5, **options
        )
    state = read_state(reply, size=os.stat(local_path).st_size)
    if state.etag_is_md5 and state.etag != digest:
        # S3 refuses other bytes than those of the MD5 with BadDigest; some servers accept them.
        with translated_errors(path):
            client.delete_object(Bucket=bucket, Key=key, IfMatch=reply["ETag"])
        raise damaged_upload(path)
    return state


class ObjectReader:
    """An object opened for reading, in the form that Luigi's ``S3Target`` expects."""

    state: ObjectState
    """The state of the version that is read."""

    def __init__(self, path: str, reply: Mapping[str, Any]) -> None:
        """Start at the object's first byte.

        Args:
            path: The object's URL.
            reply: The reply to ``get_object``.
        """
        self.state = read_state(reply, size=reply["ContentLength"])
        self._path = path
        self._body: StreamingBody = reply["Body"]
        self._digest = hashlib.md5(usedforsecurity=False)

    def get(self) -> dict[str, ObjectReader]:
        """Return a reply whose body is this reader, as boto3's ``Object.get`` does."""
        return {"Body": self}

    def read(self, size: int | None = None) -> bytes:
        """Read the next bytes; at the end, compare all of them with an ETag that is an MD5.

        Args:
            size: The number of bytes; None or a negative number for all.

        Raises:
            TransferError: The transfer was cut short or damaged.
        """
        # Only None, and not -1, makes botocore check length and checksum at the end.
        size = None if size is None or size < 0 else size
        try:
            chunk: bytes = self._body.read(size)
        except (FlexibleChecksumError, HTTPClientError, IncompleteReadError) as error:
            raise self._damaged(str(error)) from error
        self._digest.update(chunk)
        is_end = size is None or (size > 0 and not chunk)
        if is_end and self.state.etag_is_md5 and self._digest.hexdigest() != self.state.etag:
            raise self._damaged("the MD5 of the bytes is not the one that S3 names")
        return chunk

    def close(self) -> None:
        """Close the connection."""
        self._body.close()

    def _damaged(self, detail: str) -> TransferError:
        return TransferError(
            f"the transfer was cut short or damaged ({detail})",
            path=self._path,
            remedy="run again",
        )
