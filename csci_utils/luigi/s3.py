"""An S3 client for Luigi's own ``S3Target``: one request a question, and doubt is an error.

Luigi's client asks up to four times whether a key exists, takes "forbidden" for "missing" and a
prefix for an object, and overwrites without a word. This one is handed to the plain target::

    S3Target("s3://bucket/key.png", format=Nop, client=S3Client())

Requests follow the S3 API reference; credentials, profile, region and endpoint come from the
standard AWS chain (``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` and so on).
"""

import base64
import hashlib
import mimetypes
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.response import StreamingBody
from luigi.target import FileSystem

from ..digest import CHUNK_SIZE, file_digest
from ..errors import AlreadyExistsError, ChangedError, S3Error, S3KeyMissingError, TransferError
from .filesystem import check_written
from .s3_errors import EmptyObjectError, UndecidedError, tell_damaged, translated_errors

EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
"""The MD5 of no bytes, which is the ETag of an empty object."""

PUT_TRIES = 5
"""How often a put is sent while S3 answers 409, "try again", or bytes are damaged on the way."""

PUT_PAUSE_SECONDS = 0.1
"""The pause before the second try; it doubles with every further one."""

REQUEST_TRIES = 8
"""How often botocore sends a request that S3 has no time for ("SlowDown"), unless AWS_MAX_ATTEMPTS
says otherwise. Its pauses are random ones that double, half a minute in all; with the usual five
tries S3 would have to recover within a few seconds."""

CONNECT_TRIES = 3
"""How often of these where nothing answers at all, as on a machine without a network."""

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 30
"""How long a server may be silent; botocore's own 60 s, try by try, would add up to minutes."""

CONTENT_TYPES = {".avif": "image/avif", ".jp2": "image/jp2", ".webp": "image/webp"}
"""What the ``mimetypes`` of older Pythons do not know."""

DEFAULT_CONTENT_TYPE = "application/octet-stream"


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``.

    Raises:
        ValueError: it is no such URL.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise ValueError(f"expected s3://bucket/key, got {url!r}")
    return bucket, key


def content_type(name: str) -> str:
    """The media type that a file's name stands for."""
    suffix = os.path.splitext(name)[1].lower()
    return CONTENT_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or DEFAULT_CONTENT_TYPE


@dataclass(frozen=True)
class ObjectState:
    """What S3 says of an object without sending it."""

    size: int
    """Bytes."""
    etag: str
    """Changes with the bytes; without S3's quotes."""
    etag_is_md5: bool
    """Whether the ETag is the MD5 of the bytes: one put, not encrypted with a key of one's own."""


class S3Client(FileSystem):
    """Luigi's file system calls on S3, as ``luigi.contrib.s3.S3Target`` makes them.

    Every method takes ``s3://bucket/key`` and raises

    * `S3AccessError` for credentials that are missing, wrong, expired or not enough,
    * `S3BucketMissingError` for a bucket that is not there,
    * `S3Error` for anything else that S3, or the network, refuses.
    """

    def __init__(self) -> None:
        self._boto_clients: dict[int, Any] = {}
        self._remembered: dict[str, ObjectState | None] | None = None

    @property
    def boto_client(self) -> Any:
        """The boto3 client of this process: one made before a fork must not be used after it."""
        process = os.getpid()
        if process not in self._boto_clients:
            with translated_errors("S3"):
                self._boto_clients[process] = _connect()
        return self._boto_clients[process]

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Ask for the state of each object once while the body runs, and not for each question.

        What this client reads or writes itself is known anew. What others write meanwhile is seen
        the next time; that a conditional put overwrites nothing of theirs, S3 itself sees to.
        """
        self._remembered = {}
        try:
            yield
        finally:
            self._remembered = None

    def state(self, path: str) -> ObjectState | None:
        """Size and ETag, in one request; None where no object has exactly this key."""
        if self._remembered is not None and path in self._remembered:
            return self._remembered[path]
        state = self._ask_state(path)
        self._remember(path, state)
        return state

    def _ask_state(self, path: str) -> ObjectState | None:
        # A HEAD has no body, so its 404 cannot tell a missing key from a missing bucket.
        try:
            with translated_errors(path):
                reply = self._get(path, Range="bytes=0-0")
                reply["Body"].read()
        except EmptyObjectError:
            return ObjectState(size=0, etag=EMPTY_ETAG, etag_is_md5=True)
        except S3KeyMissingError:
            return None
        return _state_of(reply)

    def exists(self, path: str) -> bool:
        """Whether an object has exactly this key, in one request; a prefix is no object."""
        return self.state(path) is not None

    def version(self, path: str) -> str | None:
        """The object's ETag; None where there is no object."""
        state = self.state(path)
        return state.etag if state else None

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Whether the object is there and holds exactly the bytes of the local file.

        One request, unless the ETag is no MD5 (several parts, or encrypted with a key of one's
        own): then the object is read.
        """
        state = self.state(path)
        if state is None or state.size != os.stat(local_path).st_size:
            return False
        if state.etag_is_md5:
            return state.etag == file_digest(local_path, "md5")
        with (
            translated_errors(path),
            closing(self._get(path)["Body"]) as body,
            open(local_path, "rb") as file,
        ):
            same = all(chunk == file.read(len(chunk)) for chunk in body.iter_chunks(CHUNK_SIZE))
            return same and not file.read(1)

    def get_key(self, path: str) -> "_Download":
        """The object, opened for reading.

        Raises:
            S3KeyMissingError: there is none.
        """
        with translated_errors(path):
            reply = self._get(path)
        self._remember(path, _state_of(reply, size=reply["ContentLength"]))
        return _Download(path, reply)

    def put(self, local_path: str, path: str, **options: Any) -> None:
        """Send a local file in one request, with the content type of its name.

        Args:
            local_path: the file, at most 5 GiB (S3's limit for one request).
            path: where it goes.
            options: more for ``put_object``. ``IfNoneMatch="*"`` creates and never overwrites;
                an object that is there with the same bytes counts as success, be it another
                publisher's or our own whose reply was lost.

        Raises:
            AlreadyExistsError: with ``IfNoneMatch``, an object with other bytes is there.
            ChangedError: what arrived, every time, is not what the file held at first; nothing is
                left of it.
        """
        digest = file_digest(local_path, "md5")
        options.setdefault("ContentType", content_type(path))
        for attempt in range(PUT_TRIES - 1):
            try:
                return self._put_once(local_path, path, digest, **options)
            except (ChangedError, UndecidedError):
                time.sleep(PUT_PAUSE_SECONDS * 2**attempt)
        self._put_once(local_path, path, digest, **options)

    def put_multipart(self, local_path: str, path: str, **options: Any) -> None:
        """`put`, as Luigi's ``AtomicS3File`` calls it when it is closed.

        Raises:
            NothingWrittenError: the file is empty.
        """
        check_written(local_path, path)
        self.put(local_path, path, **options)

    def listdir(self, path: str) -> Iterator[str]:
        """URLs of all objects below the prefix, in the order of their keys."""
        return self._list(path)

    def isdir(self, path: str) -> bool:
        """Whether any object lies below the prefix, in one request."""
        return next(self._list(path, PageSize=1), None) is not None

    def mkdir(self, path: str, parents: bool = True, raise_if_exists: bool = False) -> None:
        """Nothing: S3 has no folders."""

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one object, for good; prefixes are never deleted.

        Raises:
            ValueError: `recursive` was asked for.
        """
        if recursive:
            raise ValueError(f"{path}: deleting below a prefix is not offered")
        bucket, key = split_url(path)
        self._forget(path)
        with translated_errors(path):
            self.boto_client.delete_object(Bucket=bucket, Key=key)

    def _list(self, path: str, **page_options: int) -> Iterator[str]:
        bucket, key = split_url(path)
        prefix = key.rstrip("/") + "/" if key else ""
        pages = self.boto_client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig=page_options
        )
        with translated_errors(path):
            for page in pages:
                for entry in page.get("Contents", []):
                    yield f"s3://{bucket}/{entry['Key']}"

    def _remember(self, path: str, state: ObjectState | None) -> None:
        if self._remembered is not None:
            self._remembered[path] = state

    def _forget(self, path: str) -> None:
        if self._remembered is not None:
            self._remembered.pop(path, None)

    def _get(self, path: str, **options: Any) -> Mapping[str, Any]:
        bucket, key = split_url(path)
        reply: Mapping[str, Any] = self.boto_client.get_object(Bucket=bucket, Key=key, **options)
        return reply

    def _put_once(self, local_path: str, path: str, digest: str, **options: Any) -> None:
        bucket, key = split_url(path)
        content_md5 = base64.b64encode(bytes.fromhex(digest)).decode()
        self._forget(path)
        try:
            with translated_errors(path), open(local_path, "rb") as file:
                reply = self.boto_client.put_object(
                    Bucket=bucket, Key=key, Body=file, ContentMD5=content_md5, **options
                )
        except AlreadyExistsError:
            if self.same_bytes(path, local_path):
                return
            raise
        state = _state_of(reply, size=os.stat(local_path).st_size)
        if state.etag_is_md5 and state.etag != digest:
            # S3 itself refuses what does not fit its MD5, with BadDigest; some servers take it.
            with translated_errors(path):
                self.boto_client.delete_object(Bucket=bucket, Key=key, IfMatch=reply["ETag"])
            raise ChangedError(tell_damaged(path))
        self._remember(path, state)


class _Download:
    """What Luigi's S3Target reads: ``get()["Body"]``, with errors of this module."""

    def __init__(self, path: str, reply: Mapping[str, Any]) -> None:
        self._path = path
        self._body: StreamingBody = reply["Body"]
        self._state = _state_of(reply, size=reply["ContentLength"])
        self._digest = hashlib.md5(usedforsecurity=False)

    def get(self) -> dict[str, "_Download"]:
        return {"Body": self}

    def read(self, size: int | None = None) -> bytes:
        """The next bytes; at the end all of them are compared with the ETag, if it is an MD5.

        Raises:
            TransferError: they were cut short, or are not those of the object.
        """
        # Only None, and not -1, makes botocore check the length and the checksum at the end.
        size = None if size is None or size < 0 else size
        try:
            chunk: bytes = self._body.read(size)
        except (FlexibleChecksumError, HTTPClientError, IncompleteReadError) as error:
            raise TransferError(
                f"{self._path}: cut short or damaged on the way ({error}): run again"
            ) from error
        self._digest.update(chunk)
        is_end = size is None or (size > 0 and not chunk)
        if is_end and self._state.etag_is_md5 and self._digest.hexdigest() != self._state.etag:
            raise TransferError(
                f"{self._path}: damaged on the way (what arrived does not have the MD5 that S3 "
                "tells): run again"
            )
        return chunk

    def close(self) -> None:
        self._body.close()


def _connect() -> Any:
    tries = ("max_attempts", "AWS_MAX_ATTEMPTS", REQUEST_TRIES, int)
    session = botocore.session.Session(session_vars={"max_attempts": tries})
    config = Config(connect_timeout=CONNECT_TIMEOUT_SECONDS, read_timeout=READ_TIMEOUT_SECONDS)
    try:
        client = boto3.session.Session(botocore_session=session).client("s3", config=config)
    except ValueError as error:
        raise S3Error(f"{error}: check AWS_ENDPOINT_URL and the AWS profile") from error
    client.meta.events.register_first("needs-retry.s3", _raise_if_nothing_answers)
    return client


def _raise_if_nothing_answers(
    attempts: int, caught_exception: Exception | None, **_: object
) -> None:
    if attempts >= CONNECT_TRIES and isinstance(
        caught_exception, (ConnectTimeoutError, EndpointConnectionError)
    ):
        raise caught_exception


def _state_of(reply: Mapping[str, Any], size: int | None = None) -> ObjectState:
    etag = reply["ETag"].strip('"')
    encrypted = reply.get("ServerSideEncryption", "AES256") != "AES256"
    with_own_key = "SSECustomerAlgorithm" in reply
    if size is None:
        # A server that knows no ranges sends the whole object, and no such header.
        size = int(str(reply.get("ContentRange", reply["ContentLength"])).rpartition("/")[2])
    return ObjectState(
        size, etag, etag_is_md5=not (encrypted or with_own_key) and len(etag) == len(EMPTY_ETAG)
    )
