"""An S3 client for Luigi's own ``S3Target``: one request per question, and no silent doubt.

Luigi's client sends up to four requests to learn whether a key exists, takes "forbidden" for
"missing" and a prefix for an object, and overwrites silently. Pass this one to the plain target::

    S3Target("s3://bucket/key.png", format=Nop, client=S3Client())

Requests follow the API reference, https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from luigi.target import FileSystem

from ..digest import CHUNK_SIZE, file_digest
from ..errors import AlreadyExistsError, S3KeyMissingError
from .filesystem import check_written
from .s3_connection import connect
from .s3_errors import EmptyObjectError, translated_errors
from .s3_objects import EMPTY_ETAG, ObjectState, read_state, split_url
from .s3_transfer import ObjectReader, put_file


class S3Client(FileSystem):
    """The file system of Luigi's ``S3Target``.

    Each method takes ``s3://bucket/key`` and raises

    * `S3AccessError` if credentials are missing, wrong, expired or insufficient,
    * `S3BucketMissingError` if the bucket does not exist,
    * `S3Error` if S3 or the network refuses for another reason.

    Threads may share a client, except for `remembering`.
    """

    def __init__(self) -> None:
        """Create a client; it connects on its first request."""
        self._boto_clients: dict[int, Any] = {}
        self._remembered: dict[str, ObjectState | None] | None = None

    @property
    def boto_client(self) -> Any:
        """The boto3 client of this process; one made before a fork must not be used after it."""
        process = os.getpid()
        if process not in self._boto_clients:
            self._boto_clients[process] = connect()
        return self._boto_clients[process]

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Cache the state of each object while the body runs.

        The cache follows what this client reads and writes. Changes by others are seen in the next
        body only; a conditional put never overwrites them, because S3 itself compares.
        """
        self._remembered = {}
        try:
            yield
        finally:
            self._remembered = None

    def state(self, path: str) -> ObjectState | None:
        """Return size and ETag, in one request, or None if no object has exactly this key."""
        if self._remembered is not None and path in self._remembered:
            return self._remembered[path]
        state = self._request_state(path)
        self._remember(path, state)
        return state

    def exists(self, path: str) -> bool:
        """Return True if an object has exactly this key, in one request."""
        return self.state(path) is not None

    def version(self, path: str) -> str | None:
        """Return the object's ETag, or None if it does not exist."""
        state = self.state(path)
        return state.etag if state else None

    def same_bytes(self, path: str, local_path: str) -> bool:
        """Return True if the object exists and its bytes equal the local file's.

        Costs one request. If the ETag is not an MD5, and the sizes are equal, a second one reads
        the object.
        """
        state = self.state(path)
        if state is None or state.size != os.stat(local_path).st_size:
            return False
        if state.etag_is_md5:
            return state.etag == file_digest(local_path, "md5")
        return self._has_content(path, local_path)

    def get_key(self, path: str) -> ObjectReader:
        """Open the object for reading.

        Raises:
            S3KeyMissingError: The object does not exist.
        """
        reader = ObjectReader(path, self._get(path))
        self._remember(path, reader.state)
        return reader

    def put(self, local_path: str, path: str, **options: Any) -> None:
        """Send a local file in one request.

        With ``IfNoneMatch="*"`` it never overwrites. If the object exists with the same bytes, that
        counts as success: another publisher was faster, or the reply to our own request was lost.

        Args:
            local_path: The file, of at most 5 GiB.
            path: The object's URL.
            options: Further arguments of ``put_object``. The default content type is that of the
                name.

        Raises:
            AlreadyExistsError: With ``IfNoneMatch``, the object exists with other bytes.
            ChangedError: On each try, other bytes arrived than the file held at first. They are
                removed again.
        """
        self._forget(path)
        with translated_errors(path):
            client = self.boto_client
        try:
            self._remember(path, put_file(client, local_path, path, **options))
        except AlreadyExistsError:
            if not self.same_bytes(path, local_path):
                raise

    def put_multipart(self, local_path: str, path: str, **options: Any) -> None:
        """`put`, under the name by which Luigi's ``AtomicS3File`` calls it on closing.

        Raises:
            NothingWrittenError: The file is empty.
        """
        check_written(local_path, path)
        self.put(local_path, path, **options)

    def listdir(self, path: str) -> Iterator[str]:
        """Yield the URLs of all objects below the prefix, in the order of their keys."""
        return self._list(path)

    def isdir(self, path: str) -> bool:
        """Return True if there is an object below the prefix, in one request."""
        return next(self._list(path, PageSize=1), None) is not None

    def mkdir(self, path: str, parents: bool = True, raise_if_exists: bool = False) -> None:
        """Do nothing: S3 has no folders."""

    def remove(self, path: str, recursive: bool = False, skip_trash: bool = True) -> None:
        """Delete one object permanently.

        Raises:
            ValueError: `recursive` is set; whole prefixes are never deleted.
        """
        if recursive:
            raise ValueError(f"{path}: a prefix cannot be deleted; delete single objects")
        bucket, key = split_url(path)
        self._forget(path)
        with translated_errors(path):
            self.boto_client.delete_object(Bucket=bucket, Key=key)

    def _request_state(self, path: str) -> ObjectState | None:
        # A HEAD has no body, so its 404 does not tell a missing key from a missing bucket.
        try:
            reply = self._get(path, Range="bytes=0-0")
            with translated_errors(path):
                reply["Body"].read()
        except EmptyObjectError:
            return ObjectState(size=0, etag=EMPTY_ETAG, etag_is_md5=True)
        except S3KeyMissingError:
            return None
        return read_state(reply)

    def _has_content(self, path: str, local_path: str) -> bool:
        with (
            closing(self._get(path)["Body"]) as body,
            translated_errors(path),
            open(local_path, "rb") as file,
        ):
            is_same = all(chunk == file.read(len(chunk)) for chunk in body.iter_chunks(CHUNK_SIZE))
            return is_same and not file.read(1)

    def _get(self, path: str, **options: Any) -> Mapping[str, Any]:
        bucket, key = split_url(path)
        with translated_errors(path):
            reply: Mapping[str, Any] = self.boto_client.get_object(
                Bucket=bucket, Key=key, **options
            )
        return reply

    def _list(self, path: str, **page_options: int) -> Iterator[str]:
        bucket, key = split_url(path)
        prefix = key.rstrip("/") + "/" if key else ""
        with translated_errors(path):
            pages = self.boto_client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix, PaginationConfig=page_options
            )
            for page in pages:
                for entry in page.get("Contents", []):
                    yield f"s3://{bucket}/{entry['Key']}"

    def _remember(self, path: str, state: ObjectState | None) -> None:
        if self._remembered is not None:
            self._remembered[path] = state

    def _forget(self, path: str) -> None:
        if self._remembered is not None:
            self._remembered.pop(path, None)
