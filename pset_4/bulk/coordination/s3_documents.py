"""Documents in S3, by its conditional writes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from csci_utils.s3.errors import translated_errors
from csci_utils.s3.objects import split_url
from csci_utils.s3.replies import NotSupportedError, error_code, read_date

from ...errors import PipelineError
from ...storage.remote import target_at
from .documents import MAX_DOCUMENT_BYTES, Document, Documents, Entry

_REFUSED = frozenset(["PreconditionFailed", "412"])
_MISSING = frozenset(["NoSuchKey", "404"])
_UNDECIDED = frozenset(["ConditionalRequestConflict", "OperationAborted", "409"])
_TRIES = 5
_PAUSE_SECONDS = 0.1


class S3Documents(Documents):
    """Documents below a prefix in S3."""

    def __init__(self, url: str) -> None:
        """Take the prefix, without a trailing slash."""
        super().__init__(url)
        self._bucket, self._prefix = split_url(url)

    def read(self, name: str) -> Document | None:
        """Return a document, in one request."""
        with translated_errors(f"{self.url}/{name}"):
            try:
                reply = self._client().get_object(**self._key(name))
            except ClientError as error:
                if error_code(error) in _MISSING:
                    return None
                raise
            with closing(reply["Body"]) as body:
                data = body.read(MAX_DOCUMENT_BYTES)
        age = read_date(reply) - reply["LastModified"].timestamp()
        return Document(data, reply["ETag"], age)

    def create(self, name: str, data: bytes) -> str | None:
        """Create a document, in one request."""
        return self._put(name, data, IfNoneMatch="*")

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Replace a document, in one request."""
        return self._put(name, data, IfMatch=tag)

    def overwrite(self, name: str, data: bytes) -> None:
        """Write a document, in one request."""
        self._put_once(name, data)

    def list(self, folder: str, after: str = "") -> Iterator[Entry]:
        """Yield the documents of a folder, a thousand in a request."""
        url = f"{self.url}/{folder}"
        for page in target_at(self.url).fs.list_pages(url, f"{url}/{after}" if after else ""):
            for found in page.files:
                if "/" not in found.path[len(url) + 1 :]:
                    yield Entry(found.path[len(self.url) + 1 :], page.date - found.modified)

    def check_conditions(self) -> None:
        """Try both conditions on a document that stays: three requests."""
        name, mark = "conditions", secrets.token_hex(8).encode()
        try:
            self.create(name, mark)
        except NotSupportedError:
            raise self._refuse_server("If-None-Match", "does not know") from None
        if self._put_once(name, b"1" + mark, IfNoneMatch="*") is not None:
            raise self._refuse_server("If-None-Match")
        if self._put_once(name, b"2" + mark, IfMatch='"0123456789abcdef0123456789abcdef"'):
            raise self._refuse_server("If-Match")

    def _refuse_server(self, condition: str, problem: str = "ignores") -> PipelineError:
        return PipelineError(
            f"the S3 server {problem} the condition {condition}, so workers cannot tell which of "
            "them has claimed a shard",
            path=self.url,
            remedy="use a server with conditional writes, such as S3 itself, MinIO, Ceph or R2, or "
            "a directory that all workers share",
        )

    def _put(self, name: str, data: bytes, **condition: str) -> str | None:
        """Put a document, and return its tag; None if the condition is not met.

        boto3 repeats a request whose reply is lost. The second one then fails on what the first
        one wrote.
        """
        tag = self._put_once(name, data, **condition)
        if tag is not None:
            return tag
        found = self.read(name)
        return found.tag if found is not None and found.data == data else None

    def _put_once(self, name: str, data: bytes, **condition: str) -> str | None:
        def put() -> str | None:
            reply = self._client().put_object(
                **self._key(name), Body=data, ContentType="application/octet-stream", **condition
            )
            return str(reply["ETag"])

        with translated_errors(f"{self.url}/{name}"):
            return _settle(put)

    def _client(self) -> Any:
        return target_at(self.url).fs.boto_client

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}/{name}"}


def _settle(put: Callable[[], str | None]) -> str | None:
    """Return what a conditional request returns; None if its condition is not met.

    S3 answers 409 while it handles another request about the same key: that is tried again.
    """
    for attempt in range(_TRIES):
        try:
            return put()
        except ClientError as error:
            code = error_code(error)
            if code in _REFUSED | _MISSING:
                return None
            if code not in _UNDECIDED or attempt == _TRIES - 1:
                raise
        time.sleep(_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("the last try returns or raises")
