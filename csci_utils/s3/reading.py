"""Receiving whole objects, with their digests checked."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import (
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from botocore.response import StreamingBody

from ..errors import StalledError, check_size, root_cause
from ..text import format_size, redact
from .objects import ObjectState, read_state
from .replies import damaged_download


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class PartsDigest:
    """The ETag of an object that was uploaded in parts: the MD5 of the MD5s of all parts."""

    def __init__(self, part_size: int) -> None:
        """Start with no bytes.

        Args:
            part_size: The size in bytes of each part but the last.
        """
        self._part_size = part_size
        self._part = hashlib.md5(usedforsecurity=False)
        self._missing = part_size
        self._digests: list[bytes] = []

    def update(self, data: bytes) -> None:
        """Add bytes."""
        rest = memoryview(data)
        while rest:
            if not self._missing:
                self._finish_part()
            piece = rest[: self._missing]
            self._part.update(piece)
            self._missing -= len(piece)
            rest = rest[len(piece) :]

    def hexdigest(self) -> str:
        """Return the ETag of the bytes so far."""
        digests = [*self._digests, self._part.digest()]
        whole = hashlib.md5(b"".join(digests), usedforsecurity=False)
        return f"{whole.hexdigest()}-{len(digests)}"

    def _finish_part(self) -> None:
        self._digests.append(self._part.digest())
        self._part = hashlib.md5(usedforsecurity=False)
        self._missing = self._part_size


class ObjectReader:
    """An object opened for reading, in the form that Luigi's ``S3Target`` expects."""

    state: ObjectState
    """The state of the version that is read."""

    def __init__(
        self,
        path: str,
        reply: Mapping[str, Any],
        max_bytes: int,
        part_size: int | None = None,
    ) -> None:
        """Start at the object's first byte.

        Args:
            path: The object's URL.
            reply: The reply to ``get_object``.
            max_bytes: The largest size that is accepted.
            part_size: The size of the parts that the object was uploaded in, if that is known.

        Raises:
            TooLargeError: The object is larger.
        """
        self.state = read_state(reply)
        check_size(path, self.state.size, max_bytes)
        self._path = path
        self._body: StreamingBody = reply["Body"]
        self._size = 0
        self._expected, self._digest = _choose_check(self.state, part_size)
        # Of its own replies, botocore compares S3's checksums itself.
        is_unchecked = type(self._body) is StreamingBody
        self._expected_crc32 = self.state.checksum_crc32 if is_unchecked else None
        self._crc32 = 0

    @property
    def is_verified(self) -> bool:
        """True if the bytes are compared with a digest that S3 names, and not only their number."""
        return self._expected is not None or self.state.checksum_crc32 is not None

    def expect(self, sha256: str) -> None:
        """Compare the bytes with the SHA-256 of an earlier reading; call it before the first."""
        self._expected, self._digest = sha256, hashlib.sha256()

    def get(self) -> dict[str, ObjectReader]:
        """Return a reply whose body is this reader, as boto3's ``Object.get`` does."""
        return {"Body": self}

    def read(self, size: int | None = None) -> bytes:
        """Read the next bytes; at the end, compare all of them with what S3 names.

        That is their number, and the SHA-256 or else the MD5. botocore compares S3's checksums.

        Args:
            size: The number of bytes; None or a negative number for all.

        Raises:
            StalledError: The bytes arrive too slowly.
            TransferError: The transfer was cut short or damaged.
        """
        # Only None, and not -1, makes botocore check length and checksum at the end.
        size = None if size is None or size < 0 else size
        try:
            chunk: bytes = self._body.read(size)
        except ReadTimeoutError as error:
            raise self._stalled(error) from None
        except (FlexibleChecksumError, HTTPClientError, IncompleteReadError) as error:
            raise damaged_download(self._path, redact(str(error))) from None
        self._size += len(chunk)
        self._digest.update(chunk)
        if self._expected_crc32:
            self._crc32 = zlib.crc32(chunk, self._crc32)
        if size is None or (size > 0 and not chunk):
            self._check_end()
        return chunk

    def close(self) -> None:
        """Close the connection."""
        self._body.close()

    def _check_end(self) -> None:
        if self._size != self.state.size:
            raise damaged_download(
                self._path, f"{self._size:,} of {self.state.size:,} bytes arrived"
            )
        if self._expected is not None and self._digest.hexdigest() != self._expected:
            raise damaged_download(self._path, "the digest of the bytes is not the expected one")
        if self._expected_crc32 not in (None, f"{self._crc32:08x}"):
            raise damaged_download(self._path, "the checksum of the bytes is not the expected one")

    def _stalled(self, error: ReadTimeoutError) -> StalledError:
        detail = str(root_cause(error))
        return StalledError(
            f"the transfer stalled after {format_size(self._size)} ({redact(detail)})",
            path=self._path,
            remedy="check the network, and run again",
        )


def _choose_check(state: ObjectState, part_size: int | None) -> tuple[str | None, _Hash]:
    """Return the digest that the bytes should have, if one is known, and a hash to compute it."""
    if state.sha256:
        return state.sha256, hashlib.sha256()
    if state.part_count and part_size:
        return state.etag, PartsDigest(part_size)
    return state.md5, hashlib.md5(usedforsecurity=False)
