"""One object in S3, and ways to publish it without the code under test."""

from __future__ import annotations

import hashlib
import io

from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from tests.support.remotes.s3_fake import FakeS3
from tests.support.remotes.stores import S3Store, create_s3_client

URL = "s3://bucket/photo.jpg"
"""An object of the fake server, which takes any bucket."""
CONTENT = b"some bytes"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER_MD5 = hashlib.md5(b"other bytes", usedforsecurity=False).hexdigest()


def upload_in_parts(store: S3Store, path: str, content: bytes) -> None:
    """Publish a large object as other programs do; its ETag is not an MD5."""
    config = TransferConfig(multipart_threshold=1, multipart_chunksize=5 << 20)
    store.client.upload_fileobj(
        io.BytesIO(content), store.bucket, store.prefix + path, Config=config
    )


def upload_without_digest(store: S3Store, path: str, content: bytes) -> None:
    """Publish an object of which S3 names no digest: its ETag is that of encrypted bytes."""
    config = Config(request_checksum_calculation="when_required")
    client = create_s3_client(store.client.meta.endpoint_url, config)
    options = {"ServerSideEncryption": "aws:kms"}
    client.put_object(Bucket=store.bucket, Key=store.prefix + path, Body=content, **options)


def answer_state(fake_s3: FakeS3, etag: str, **headers: str) -> None:
    """Add the answer to a request for the state of an object of the size of `CONTENT`."""
    fake_s3.answer(200, CONTENT, etag=f'"{etag}"', **headers)


def answer_absence(fake_s3: FakeS3) -> None:
    """Add the answers to the first question for an object, which does not exist."""
    fake_s3.refuse(404, "NoSuchKey", times=2)
