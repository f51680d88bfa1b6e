"""Sending whole files, with their digests checked at the other end."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from ...digest import file_digest
from ...errors import ChangedError
from ..errors import translated_errors
from ..objects import SHA256_METADATA, ObjectState, content_type, read_state, split_url
from ..replies import UndecidedError, damaged_upload
from ..requests import S3Requests

_Result = TypeVar("_Result")

PUT_TRIES = 5
"""The number of tries while S3 answers 409 ("try again") or the bytes are damaged in transit."""

PUT_PAUSE_SECONDS = 0.1
"""The pause before the second try. It doubles with each further one."""

SMALL_BYTES = 1 << 20
"""The largest file that is kept in memory while it is sent. Dozens may be in flight."""


def put_file(requests: S3Requests, local_path: str, path: str, **options: Any) -> ObjectState:
    """Send a local file in one request, and return the new object's state.

    The SHA-256 of the bytes goes along twice: as S3's own checksum, which S3 compares with what
    arrives, and in the object's metadata, for servers that do not know checksums. The MD5 goes
    along for those that compare only that.

    Args:
        requests: The connection.
        local_path: The file, of at most 5 GiB (S3's limit for one request).
        path: The object's URL.
        options: Further arguments of ``put_object``. The default content type is that of the name.
            ``Metadata`` of the caller's own is sent besides the SHA-256.

    Raises:
        AlreadyExistsError: ``IfNoneMatch="*"`` is given, and the object exists.
        ChangedError: On each try, other bytes arrived than the file held at first. They are removed
            again.
        S3Error: S3 or the network refuses.
    """
    body = _read_body(local_path)
    metadata = {**options.pop("Metadata", {}), SHA256_METADATA: body.sha256}
    options = {"ContentType": content_type(path), **options, "Metadata": metadata}
    return send_again(lambda: _put_once(requests, body, path, **options))


def send_again(send: Callable[[], _Result]) -> _Result:
    """Return the result of an upload, tried again while it arrives damaged or S3 answers 409."""
    for attempt in range(PUT_TRIES - 1):
        try:
            return send()
        except (ChangedError, UndecidedError):
            time.sleep(PUT_PAUSE_SECONDS * 2**attempt)
    return send()


class _Body(NamedTuple):
    """What is sent."""

    open: Callable[[], BinaryIO]
    size: int
    sha256: str
    md5: str


def _read_body(local_path: str) -> _Body:
    """Return a file's bytes with their digests; a small file is read only once."""
    size = os.stat(local_path).st_size
    if size > SMALL_BYTES:
        digests = [file_digest(local_path, name) for name in ("sha256", "md5")]
        return _Body(lambda: open(local_path, "rb"), size, *digests)
    content = Path(local_path).read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False)
    sha256 = hashlib.sha256(content)
    return _Body(lambda: BytesIO(content), len(content), sha256.hexdigest(), md5.hexdigest())


def copy_object(client: Any, source_url: str, path: str) -> None:
    """Have the server copy an object with its metadata, and replace the one that is there.

    Args:
        client: A boto3 client for S3.
        source_url: The URL of the object, of at most 5 GiB.
        path: The URL of the copy.

    Raises:
        S3Error: S3 or the network refuses.
    """
    bucket, key = split_url(path)
    source_bucket, source_key = split_url(source_url)
    with translated_errors(path):
        source = {"Bucket": source_bucket, "Key": source_key}
        client.copy_object(Bucket=bucket, Key=key, CopySource=source)


def _put_once(requests: S3Requests, body: _Body, path: str, **options: Any) -> ObjectState:
    with translated_errors(path), body.open() as file:
        reply = requests.put(
            path,
            file,
            ContentMD5=encode_digest(body.md5),
            ChecksumSHA256=encode_digest(body.sha256),
            **options,
        )
        named = {"Metadata": options["Metadata"], "ChecksumSHA256": encode_digest(body.sha256)}
        state = read_state({**reply, **named}, size=body.size)
    if state.md5 not in (None, body.md5):
        # S3 refuses other bytes than those of the digests; some servers accept them.
        _remove_version(requests.boto_client, path, reply["ETag"])
        raise damaged_upload(path)
    return state


def encode_digest(digest: str) -> str:
    """Return hex digits as S3 writes a digest in a header."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _remove_version(client: Any, path: str, etag: str) -> None:
    """Remove an object if it still has this ETag."""
    bucket, key = split_url(path)
    with translated_errors(path):
        # A server that does not compare what it received may ignore the condition, too.
        if client.head_object(Bucket=bucket, Key=key).get("ETag") == etag:
            client.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
