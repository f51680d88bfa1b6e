"""Remotes as a test reads and writes them, without the code under test."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from tests.support.servers import ACCESS_KEY, REGION, SECRET_KEY


class RemoteStore(Protocol):
    """The files of a remote, by their path below its URL."""

    url: str

    def read(self, path: str) -> bytes:
        """Return the content of a file that exists."""

    def write(self, path: str, content: bytes) -> None:
        """Create or replace a file."""

    def remove(self, path: str) -> None:
        """Remove a file that exists."""

    def list(self) -> list[str]:
        """Return the paths of all files, sorted."""

    def digests(self) -> dict[str, str]:
        """Return the MD5 of each file, by its path."""


@dataclass
class DirectoryStore:
    """A directory as the remote."""

    url: str

    def read(self, path: str) -> bytes:
        return Path(self.url, path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        target = Path(self.url, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def remove(self, path: str) -> None:
        Path(self.url, path).unlink()

    def list(self) -> list[str]:
        files = [path for path in Path(self.url).rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.url).as_posix() for path in files)

    def digests(self) -> dict[str, str]:
        return {path: hashlib.md5(self.read(path)).hexdigest() for path in self.list()}


@dataclass
class S3Store:
    """A key prefix in an S3 bucket as the remote."""

    url: str
    bucket: str
    prefix: str
    client: BaseClient

    def read(self, path: str) -> bytes:
        reply = self.client.get_object(Bucket=self.bucket, Key=self.prefix + path)
        return bytes(reply["Body"].read())

    def write(self, path: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=content)

    def remove(self, path: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + path)

    def list(self) -> list[str]:
        return sorted(self.digests())

    def digests(self) -> dict[str, str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        entries = [entry for page in pages for entry in page.get("Contents", [])]
        # The ETag of an object that was sent in one request is its MD5.
        return {e["Key"].removeprefix(self.prefix): e["ETag"].strip('"') for e in entries}


def create_s3_client(endpoint_url: str, config: Config | None = None) -> BaseClient:
    """Return a plain boto3 client; creating one takes long, so tests share it."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
        config=config,
    )


def create_s3_store(client: BaseClient) -> S3Store:
    """Create a bucket and return an empty prefix in it."""
    bucket = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket)
    return S3Store(f"s3://{bucket}/some/prefix", bucket, "some/prefix/", client)
