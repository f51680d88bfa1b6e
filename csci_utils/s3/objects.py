"""Objects in S3: their URLs, content types and states."""

from __future__ import annotations

import base64
import mimetypes
import os
import re
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from ..digest import FileDigests
from ..errors import S3Error

MAX_BYTES = 5 << 30
"""The largest object that is sent or read by default: the limit of S3 for one request."""

SHA256_METADATA = "sha256"
"""The name of the object metadata that holds the SHA-256 of the bytes."""

_CONTENT_TYPES = {".avif": "image/avif", ".jp2": "image/jp2", ".webp": "image/webp"}
"""Unknown to the ``mimetypes`` of older Pythons."""

_DEFAULT_CONTENT_TYPE = "application/octet-stream"
_MD5 = re.compile(r"[0-9a-f]{32}")
_ETAG_OF_PARTS = re.compile(r"[0-9a-f]{32}-(\d{1,5})")  # MD5 of the parts' MD5s, number of parts
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ObjectState:
    """The state of one object in S3, as one reply tells it.

    There may be tens of thousands, so equal texts are in memory only once.
    """

    size: int
    """In bytes."""
    etag: str
    """Changes with the bytes. Without S3's quotes."""
    is_encrypted: bool = False
    """True if the ETag is not made of MD5s, because of KMS or a customer's key."""
    recorded_sha256: str | None = None
    """The SHA-256 that the object's metadata name, as `put_file` writes them."""
    checksum_sha256: str | None = None
    """S3's own SHA-256 of the bytes."""
    checksum_crc32: str | None = None
    """S3's own CRC-32 of the bytes, which most programs send now."""
    content_sha256: str | None = None
    """The SHA-256 of the bytes that were read."""
    metadata: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The object's metadata by name, in lower case: what its publisher says, `SHA256_METADATA`
    included."""

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the bytes; None if nothing names it, or two sources disagree."""
        if self.content_sha256:
            return self.content_sha256
        named = {self.recorded_sha256, self.checksum_sha256} - {None}
        return named.pop() if len(named) == 1 else None

    @property
    def md5(self) -> str | None:
        """The MD5 of the bytes, if the ETag is that: uploaded in one part, not encrypted."""
        return self.etag if not self.is_encrypted and _MD5.fullmatch(self.etag) else None

    @property
    def part_count(self) -> int:
        """The number of parts, if the ETag is made of their MD5s; else 0."""
        found = None if self.is_encrypted else _ETAG_OF_PARTS.fullmatch(self.etag)
        return int(found[1]) if found else 0

    @property
    def version(self) -> str:
        """A text that differs if the bytes do.

        Without metadata of this project it is the ETag alone, as in earlier releases.
        """
        return "-".join(filter(None, (self.etag, self.recorded_sha256)))

    def has_bytes_of(self, local_path: str) -> bool | None:
        """Return whether the bytes equal a local file's; None if only reading them can tell.

        SHA-256 decides. For objects of other programs and of earlier releases, MD5 and CRC-32
        together do: one of them alone can be forged.
        """
        file = FileDigests(local_path)
        if self.size != file.size:
            return False
        if self.content_sha256:
            return self.content_sha256 == file.get()
        md5, sha256 = self.md5, self.sha256
        if md5 and md5 != file.get("md5"):
            return False
        if sha256:
            # A server may keep the name of bytes that something else replaced. Its MD5 shows that.
            is_same = sha256 == file.get()
            return None if md5 and not is_same else is_same
        if md5 and self.checksum_crc32 and not self.recorded_sha256:
            return self.checksum_crc32 == file.get("crc32")
        return None


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
        reply: The reply to ``get_object``, ``head_object`` or ``put_object``.
        size: The object's size, if the reply does not name it.

    Raises:
        S3Error: The reply lacks the size or the ETag.
    """
    size = reply.get("ContentLength") if size is None else size
    if size is None or not reply.get("ETag"):
        raise S3Error(
            "the server's answer names no size or no ETag",
            remedy="check AWS_ENDPOINT_URL: is this a server for S3?",
        )
    # Some servers return "Sha256".
    metadata = {
        intern(str(name).lower()): intern(str(value))
        for name, value in reply.get("Metadata", {}).items()
    }
    return ObjectState(
        size,
        reply["ETag"].strip('"'),
        _is_encrypted(reply),
        _recorded_sha256(metadata),
        _checksum(reply, "ChecksumSHA256"),
        _checksum(reply, "ChecksumCRC32"),
        metadata=metadata,
    )


def _is_encrypted(reply: Mapping[str, Any]) -> bool:
    """Return True if the object is encrypted with a key that is not S3's own.

    See "ETag" in https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html.
    """
    is_encrypted = reply.get("ServerSideEncryption", "AES256") != "AES256"
    return is_encrypted or "SSECustomerAlgorithm" in reply


def _recorded_sha256(metadata: Mapping[str, str]) -> str | None:
    digest = intern(metadata.get(SHA256_METADATA, "").lower())
    return digest if _SHA256.fullmatch(digest) else None


def _checksum(reply: Mapping[str, Any], name: str) -> str | None:
    """Return a checksum of the whole object as hex digits; None if there is no such one."""
    value = reply.get(name, "")
    is_of_parts = reply.get("ChecksumType") == "COMPOSITE" or "-" in value + reply["ETag"]
    if is_of_parts and reply.get("ChecksumType") != "FULL_OBJECT":
        return None
    try:
        return intern(base64.b64decode(value, validate=True).hex()) or None
    except Base64Error:
        return None
