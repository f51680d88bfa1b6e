"""The requests that `S3Client` sends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from ..errors import S3KeyMissingError
from ..listing import MAX_FILES, ListedFile, too_long
from ..network.pace import STALL_SECONDS
from .connection import Connection, connect
from .direct import Refused
from .errors import translated_errors
from .listing import PAGE_SIZE, ListedPage, find_next_page, parse_page, read_page
from .objects import MAX_BYTES, ObjectState, read_state, split_url
from .reading import ObjectReader
from .replies import conflict, damaged_download, error_code, translate_reply


@dataclass(frozen=True)
class Limits:
    """What a client accepts from a server, and what it sends in one request."""

    max_bytes: int = MAX_BYTES
    """The largest object that is read."""
    max_keys: int = MAX_FILES
    """The longest listing."""
    stall_seconds: float = STALL_SECONDS
    """How long the server may be silent, or nearly so (`csci_utils.network.pace`)."""
    single_bytes: int = MAX_BYTES
    """The largest file that is sent in one request."""
    part_bytes: int = 64 << 20
    """The size of the parts of a larger file; S3 accepts no smaller ones than 5 MiB."""


class S3Requests:
    """Asks a server one question at a time, and remembers only which buckets exist."""

    def __init__(self, limits: Limits) -> None:
        """Keep the limits; the first request connects."""
        self.limits = limits
        self._connections: dict[int, Connection] = {}
        self._connecting = Lock()
        self._buckets: set[str] = set()

    @property
    def boto_client(self) -> Any:
        """The boto3 client of this process."""
        return self._connection.client

    @property
    def _connection(self) -> Connection:
        process = os.getpid()
        if process not in self._connections:
            with self._connecting:
                if process not in self._connections:
                    self._connections[process] = connect(self.limits.stall_seconds)
        return self._connections[process]

    def _learn(self, path: str) -> None:
        """Note that the last request of botocore's was answered as hoped."""
        self._buckets.add(split_url(path)[0])
        self._connection.direct.learn(path)

    def connect(self, path: str) -> Any:
        """Return the boto3 client of this process; errors name the URL `path`."""
        with translated_errors(path):
            return self.boto_client

    def state(self, path: str) -> ObjectState | None:
        """Return the state of an object; None if it does not exist."""
        bucket, key = split_url(path)
        with translated_errors(path):
            if reply := self._connection.direct.head(path):
                return None if isinstance(reply, Refused) else read_state(reply)
            try:
                reply = self.boto_client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                return self._explain_refusal(path, error)
            self._learn(path)
            return read_state(reply)

    def put(self, path: str, body: BinaryIO, **options: Any) -> Mapping[str, Any]:
        """Send ``put_object`` with a body that is in memory, or an open file.

        Raises:
            AlreadyExistsError: ``IfNoneMatch="*"`` is given, and the object exists.
        """
        bucket, key = split_url(path)
        with translated_errors(path):
            if isinstance(body, BytesIO):
                content = body.getvalue()
                found = self._connection.direct.put(path, content, **options)
                if isinstance(found, Refused):
                    raise conflict(path)
                if found:
                    return found
            reply: Mapping[str, Any] = self.boto_client.put_object(
                Bucket=bucket, Key=key, Body=body, **options
            )
            self._learn(path)
        return reply

    def open(self, path: str) -> ObjectReader:
        """Open an object for reading.

        Raises:
            S3KeyMissingError: The object does not exist.
            TooLargeError: The object is larger than the limit.
        """
        reply = self._get(path)
        with translated_errors(path), ExitStack() as on_error:
            on_error.callback(reply["Body"].close)
            state = read_state(reply)
            part_size = None if state.sha256 or state.md5 else self._check_parts(path, state)
            reader = ObjectReader(path, reply, self.limits.max_bytes, part_size)
            on_error.pop_all()
        return reader

    def list(self, path: str, page_size: int = PAGE_SIZE) -> Iterator[ListedFile]:
        """Yield all objects below a prefix, in the order of their keys.

        Args:
            path: The URL of the prefix.
            page_size: The number of objects to ask for in each request.

        Raises:
            TooLargeError: The listing is longer than the limit.
        """
        count = 0
        for page in self.list_pages(path, page_size=page_size):
            count += len(page.files) or PAGE_SIZE  # a server may send empty pages without end
            if count > self.limits.max_keys:
                raise too_long(path, self.limits.max_keys)
            yield from page.files

    def list_pages(
        self, path: str, after: str = "", page_size: int = PAGE_SIZE
    ) -> Iterator[ListedPage]:
        """Yield the pages of a listing, as `S3Client.list_pages` does."""
        bucket, key = split_url(path)
        prefix = key.rstrip("/") + "/" if key else ""
        options: dict[str, Any] = {"Prefix": prefix, "MaxKeys": page_size}
        if after:
            options["StartAfter"] = split_url(after)[1]
        has_more, tokens = True, set[str]()
        while has_more:
            with translated_errors(path):
                reply = self._list_page(bucket, options)
                page = read_page(reply, bucket, prefix)
                has_more = find_next_page(reply, options, tokens)
            yield page

    def _list_page(self, bucket: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"s3://{bucket}"
        page = self._connection.direct.list(url, **options)
        reply = None if page is None else parse_page(page.content, page.headers)
        if reply is None:
            reply = self.boto_client.list_objects_v2(Bucket=bucket, **options)
            self._learn(url)
        return reply

    def delete(self, path: str) -> None:
        """Delete one object."""
        bucket, key = split_url(path)
        with translated_errors(path):
            self.boto_client.delete_object(Bucket=bucket, Key=key)

    def abort(self, path: str, upload_id: str) -> None:
        """Delete what was sent of an upload in parts, unless it is over."""
        bucket, key = split_url(path)
        with translated_errors(path):
            try:
                self.boto_client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
            except ClientError as error:
                if error_code(error) not in ("NoSuchUpload", "404"):
                    raise

    def _get(self, path: str) -> Mapping[str, Any]:
        bucket, key = split_url(path)
        with translated_errors(path):
            if reply := self._connection.direct.get(path):
                return reply
        try:
            with translated_errors(path):
                reply = self.boto_client.get_object(Bucket=bucket, Key=key)
        except S3KeyMissingError:
            self._buckets.add(bucket)
            raise
        self._learn(path)
        return reply

    def _explain_refusal(self, path: str, error: ClientError) -> ObjectState | None:
        """Return the state of an object, or raise why a HEAD for it was refused.

        The answer to a HEAD has no body, which would tell a missing key from a missing bucket, and
        an expired token from missing permissions. A GET's answer has; an object is not read.
        """
        code = error_code(error)
        if not code.isdecimal() or int(code) >= 500:
            raise translate_reply(error, path)
        if code == "404" and split_url(path)[0] in self._buckets:
            return None
        try:
            reply = self._get(path)
        except S3KeyMissingError:
            return None
        reply["Body"].close()
        return read_state(reply)

    def _check_parts(self, path: str, state: ObjectState) -> int | None:
        """Return the size of the parts that an object was uploaded in; None if unknown.

        No digest tells whether such an object arrives as a whole, so its size is asked again.

        Raises:
            TransferError: The reply with the object named another size.
        """
        whole = self.state(path)
        if whole and whole.etag == state.etag and whole.size != state.size:
            raise damaged_download(path, f"{state.size:,} of {whole.size:,} bytes arrived")
        bucket, key = split_url(path)
        count = state.part_count
        if not count:
            return None
        try:
            reply = self.boto_client.head_object(Bucket=bucket, Key=key, PartNumber=1)
        except ClientError:  # the server does not know parts
            return None
        size: int = reply.get("ContentLength", 0)
        # Parts of several sizes cannot be told from damage, unless the size of each is asked.
        return size if (count - 1) * size < state.size <= count * size else None
